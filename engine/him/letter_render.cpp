#include <core/markup.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "lifecycle.hpp"

namespace him {
namespace {

using core::Instant;

/// Day, or minute, in the site's own time.
std::string local(const std::optional<Instant>& at, const core::TimeZone& zone,
                  std::size_t length) {
  if (!at) return "-";
  std::string text = core::to_iso(*at + std::chrono::seconds{zone.offset_at(*at)});
  text.resize(std::min(text.size(), length));
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

const std::string& or_dash(const std::string& text) {
  static const std::string kDash = "-";
  return text.empty() ? kDash : text;
}

std::string item_lines(const LetterFacts& facts, const core::TimeZone& zone) {
  std::string out;
  for (const Deficiency& one : facts.items) {
    out += fmt::format("{}  - {}; {}, record {}, visit {}; due {}", out.empty() ? "" : "\n",
                       one.lacking, or_dash(facts.patients.at(one.patient)), or_dash(one.mrn),
                       or_dash(one.visit), local(one.late_from(), zone, 16));
  }
  return out;
}

std::string physician_lines(const LetterFacts& facts, const core::TimeZone& zone) {
  std::string out;
  for (const Jeopardy& one : facts.physicians) {
    out += fmt::format("{}  - {}: {} delinquent in {} charts, the oldest due {}; {} {}",
                       out.empty() ? "" : "\n", one.owner, one.delinquent, one.charts,
                       local(one.oldest_due, zone, 10),
                       one.suspended ? "suspended since" : "suspension on",
                       local(one.suspension, zone, 10));
  }
  return out;
}

std::string physician_table(const LetterFacts& facts, const core::TimeZone& zone) {
  std::string out =
      "<table><thead><tr><th>Physician</th><th>Delinquent</th><th>Charts</th><th>Oldest due</th>"
      "<th>Suspension</th></tr></thead><tbody>";
  for (const Jeopardy& one : facts.physicians) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} {}</td></tr>",
                       core::escape_markup(one.owner), one.delinquent, one.charts,
                       local(one.oldest_due, zone, 10), one.suspended ? "since" : "on",
                       local(one.suspension, zone, 10));
  }
  return out + "</tbody></table>";
}

std::string item_table(const LetterFacts& facts, const core::TimeZone& zone) {
  std::string out =
      "<table><thead><tr><th>Lacking</th><th>Patient</th><th>Record</th><th>Visit</th><th>Due</th>"
      "</tr></thead><tbody>";
  for (const Deficiency& one : facts.items) {
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                       core::escape_markup(one.lacking),
                       core::escape_markup(facts.patients.at(one.patient)),
                       core::escape_markup(one.mrn), core::escape_markup(one.visit),
                       local(one.late_from(), zone, 16));
  }
  return out + "</tbody></table>";
}

/// Fills the fields in; `value` says what stands for each.
template <class Value>
std::string fill(std::string_view body, const Value& value) {
  std::string out;
  while (!body.empty()) {
    const std::size_t open = body.find("{{");
    const std::size_t close = open == body.npos ? body.npos : body.find("}}", open);
    if (close == body.npos) return out.append(body);
    out.append(body.substr(0, open));
    out.append(value(body.substr(open + 2, close - open - 2)));
    body.remove_prefix(close + 2);
  }
  return out;
}

/// Blank lines part paragraphs; a table stands by itself.
std::string paragraphs(std::string_view filled) {
  std::string out;
  while (!filled.empty()) {
    const std::size_t gap = filled.find("\n\n");
    std::string block(filled.substr(0, gap));
    filled = gap == filled.npos ? std::string_view() : filled.substr(gap + 2);
    while (!block.empty() && block.back() == '\n') block.pop_back();
    if (block.empty()) continue;
    out += block.starts_with("<table>") ? block : "<p>" + block + "</p>";
    out += "\n";
  }
  return out;
}

constexpr std::string_view kStyle =
    "@page{margin:25mm}body{font:11pt/1.4 serif;max-width:170mm;margin:auto}"
    "table{border-collapse:collapse;width:100%}thead{display:table-header-group}"
    "tr{break-inside:avoid}th,td{border:1px solid #555;padding:2mm;text-align:left}"
    "h1{font-size:14pt}";

}  // namespace

Rendered render_letter(const Policy& policy, const LetterTemplate& words, const LetterFacts& facts,
                       const core::TimeZone& zone) {
  const bool of_physicians = !facts.physicians.empty();
  std::optional<Instant> suspend_on;
  for (const Deficiency& one : facts.items) {
    if (one.suspend_on && (!suspend_on || *one.suspend_on < *suspend_on)) {
      suspend_on = one.suspend_on;
    }
  }
  const auto plain = [&](std::string_view field) -> std::string {
    if (field == "owner") return facts.owner;
    if (field == "patient") return or_dash(facts.patient);
    if (field == "visit") return or_dash(facts.visit);
    if (field == "text") return facts.text;
    if (field == "date") return local(facts.now, zone, 10);
    if (field == "number") return fmt::format("{}", facts.number);
    if (field == "hospital") return policy.hospital;
    if (field == "department") return policy.department;
    if (field == "suspend_on") return local(suspend_on, zone, 10);
    if (field == "since") return local(facts.since, zone, 10);
    if (field == "unannounced") return facts.unannounced ? words.unannounced : std::string();
    if (field == "count") {
      return fmt::format("{}", of_physicians ? facts.physicians.size() : facts.items.size());
    }
    return {};
  };
  Rendered out;
  out.text = words.title + "\n\n" + fill(words.body, [&](std::string_view field) {
    if (field != "items") return plain(field);
    return of_physicians ? physician_lines(facts, zone) : item_lines(facts, zone);
  });
  // The template is the site's own text, but no markup: what it says is said literally.
  std::string body = paragraphs(fill(core::escape_markup(words.body), [&](std::string_view field) {
    if (field != "items") return core::escape_markup(plain(field));
    return of_physicians ? physician_table(facts, zone) : item_table(facts, zone);
  }));
  if (!words.to.empty()) {
    const std::string copies = fmt::format("Copies to: {}", fmt::join(words.to, ", "));
    out.text += (out.text.ends_with('\n') ? "\n" : "\n\n") + copies + "\n";
    body += "<p>" + core::escape_markup(copies) + "</p>\n";
  }
  out.html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>"
      "<style>{}</style></head>\n<body><h1>{}</h1>\n{}</body></html>\n",
      core::escape_markup(words.title), kStyle, core::escape_markup(words.title), body);
  return out;
}

}  // namespace him
