#include <him/deficiency.hpp>

#include <fmt/format.h>

#include "fhir_writer.hpp"

namespace him {
namespace {

using fhir::Document;
using fhir::Node;

constexpr std::string_view kRuleSystem = "urn:chartwire:rule";
constexpr std::string_view kStateSystem = "urn:chartwire:deficiency-state";
constexpr std::string_view kIdSystem = "urn:chartwire:deficiency";
constexpr std::string_view kLoinc = "http://loinc.org";

std::string_view task_status(const Deficiency& deficiency) {
  switch (deficiency.state) {
    case State::kCompleted: return "completed";
    case State::kWaived:
    case State::kCancelled: return "cancelled";
    default: return deficiency.begun ? "in-progress" : "requested";
  }
}

std::string_view issue_status(State state) {
  // The required value set has no "cancelled"; what should never have opened is an error.
  return state == State::kCancelled ? "entered-in-error" : "final";
}

std::string_view issue_severity(std::string_view severity) {
  return severity == "H" ? "high" : severity == "M" ? "moderate" : "low";
}

/// What the deficiency is about: its own subject, else the visit, else the patient.
std::string focus_of(const Deficiency& deficiency) {
  if (!deficiency.subject.empty()) return deficiency.subject;
  if (!deficiency.encounter.empty()) return "Encounter/" + deficiency.encounter;
  return deficiency.patient.empty() ? std::string() : "Patient/" + deficiency.patient;
}

void write_owner(Writer& out, const Deficiency& deficiency) {
  if (deficiency.owner.empty() && deficiency.owner_reference.empty()) return;
  Node* owner = out.object(out.root(), "owner");
  out.text(owner, "reference", deficiency.owner_reference);
  out.text(owner, "display",
           deficiency.owner_name.empty() ? deficiency.owner : deficiency.owner_name);
}

void write_identifier(Writer& out, const Deficiency& deficiency) {
  out.identifier(out.in_list(out.root(), "identifier"), kIdSystem, deficiency.id);
}

}  // namespace

std::string_view to_text(State state) {
  switch (state) {
    case State::kAssigned: return "assigned";
    case State::kAvailable: return "available";
    case State::kDue: return "due";
    case State::kDelinquent: return "delinquent";
    case State::kWarned: return "warned";
    case State::kSuspended: return "suspended";
    case State::kCompleted: return "completed";
    case State::kWaived: return "waived";
    case State::kCancelled: return "cancelled";
  }
  return "unknown";
}

bool is_open(State state) { return state <= State::kSuspended; }

Node* to_task(const Deficiency& deficiency, Document& into) {
  Writer out("Task", deficiency.id, into);
  Node* root = out.root();
  write_identifier(out, deficiency);
  out.text(root, "status", task_status(deficiency));
  out.concept_of(out.object(root, "businessStatus"), kStateSystem, to_text(deficiency.state), {});
  out.text(root, "intent", "order");
  out.text(root, "priority", deficiency.severity == "H" ? "urgent" : "routine");
  out.concept_of(out.object(root, "code"), kRuleSystem, deficiency.rule, deficiency.lacking);
  out.text(root, "description", deficiency.lacking);
  if (const std::string focus = focus_of(deficiency); !focus.empty()) {
    out.text(out.object(root, "focus"), "reference", focus);
  }
  out.reference(root, "for", "Patient", deficiency.patient);
  out.reference(root, "encounter", "Encounter", deficiency.encounter);
  if (deficiency.closed) {
    out.time(out.object(root, "executionPeriod"), "end", deficiency.closed);
  }
  out.time(root, "authoredOn", deficiency.opened);
  out.time(root, "lastModified", std::max(deficiency.opened, deficiency.modified));
  write_owner(out, deficiency);
  out.reference(root, "reasonReference", "DetectedIssue", deficiency.id);
  if (deficiency.due) {
    out.time(out.object(out.object(root, "restriction"), "period"), "end", deficiency.due);
  }
  return root;
}

Node* to_detected_issue(const Deficiency& deficiency, Document& into) {
  Writer out("DetectedIssue", deficiency.id, into);
  Node* root = out.root();
  write_identifier(out, deficiency);
  out.text(root, "status", issue_status(deficiency.state));
  out.concept_of(out.object(root, "code"), kRuleSystem, deficiency.rule, deficiency.lacking);
  out.text(root, "severity", issue_severity(deficiency.severity));
  out.reference(root, "patient", "Patient", deficiency.patient);
  out.time(root, "identifiedDateTime", deficiency.opened);
  const std::string focus = focus_of(deficiency);
  if (!focus.empty()) out.text(out.in_list(root, "implicated"), "reference", focus);
  Node* evidence = out.in_list(root, "evidence");
  out.concept_of(out.in_list(evidence, "code"), kLoinc, deficiency.lacking_code,
                 deficiency.lacking);
  if (!focus.empty()) out.text(out.in_list(evidence, "detail"), "reference", focus);
  if (!deficiency.encounter.empty() && focus != "Encounter/" + deficiency.encounter) {
    out.text(out.in_list(evidence, "detail"), "reference", "Encounter/" + deficiency.encounter);
  }
  out.text(root, "detail", fmt::format("Lacking: {} ({})", deficiency.lacking, deficiency.source));
  if (deficiency.state == State::kCompleted) {
    Node* mitigation = out.in_list(root, "mitigation");
    out.text(out.object(mitigation, "action"), "text", "The requirement was met");
    out.time(mitigation, "date", deficiency.closed);
  }
  return root;
}

}  // namespace him
