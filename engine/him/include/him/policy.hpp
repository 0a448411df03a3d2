#pragma once
#include <core/clock.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// Letters of the deficiency lifecycle, and what else the department writes.
enum class Letter : std::uint8_t {
  kAssignment,      ///< L0
  kReminder,        ///< L1
  kWarning,         ///< L2, names the day of suspension
  kSuspension,      ///< L3
  kReinstatement,   ///< L4
  kQualityFile,     ///< L5
  kJeopardyList,    ///< every week: who is delinquent, to the medical director
  kRequest          ///< information asked of a patient or family, when somebody orders it
};
inline constexpr std::size_t kLetterCount = 8;
std::string_view to_text(Letter letter);   ///< "L2", "jeopardy", "request"

/// Words of one letter; {{owner}} {{date}} {{number}} {{hospital}} {{department}} {{suspend_on}}
/// {{since}} (of a suspension) {{items}} {{count}} and {{unannounced}} are filled in, in a request
/// {{patient}} {{visit}} and {{text}}. The title stands above it, who gets a copy below.
struct LetterTemplate {
  std::string title, body;
  std::vector<std::string> to;   ///< who gets it besides the physician
  /// L4: what {{unannounced}} stands for when the suspension ended before its letter was sent.
  std::string unannounced;
};

/// What the site decides about its lifecycle: `policy:` of a rule pack (mappings/him/policy.yaml).
/// Durations are microseconds, times of day are local to the site.
struct Policy {
  std::string hospital = "the hospital", department = "Medical Records";
  std::chrono::minutes letters_at{18 * 60};              ///< letters of the day are written then
  std::chrono::microseconds assignment_after = std::chrono::hours(24);   ///< L0, when still open
  std::chrono::microseconds reminder_before = std::chrono::hours(72);    ///< due, L1
  std::chrono::microseconds suspension_after = std::chrono::hours(240);  ///< after L2
  /// What a chart lacks so long after the discharge is delinquent, whatever its due time; 0: never.
  std::chrono::microseconds chart_due_after = std::chrono::hours(24 * 21);
  std::chrono::microseconds delinquent_chart_after = std::chrono::hours(24 * 30);  ///< the rate
  std::chrono::microseconds absence_min = std::chrono::hours(72);
  std::chrono::microseconds absence_grace = std::chrono::hours(72);
  std::chrono::microseconds quality_file_after = std::chrono::hours(24 * 183);     ///< L5
  /// L5 too when so many charts of one physician are delinquent and older than that; 0: never.
  std::int64_t quality_file_charts = 50;
  std::chrono::microseconds quality_file_charts_after = std::chrono::hours(24 * 60);
  /// Day of the week (0 Sunday) of the list of who is in jeopardy; none: no such list.
  std::optional<unsigned> jeopardy_on;
  std::int64_t alarm_percent = 50, severe_percent = 200;
  std::array<LetterTemplate, kLetterCount> letters;
};

/// The next time at or after `at` at which letters are written.
core::Instant letter_time(const Policy& policy, core::Instant at, const core::TimeZone& zone);

}  // namespace him
