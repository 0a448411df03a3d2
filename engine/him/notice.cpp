#include "notice.hpp"

#include <core/hash.hpp>
#include <core/micros.hpp>

#include "fhir_writer.hpp"

namespace him {
namespace {

using fhir::Document;
using fhir::Node;

constexpr core::Uuid kNotices{{0x2f, 0x61, 0xd8, 0x0c, 0x93, 0x1b, 0x5e, 0x07, 0xa4, 0x52, 0x6b,
                               0x1e, 0xc9, 0x70, 0x3d, 0x88}};

constexpr std::string_view kLetterNumber = "urn:chartwire:letter-number";
constexpr std::string_view kLetterKind = "urn:chartwire:letter";
constexpr std::string_view kDeficiency = "urn:chartwire:deficiency";
constexpr std::string_view kFlag = "urn:chartwire:flag";
constexpr std::string_view kMeasure = "urn:chartwire:measure:delinquency-rate";

std::string id_of(std::string_view what, std::string_view which) {
  return core::uuid_v5(kNotices, fmt::format("{}|{}", what, which)).text();
}

/// A physician as people name one; the resource may not be known to the receiver.
void write_physician(Writer& out, Node* into, const std::string& reference, const std::string& id,
                     const std::string& words) {
  if (reference.starts_with("Practitioner/")) {
    out.text(into, "reference", reference);
  } else if (!id.empty() && id.front() != '=') {   // a role, a family: known by its words alone
    out.text(into, "type", "Practitioner");
    out.text(out.object(into, "identifier"), "value", id);
  }
  out.text(into, "display", words);
}

Node* write(const LetterRecord& letter, const core::TimeZone&, Document& into) {
  const std::string number = fmt::format("{}", letter.number);
  Writer out("Communication", id_of("letter", number), into);
  Node* root = out.root();
  out.identifier(out.in_list(root, "identifier"), kLetterNumber, number);
  out.text(root, "status", letter.sent        ? "completed"
                           : letter.cancelled ? "not-done"
                                              : "preparation");
  if (letter.cancelled) {
    out.text(out.object(root, "statusReason"), "text", letter.cancelled_why);
  }
  out.concept_of(out.in_list(root, "category"), kLetterKind,
                 to_text(letter.level), {});
  out.text(out.object(root, "topic"), "text", letter.title);
  for (const std::string& id : letter.deficiencies) {
    Node* about = out.in_list(root, "about");
    out.text(about, "type", "Task");
    out.identifier(out.object(about, "identifier"), kDeficiency, id);
  }
  out.time(root, "sent", letter.sent);
  write_physician(out, out.in_list(root, "recipient"), {}, letter.owner_id, letter.owner);
  out.text(out.in_list(root, "payload"), "contentString", letter.text);
  return root;
}

Node* write(const Suspension& one, const core::TimeZone&, Document& into) {
  const std::string which = fmt::format("{}|{}", one.owner_id, core::micros(one.since));
  Writer out("Flag", id_of("suspension", which), into);
  Node* root = out.root();
  out.text(root, "status", one.until ? "inactive" : "active");
  out.concept_of(out.in_list(root, "category"),
                 "http://terminology.hl7.org/CodeSystem/flag-category", "admin", {});
  out.concept_of(out.object(root, "code"), kFlag, "suspended",
                 "Privileges suspended: medical records past due");
  write_physician(out, out.object(root, "subject"), one.owner_reference, one.owner_id, one.owner);
  Node* period = out.object(root, "period");
  out.time(period, "start", one.since);
  out.time(period, "end", one.until);
  return root;
}

Node* write(const Rate& rate, const core::TimeZone& zone, Document& into) {
  const std::string last = Writer::last_day(rate.end, zone);
  Writer out("MeasureReport", id_of("delinquency-rate", last), into);
  Node* root = out.root();
  out.text(root, "status", "complete");
  out.text(root, "type", "summary");
  out.text(root, "measure", kMeasure);
  out.time(root, "date", rate.end);
  out.days(root, rate.from, rate.end, zone);
  out.concept_of(out.object(root, "improvementNotation"),
                 "http://terminology.hl7.org/CodeSystem/measure-improvement-notation", "decrease",
                 {});
  Node* group = out.in_list(root, "group");
  // The denominator is an average, and no whole number: the score is said in words, beside the
  // discharges that it was made of.
  out.text(out.object(group, "code"), "text",
           fmt::format("delinquent charts per 100 of the average monthly discharges ({}/{} = "
                       "{:.2f})",
                       rate.discharges, rate.months,
                       static_cast<double>(rate.discharges) / rate.months));
  out.population(group, kMeasurePopulation, "initial-population", rate.discharges);
  out.population(group, kMeasurePopulation, "numerator", rate.delinquent_charts);
  if (rate.percent) out.percent(group, *rate.percent);
  return root;
}

}  // namespace

Node* to_resource(const Notice& notice, const core::TimeZone& zone, Document& into) {
  return std::visit([&](const auto& one) -> Node* { return write(one, zone, into); }, notice);
}

}  // namespace him
