#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <him/deficiency.hpp>
#include <store/records.hpp>

#include <string>
#include <vector>

namespace him {

/// Decisions of the department, journaled as JSON objects and carried out by Charts::command():
///
///   {"action": "waive",    "id": ID, "by": WHO, "reason": TEXT}
///   {"action": "complete", "id": ID, "by": WHO, "reason": TEXT}      (done on paper, reviewed...)
///   {"action": "reassign", "id": ID, "owner": ID, "owner_name": NAME, "by": WHO, "reason": TEXT}
///   {"action": "assign",   "owner": ID, "owner_name": NAME, "visit": NUMBER, "lacking": TEXT,
///                          "due": TIME, "by": WHO}                    (a deficiency added by hand)
///   {"action": "reopen",   "id": ID, "by": WHO, "reason": TEXT}
///   {"action": "absence",  "owner": ID, "from": TIME, "to": TIME, "by": WHO}
///   {"action": "absence-withdraw", "owner": ID, "from": TIME, "by": WHO}
///                          (not begun yet: never filed; begun: it ends now)
///   {"action": "reviewed", "document": ID, "by": WHO}                 (by the department, of a
///   chain)
///   {"action": "review-plan", "quarter": "2026Q3" (or "from", "to"), "sample": "10%" (none: all),
///                          "reviewer": WHO, "by": WHO}    (files that no plan has yet; review.hpp)
///   {"action": "review-visit", "visit": NUMBER, "note": TEXT, "by": WHO}
///   {"action": "provider-join", "owner": ID, "other": ID, "owner_name": NAME, "by": WHO}
///                          (both ids are one doctor's; kept under the first; him/providers.hpp)
///   {"action": "provider-part", "other": ID, "by": WHO}      (a doctor of its own again)
///   {"action": "letters-sent", "upto": NUMBER, "how": TEXT, "by": WHO}
///
/// An "owner" or "other" that is no role ("=coding") is refused where no practitioner is known by
/// it, unless "new" is "true"; so is a visit that nobody has heard of. The nearest number is named.
/// "from", "to" and "due" are times, or days, which begin at the site's midnight. What is past due
/// already when an absence is filed is not paused by it.
///
/// Checks an order against the records: what it names exists, what it must say is said, an absence
/// is filed before it begins and lasts as long as the policy asks. kBadRequest, kNotFound,
/// kRefusedByPolicy.
core::Status check_command(store::Records& records, const RulePack& rules, const fhir::Node& order,
                           core::Instant now, const core::TimeZone& zone = {});

/// A filed absence of a physician: the physician's clocks stand still.
struct Absence {
  std::string owner_id;
  core::Instant from{}, to{}, filed{};
};
core::Result<std::vector<Absence>> absences(store::Records& records);

/// `due` put off by the absences that fall between `start` and it, plus the grace after a return.
/// Absences filed after `due` had passed pause nothing.
core::Instant paused(core::Instant start, core::Instant due, const std::vector<Absence>& absences,
                     std::chrono::microseconds grace);

}  // namespace him
