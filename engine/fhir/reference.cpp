#include <algorithm>
#include <fhir/reference.hpp>

namespace fhir {

namespace {

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_type_name(std::string_view text) {
  return !text.empty() && text[0] >= 'A' && text[0] <= 'Z' &&
         std::all_of(text.begin(), text.end(), is_alnum);
}

}  // namespace

bool is_valid_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return is_alnum(c) || c == '-' || c == '.';
  });
}

Reference split_reference(std::string_view text) {
  Reference parts;
  std::string_view rest = text;
  constexpr std::string_view kHistory = "/_history/";
  if (const auto at = rest.rfind(kHistory); at != std::string_view::npos) {
    parts.version = rest.substr(at + kHistory.size());
    rest = rest.substr(0, at);
  }
  const auto slash = rest.rfind('/');
  if (slash == std::string_view::npos) return {};
  parts.id = rest.substr(slash + 1);
  rest = rest.substr(0, slash);
  const auto before = rest.rfind('/');
  parts.type = before == std::string_view::npos ? rest : rest.substr(before + 1);
  if (before != std::string_view::npos) parts.base = rest.substr(0, before + 1);
  const bool url = parts.base.empty() || parts.base.starts_with("http://") ||
                   parts.base.starts_with("https://");
  if (!url || !is_type_name(parts.type) || !is_valid_id(parts.id)) return {};
  return parts;
}

}  // namespace fhir
