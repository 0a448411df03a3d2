#include <him/audit.hpp>

#include <core/micros.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "chart_store.hpp"
#include "judge.hpp"
#include "known.hpp"
#include "lifecycle.hpp"
#include "outlook.hpp"

namespace him {
namespace {

using core::Instant;

std::string why_mute(const Verdict& verdict, Mute mute) {
  switch (mute) {
    case Mute::kNeeds:
      return fmt::format("not all of {} arrive here", fmt::join(verdict.rule->needs, ", "));
    case Mute::kEarlier: return "it happened before this rule was in force here";
    case Mute::kHistorical: return "known from a historical feed alone";
    case Mute::kNo: break;
  }
  return {};
}

Finding finding_of(const Verdict& verdict) {
  if (verdict.mute != Mute::kNo) return Finding::kSilent;
  if (verdict.wake) return Finding::kLater;
  if (verdict.exempt) return Finding::kExempt;
  if (!verdict.fires) return Finding::kNone;
  return verdict.met ? Finding::kPass : Finding::kOpen;
}

AuditLine line_of(const Rule& rule) {
  AuditLine line;
  line.rule = rule.id;
  line.part = rule.part;
  line.title = rule.title;
  line.severity = rule.severity;
  line.source = rule.source;
  return line;
}

/// What became of the deficiency overrules what the chart alone says: people may have decided.
void add_stored(const Deficiency& stored, AuditLine& line) {
  line.deficiency = stored.id;
  line.state = to_text(stored.state);
  if (is_open(stored.state)) {
    line.finding = Finding::kOpen;
    line.lacking = stored.lacking;
    line.owner = stored.owner;
    line.due = stored.due;
    return;
  }
  if (stored.state == State::kWaived || !stored.decision.empty()) {
    line.finding = Finding::kPass;
    line.why = stored.decision;
  } else if (line.finding == Finding::kPass) {
    line.why = fmt::format("closed by {}", stored.closed_by);
  }
}

/// Words of a CodeableConcept: its text, what it displays, or its code.
std::string words_of(const fhir::Node* what) {
  if (!what) return {};
  if (what->is_array()) what = what->item(0);
  if (!what || !what->is_object()) return {};
  if (const std::string_view text = what->text_of("text"); !text.empty()) return std::string(text);
  const fhir::Node* codings = what->find("coding");
  std::string code;
  for (const fhir::Item* item = codings ? codings->first_item : nullptr; item; item = item->next) {
    const std::string_view display = item->value->text_of("display");
    if (!display.empty()) return std::string(display);
    if (code.empty()) code = item->value->text_of("code");
  }
  return code;
}

/// What a resource is, as people name it: its title, its type.
std::string title_of(const fhir::Node& tree) {
  std::string type;
  for (const char* name : {"type", "code", "appointmentType", "serviceType"}) {
    if (type.empty()) type = words_of(tree.find(name));
  }
  const std::string_view title = tree.text_of("description");
  if (title.empty() || title == type) return type;
  return type.empty() ? std::string(title) : fmt::format("{} \"{}\"", type, title);
}

/// When it was made or done; documents by their own time.
std::optional<std::int64_t> time_of(const Chart& chart, const Fact& fact) {
  switch (fact.kind) {
    case Kind::kDocument: return number_of(chart, fact, slot(kDocumentFields, "time"));
    case Kind::kProcedure: return number_of(chart, fact, slot(kProcedureFields, "time"));
    case Kind::kDiagnosis: return number_of(chart, fact, slot(kDiagnosisFields, "recorded"));
    case Kind::kOrder: return number_of(chart, fact, slot(kOrderFields, "authored"));
    case Kind::kResult: return number_of(chart, fact, slot(kResultFields, "time"));
    case Kind::kAppointment: return number_of(chart, fact, slot(kAppointmentFields, "start"));
    case Kind::kEvent: return number_of(chart, fact, slot(kEventFields, "time"));
    default: return std::nullopt;
  }
}

/// The subject of a line in words; the kind of fact where the resource says no more.
std::string in_words(store::Records& records, const Chart& chart, const Fact& fact,
                     const core::TimeZone& zone) {
  const std::string reference = subject_reference(fact);
  const auto kept = records.look(reference.substr(0, reference.find('/')), fact.id);
  std::string words;
  if (kept && *kept != nullptr) {
    fhir::Document memory;
    const auto tree = fhir::parse_json((*kept)->body, memory);
    if (tree) words = title_of(**tree);
  }
  if (words.empty()) words = name_of(fact.kind);
  const auto micros = time_of(chart, fact);
  if (!micros) return words;
  return fmt::format("{}, {}", words, local_day(core::instant(*micros), zone));
}

AuditLine line_of(const Verdict& verdict, const Chart& chart) {
  AuditLine line = line_of(*verdict.rule);
  line.part = verdict.part;
  line.finding = finding_of(verdict);
  if (verdict.subject) line.subject = subject_reference(*verdict.subject);
  if (line.finding == Finding::kOpen) {
    line.lacking = verdict.lacking;
    line.owner = verdict.owner;
    line.due = verdict.due;
    line.deficiency = deficiency_id(verdict, chart);
  }
  if (line.finding == Finding::kExempt && verdict.exemption) line.why = *verdict.exemption;
  if (line.finding == Finding::kSilent) line.why = why_mute(verdict, verdict.mute);
  if (line.finding == Finding::kLater) line.from = verdict.wake;
  return line;
}

/// Deficiencies that no rule of the pack accounts for: added by hand, of a former pack.
void add_others(const std::vector<Deficiency>& rest, std::vector<AuditLine>& lines) {
  for (const Deficiency& one : rest) {
    if (one.state == State::kCancelled) continue;
    AuditLine line;
    line.finding = Finding::kPass;
    line.rule = one.rule;
    line.part = one.part;
    line.title = one.lacking;
    line.severity = one.severity;
    line.source = one.source;
    line.subject = one.subject;
    add_stored(one, line);
    lines.push_back(std::move(line));
  }
}

void add_rules_without_verdict(const std::vector<Rule>& rules, std::vector<AuditLine>& lines) {
  std::vector<AuditLine> all;
  std::size_t next = 0;
  for (const Rule& rule : rules) {
    const std::size_t before = next;
    const auto is_mine = [&rule](const AuditLine& line) {
      return line.rule == rule.id && line.part.starts_with(rule.part);
    };
    while (next < lines.size() && is_mine(lines[next])) all.push_back(std::move(lines[next++]));
    if (next == before) all.push_back(line_of(rule));
  }
  lines = std::move(all);
}

}  // namespace

std::string_view to_text(Finding finding) {
  switch (finding) {
    case Finding::kOpen: return "open";
    case Finding::kPass: return "pass";
    case Finding::kExempt: return "exempt";
    case Finding::kLater: return "later";
    case Finding::kSilent: return "silent";
    case Finding::kNone: return "n/a";
  }
  return "?";
}

bool Audit::passed() const {
  return std::none_of(lines.begin(), lines.end(),
                      [](const AuditLine& one) { return one.finding == Finding::kOpen; });
}

core::Result<Audit> audit(store::Records& records, const RulePack& rules, const std::string& visit,
                          Instant now, const Site& site, bool every) {
  ChartStore charts(records.db());
  const auto place = charts.visit_numbered(visit);
  if (!place) return core::fail(place.error());
  if (!*place) return core::fail(no_such_visit(records.db(), visit));
  const auto outlook = Outlook::of(records, site);
  if (!outlook) return core::fail(outlook.error());
  ListFilter filter;
  filter.visit = (*place)->encounter;
  auto stored = list(records, rules, filter, now, site);
  if (!stored) return core::fail(stored.error());
  Chart chart;
  if (auto done = charts.load_visit((*place)->encounter, chart); !done) {
    return core::fail(done.error());
  }
  Circumstances circumstances = (*outlook)->at(now, rules);
  circumstances.audit = true;
  Audit out;
  out.encounter = chart.encounter;
  out.patient = chart.patient;
  const auto text = [](const Fact& fact, std::size_t which) {
    const fhir::Node* node = fact.stored[which];
    return node ? std::string(node->text) : std::string();
  };
  out.visit = text(chart.visit, slot(kVisitFields, "number"));
  out.mrn = text(chart.patient_fact, slot(kPatientFields, "mrn"));
  for (const Verdict& verdict : judge(circumstances, chart)) {
    AuditLine line = line_of(verdict, chart);
    const auto mine = std::find_if(stored->begin(), stored->end(), [&](const Deficiency& one) {
      return is_about(one, verdict);
    });
    if (mine != stored->end()) {
      add_stored(*mine, line);
      stored->erase(mine);
    }
    if (verdict.subject) line.about = in_words(records, chart, *verdict.subject, site.zone);
    if (every || line.finding != Finding::kNone) out.lines.push_back(std::move(line));
  }
  if (every) add_rules_without_verdict(rules.impl().rules, out.lines);
  add_others(*stored, out.lines);
  return out;
}

}  // namespace him
