#include <fhir/json.hpp>
#include <fhir/outcome.hpp>

namespace fhir {

Node* make_outcome(std::span<const OutcomeIssue> issues, Document& into) {
  Node* outcome = into.object();
  into.add(outcome, "resourceType", into.string("OperationOutcome", false));
  Node* list = into.array();
  into.add(outcome, "issue", list);
  for (const OutcomeIssue& issue : issues) {
    Node* node = into.object();
    into.add(node, "severity", into.string(issue.severity));
    into.add(node, "code", into.string(issue.code));
    if (!issue.diagnostics.empty()) into.add(node, "diagnostics", into.string(issue.diagnostics));
    if (!issue.expression.empty()) {
      Node* expressions = into.array();
      into.append(expressions, into.string(issue.expression));
      into.add(node, "expression", expressions);
    }
    into.append(list, node);
  }
  return outcome;
}

Node* make_outcome(const core::Error& error, Document& into) {
  const core::ErrorEntry& entry = core::entry(error.code);
  OutcomeIssue issue{.code = entry.fhir_type};
  issue.diagnostics = error.detail.empty() ? std::string(entry.meaning) : error.detail;
  const bool element = !error.where.empty() && error.where[0] >= 'A' && error.where[0] <= 'Z' &&
                       error.where.find_first_of(" :/") == std::string::npos;
  if (element) {
    issue.expression = error.where;
  } else if (!error.where.empty()) {
    issue.diagnostics += " (" + error.where + ")";
  }
  return make_outcome({&issue, 1}, into);
}

std::string outcome_json(const core::Error& error) {
  Document document(2048);
  std::string out;
  write_json(make_outcome(error, document), out);
  return out;
}

}  // namespace fhir
