#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "rule_reader.hpp"

namespace him {
namespace {

using core::yaml::Node;

constexpr std::string_view kLetterNames[] = {"L0", "L1", "L2",       "L3",
                                              "L4", "L5", "jeopardy", "request"};
constexpr std::string_view kDays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                      "thursday", "friday", "saturday"};
constexpr std::string_view kFields[] = {"owner",      "date",  "number",     "hospital",
                                        "department", "items", "suspend_on", "since", "count",
                                        "unannounced", "patient", "visit", "text"};
constexpr std::size_t kBodyBytesMax = 16 * 1024;

/// "18:00" as minutes of the day.
std::optional<std::chrono::minutes> time_of_day(const Node& node) {
  if (!node.is_scalar() || node.scalar.size() != 5 || node.scalar[2] != ':') return std::nullopt;
  const auto hour = core::to_int(node.scalar.substr(0, 2));
  const auto minute = core::to_int(node.scalar.substr(3));
  if (!hour || !minute || *hour < 0 || *hour > 23 || *minute < 0 || *minute > 59) {
    return std::nullopt;
  }
  return std::chrono::minutes(*hour * 60 + *minute);
}

/// The first {{word}} that letters do not know; empty when all is well.
std::string unknown_field(std::string_view body) {
  for (std::size_t at = body.find("{{"); at != body.npos; at = body.find("{{", at + 2)) {
    const std::size_t end = body.find("}}", at);
    const std::string_view name =
        end == body.npos ? body.substr(at) : body.substr(at + 2, end - at - 2);
    if (std::find(std::begin(kFields), std::end(kFields), name) == std::end(kFields)) {
      return std::string(name.substr(0, 40));
    }
  }
  return {};
}

}  // namespace

std::string_view to_text(Letter letter) { return kLetterNames[static_cast<std::size_t>(letter)]; }

core::Instant letter_time(const Policy& policy, core::Instant at, const core::TimeZone& zone) {
  const std::int64_t micros = at.time_since_epoch().count();
  const std::int64_t of_day = std::chrono::microseconds(policy.letters_at).count();
  for (int days = 0;; ++days) {
    // From midnight on: an hour set forward or back moves the letters by that hour on one day.
    const std::int64_t then = local_midnight(micros, days, &zone) + of_day;
    if (then >= micros || days > 1) return core::Instant{std::chrono::microseconds{then}};
  }
}

void RuleReader::read_policy(const Node& node) {
  if (!check_keys(node, "policy")) return;
  if (into_.has_policy) return error(node.place, "there is a policy already in another file");
  into_.has_policy = true;
  Policy& policy = into_.policy;
  const auto take = [&](std::string_view key, std::chrono::microseconds& into) {
    const Node* found = node.find(key);
    if (!found) return;
    if (const auto value = duration(*found)) into = std::chrono::microseconds(*value);
  };
  take("assignment_after", policy.assignment_after);
  take("reminder_before", policy.reminder_before);
  take("suspension_after", policy.suspension_after);
  take("chart_due_after", policy.chart_due_after);
  take("delinquent_chart_after", policy.delinquent_chart_after);
  take("absence_min", policy.absence_min);
  take("absence_grace", policy.absence_grace);
  take("quality_file_after", policy.quality_file_after);
  take("quality_file_charts_after", policy.quality_file_charts_after);
  if (const Node* name = node.find("hospital")) policy.hospital = text(*name, "hospital");
  if (const Node* name = node.find("department")) policy.department = text(*name, "department");
  if (const Node* hour = node.find("letters_at")) {
    const auto time = time_of_day(*hour);
    if (!time) error(hour->place, "letters_at is a time of day: '18:00'");
    policy.letters_at = time.value_or(policy.letters_at);
  }
  if (const Node* count = node.find("quality_file_charts")) {
    const auto number = count->is_scalar() ? core::to_int(count->scalar) : std::nullopt;
    if (!number || *number < 0) error(count->place, "quality_file_charts is a whole number from 0");
    policy.quality_file_charts = number.value_or(policy.quality_file_charts);
  }
  if (const Node* day = node.find("jeopardy_on")) {
    const std::string word = text(*day, "jeopardy_on");
    const auto found = std::find(std::begin(kDays), std::end(kDays), word);
    if (found != std::end(kDays)) {
      policy.jeopardy_on = static_cast<unsigned>(found - std::begin(kDays));
    } else if (word != "never") {
      error(day->place, fmt::format("jeopardy_on is never or a day: {}", fmt::join(kDays, ", ")));
    }
  }
  for (const auto& [key, into] : {std::pair{"alarm_percent", &policy.alarm_percent},
                                  std::pair{"severe_percent", &policy.severe_percent}}) {
    const Node* found = node.find(key);
    if (!found) continue;
    const auto number = found->is_scalar() ? core::to_int(found->scalar) : std::nullopt;
    if (!number || *number < 1) error(found->place, fmt::format("{} is a whole number", key));
    *into = number.value_or(*into);
  }
  if (const Node* letters = node.find("letters")) read_letters(*letters, policy);
}

void RuleReader::read_letters(const Node& node, Policy& policy) {
  if (!node.is_mapping()) {
    return error(node.place, "letters is a mapping of L0 to L5, jeopardy, request");
  }
  const std::vector<std::string_view> known(std::begin(kLetterNames), std::end(kLetterNames));
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const auto& [name, letter] = node.entries[i];
    const auto level = std::find(known.begin(), known.end(), name);
    if (level == known.end()) {
      error(node.key_places[i], fmt::format("there is no letter \"{}\"; known: {}", name,
                                            fmt::join(known, ", ")));
      continue;
    }
    if (!check_keys(letter, "letter")) continue;
    LetterTemplate& out = policy.letters[static_cast<std::size_t>(level - known.begin())];
    out.title = need_text(letter, "title", "letter");
    out.body = need_text(letter, "body", "letter");
    if (const Node* to = letter.find("to")) out.to = words(*to, "to");
    if (const Node* words_of = letter.find("unannounced")) {
      out.unannounced = text(*words_of, "unannounced");
    }
    if (out.body.size() > kBodyBytesMax) {
      error(letter.place, fmt::format("a letter is at most {} bytes long", kBodyBytesMax));
    }
    if (const std::string field = unknown_field(out.body); !field.empty()) {
      error(letter.find("body")->place,
            fmt::format("letters know no {{{{{}}}}}; known: {}", field, fmt::join(kFields, ", ")));
    }
  }
}

}  // namespace him
