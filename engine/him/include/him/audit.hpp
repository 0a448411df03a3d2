#pragma once
#include <core/clock.hpp>
#include <core/result.hpp>
#include <him/deficiency.hpp>
#include <store/records.hpp>

#include <optional>
#include <string>
#include <vector>

namespace him {

/// How a visit stands with one rule.
enum class Finding {
  kOpen,     ///< something is lacking (`due` may still lie ahead)
  kPass,     ///< everything asked for is there, or somebody decided so by hand
  kExempt,   ///< the rule excuses this visit
  kLater,    ///< the rule asks from a later time on
  kSilent,   ///< the rule says nothing: what it needs does not arrive, or did not at that time
  kNone      ///< what the rule is about did not happen on this visit
};
std::string_view to_text(Finding finding);

/// One line of the audit protocol: a rule, or one period or subject of it.
struct AuditLine {
  Finding finding = Finding::kNone;
  std::string rule, part, title, severity;
  std::string source;               ///< the clause it stands on
  std::string subject;              ///< "DocumentReference/...", empty: the visit
  std::string about;                ///< the subject in words: "Discharge summary, 2026-03-06"
  std::string lacking;              ///< kOpen: what
  std::string owner;                ///< kOpen: who owes it
  std::string state;                ///< of its deficiency, in words; empty: there never was one
  std::string deficiency;           ///< id, or empty
  std::optional<core::Instant> due, from;   ///< from: kLater, when it begins to ask
  std::string why;                  ///< exemption, what is missing, who closed it
};

struct Audit {
  std::string visit, encounter, patient, mrn;
  std::vector<AuditLine> lines;     ///< in the order of the pack's rules
  bool passed() const;              ///< nothing is open
};

/// Walks all rules over one visit (number or Encounter id), as it stands at `now`: the protocol of
/// a qualitative review (spec him.md section 1, duties 000). Changes nothing. `every`: rules that
/// do not concern the visit are listed too. kNotFound: no such visit. Thread: any, with a reader of
/// its own.
core::Result<Audit> audit(store::Records& records, const RulePack& rules, const std::string& visit,
                          core::Instant now, const Site& site, bool every = false);

}  // namespace him
