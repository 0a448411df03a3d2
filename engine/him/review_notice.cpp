// The periodic review of files as FHIR: who belongs to a plan, how far it is, what of a period is
// covered.
#include <core/hash.hpp>
#include <core/micros.hpp>

#include <set>

#include "fhir_writer.hpp"
#include "notice.hpp"

namespace him {
namespace {

using fhir::Node;

constexpr core::Uuid kReviews{{0x71, 0x0e, 0x5c, 0xb2, 0x48, 0x9d, 0x5a, 0x33, 0x8e, 0x14, 0xd7,
                               0x60, 0x2b, 0xf1, 0xa9, 0x05}};
constexpr std::string_view kPlan = "urn:chartwire:review-plan";
constexpr std::string_view kReview = "urn:chartwire:review";
constexpr std::string_view kMeasure = "urn:chartwire:measure:file-review";

std::string title_of(const ReviewPart& part, const core::TimeZone& zone) {
  const ReviewPeriod& period = part.plan.period;
  return fmt::format("Review of files, {} to {} ({} of {})", local_day(period.from, zone),
                     Writer::last_day(period.end, zone), part.part + 1, part.parts);
}

Node* write_group(const ReviewPart& part, const std::string& number, const core::TimeZone& zone,
                  fhir::Document& into) {
  Writer out("Group", core::uuid_v5(kReviews, "group|" + number).text(), into);
  Node* root = out.root();
  out.identifier(out.in_list(root, "identifier"), kPlan, number);
  into.add(root, "active", into.boolean(true));
  out.text(root, "type", "person");
  into.add(root, "actual", into.boolean(true));
  out.concept_of(out.object(root, "code"), kReview, "population",
                 "Patients whose files are reviewed");
  out.text(root, "name", title_of(part, zone));
  std::set<std::string> patients;
  for (const ReviewFile& file : part.files) {
    if (!file.patient.empty()) patients.insert(file.patient);
  }
  out.number(root, "quantity", fmt::format("{}", patients.size()));
  Node* trait = out.in_list(root, "characteristic");
  out.concept_of(out.object(trait, "code"), kReview, "visit-ended", "A visit ended in the period");
  into.add(trait, "valueBoolean", into.boolean(true));
  into.add(trait, "exclude", into.boolean(false));
  out.days(trait, part.plan.period.from, part.plan.period.end, zone);
  for (const std::string& patient : patients) {
    out.reference(out.in_list(root, "member"), "entity", "Patient", patient);
  }
  return root;
}

Node* write_list(const ReviewPart& part, const std::string& number, const core::TimeZone& zone,
                 fhir::Document& into) {
  Writer out("List", core::uuid_v5(kReviews, "list|" + number).text(), into);
  Node* root = out.root();
  out.identifier(out.in_list(root, "identifier"), kPlan, number);
  out.text(root, "status", "current");
  out.text(root, "mode", "working");
  out.text(root, "title", title_of(part, zone));
  out.concept_of(out.object(root, "code"), kReview, "files", "Files to review");
  out.time(root, "date", part.plan.planned);
  out.text(out.object(root, "source"), "display", part.plan.planned_by);
  out.text(out.in_list(root, "note"), "text", "Reviewer: " + part.plan.reviewer);
  for (const ReviewFile& file : part.files) {
    Node* entry = out.in_list(root, "entry");
    const std::string standing = file.standing();
    out.concept_of(out.object(entry, "flag"), kReview, standing, {});
    out.time(entry, "date", file.reviewed);
    Node* item = out.object(entry, "item");
    out.text(item, "reference", "Encounter/" + file.encounter);
    out.text(item, "display", file.visit);
  }
  return root;
}

}  // namespace

Node* write(const ReviewPart& part, const core::TimeZone& zone, fhir::Document& into) {
  const std::string number = fmt::format("{}/{}", part.plan.number, part.part + 1);
  return part.patients ? write_group(part, number, zone, into)
                       : write_list(part, number, zone, into);
}

Node* write(const ReviewReport& report, const core::TimeZone& zone, fhir::Document& into) {
  const ReviewCoverage& sum = report.coverage;
  const std::string which = fmt::format("coverage|{}|{}", core::micros(sum.period.from),
                                        core::micros(sum.period.end));
  Writer out("MeasureReport", core::uuid_v5(kReviews, which).text(), into);
  Node* root = out.root();
  out.text(root, "status", sum.reviewed == sum.population ? "complete" : "pending");
  out.text(root, "type", "summary");
  out.text(root, "measure", kMeasure);
  out.time(root, "date", report.at);
  out.days(root, sum.period.from, sum.period.end, zone);
  out.concept_of(out.object(root, "improvementNotation"),
                 "http://terminology.hl7.org/CodeSystem/measure-improvement-notation", "increase",
                 {});
  Node* group = out.in_list(root, "group");
  out.population(group, kMeasurePopulation, "initial-population", sum.population);
  out.population(group, kMeasurePopulation, "denominator", sum.population);
  out.population(group, kMeasurePopulation, "numerator", sum.reviewed);
  out.population(group, kReview, "open", sum.open);
  out.population(group, kReview, "unseen", sum.unseen);
  if (sum.population > 0) {
    out.percent(group, 100.0 * static_cast<double>(sum.reviewed) /
                           static_cast<double>(sum.population));
  }
  return root;
}

}  // namespace him
