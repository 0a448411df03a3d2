#include <algorithm>
#include <array>
#include <cstdint>
#include <fhir/reference.hpp>

namespace fhir {

namespace {

/// By byte: 1 letters and digits, 2 what an id has besides.
constexpr std::array<std::uint8_t, 256> kKinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < 10; ++c) kinds['0' + c] = 1;
  for (std::size_t c = 0; c < 26; ++c) kinds['A' + c] = kinds['a' + c] = 1;
  kinds['-'] = kinds['.'] = 2;
  return kinds;
}();

std::uint8_t kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }
bool is_alnum(char c) { return kind_of(c) == 1; }
bool is_type_name(std::string_view text) {
  return !text.empty() && text[0] >= 'A' && text[0] <= 'Z' &&
         std::all_of(text.begin(), text.end(), is_alnum);
}

}  // namespace

bool is_valid_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](char c) { return kind_of(c) != 0; });
}

Reference split_reference(std::string_view text) {
  const auto up_to_slash = [](std::string_view all, std::size_t end) {
    while (end > 0 && all[end - 1] != '/') --end;
    return end;   // 0: none
  };
  Reference parts;
  std::string_view rest = text;
  std::size_t id = up_to_slash(rest, rest.size());
  if (id == 0) return {};
  std::size_t type = up_to_slash(rest, id - 1);
  if (rest.substr(type, id - 1 - type) == "_history" && type > 0) {
    parts.version = rest.substr(id);
    rest = rest.substr(0, type - 1);
    id = up_to_slash(rest, rest.size());
    if (id == 0) return {};
    type = up_to_slash(rest, id - 1);
  }
  parts.id = rest.substr(id);
  parts.type = rest.substr(type, id - 1 - type);
  parts.base = rest.substr(0, type);
  const bool url = parts.base.empty() || parts.base.starts_with("http://") ||
                   parts.base.starts_with("https://");
  if (!url || !is_type_name(parts.type) || !is_valid_id(parts.id)) return {};
  return parts;
}

}  // namespace fhir
