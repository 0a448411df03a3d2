#include <admin/api.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string_view>

namespace admin {
namespace {

/// RFC 4180: what holds a comma, a quote or a line end stands in quotes, quotes are doubled.
void add_field(std::string_view text, std::string& line) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += text;
    return;
  }
  line += '"';
  for (const char one : text) {
    if (one == '"') line += '"';
    line += one;
  }
  line += '"';
}

void add_line(std::initializer_list<std::string_view> fields, std::string& out) {
  bool first = true;
  for (const std::string_view field : fields) {
    if (!first) out += ',';
    first = false;
    add_field(field, out);
  }
  out += "\r\n";
}

std::string time(const std::optional<core::Instant>& at) {
  return at ? core::to_iso(*at) : std::string();
}

}  // namespace

std::string deficiencies_csv(const std::vector<him::Deficiency>& found, core::Instant now) {
  std::string out;
  add_line({"rule", "part", "state", "severity", "mrn", "visit", "service", "unit", "opened", "due",
            "closed", "age_days", "owner", "owner_id", "lacking", "lacking_code", "source", "id",
            "patient_name", "decision"},
           out);
  for (const him::Deficiency& one : found) {
    const auto until = std::min(now, one.closed.value_or(now));
    const auto days = std::chrono::floor<std::chrono::days>(until - one.opened).count();
    const std::string owner_id = one.owed_by_person() ? one.owner_id : std::string();
    add_line({one.rule, one.part, him::to_text(one.state), one.severity, one.mrn, one.visit,
              one.service, one.unit, time(one.opened), time(one.due), time(one.closed),
              fmt::format("{}", days), one.owner, owner_id, one.lacking, one.lacking_code,
              one.source, one.id, one.patient_name, one.decision},
             out);
  }
  return out;
}

}  // namespace admin
