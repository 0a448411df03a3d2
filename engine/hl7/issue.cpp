#include <hl7/issue.hpp>

#include <algorithm>
#include <charconv>

namespace hl7 {

namespace {

void append_index(std::string& out, int n) {
  if (n > 0) out.append("[").append(std::to_string(n)).append("]");
}

/// A path is read left to right; `ok` falls when something did not match.
struct PathReader {
  std::string_view rest;
  bool ok = true;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  int number() {
    int n = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
    if (error != std::errc() || n < 1) {
      ok = false;
      return 0;
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return n;
  }
  int bracketed() {
    if (!take('[')) return 0;
    const int n = number();
    if (!take(']')) ok = false;
    return n;
  }
};

bool is_name(std::string_view text) {
  const auto alnum = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return text.size() == 3 && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), alnum);
}

}  // namespace

std::string Location::text() const {
  std::string out = segment;
  append_index(out, occurrence);
  if (field <= 0) return out;
  out.append("-").append(std::to_string(field));
  append_index(out, repetition);
  if (component <= 0) return out;
  out.append(".").append(std::to_string(component));
  if (subcomponent > 0) out.append(".").append(std::to_string(subcomponent));
  return out;
}

core::Result<Location> parse_location(std::string_view text) {
  Location at;
  PathReader reader{text};
  const std::string_view name = text.substr(0, 3);
  if (is_name(name)) {
    at.segment = std::string(name);
    reader.rest.remove_prefix(3);
    at.occurrence = reader.bracketed();
    if (reader.take('-')) {
      at.field = reader.number();
      at.repetition = reader.bracketed();
      if (reader.take('.')) at.component = reader.number();
      if (at.component > 0 && reader.take('.')) at.subcomponent = reader.number();
    }
    if (reader.ok && reader.rest.empty()) return at;
  }
  return core::fail(core::ErrorCode::kUsage, "not a path such as PID-3[2].4.1", std::string(text));
}

bool has_error(const Issues& issues) {
  return std::any_of(issues.begin(), issues.end(),
                     [](const Issue& issue) { return issue.severity == Severity::kError; });
}

}  // namespace hl7
