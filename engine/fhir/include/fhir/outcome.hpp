#pragma once
#include <core/error.hpp>
#include <fhir/node.hpp>

#include <span>
#include <string>
#include <string_view>

namespace fhir {

/// One issue of an OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html).
struct OutcomeIssue {
  std::string_view severity = "error";   ///< fatal | error | warning | information
  std::string_view code = "processing";  ///< IssueType
  std::string diagnostics;               ///< for people; leaves the house, so no internals
  std::string expression;                ///< FHIRPath of the element; may be empty
};

Node* make_outcome(std::span<const OutcomeIssue> issues, Document& into);
/// Severity error, code and text from the catalogue; `where` becomes the expression when it looks
/// like one ("Patient.name[0]").
Node* make_outcome(const core::Error& error, Document& into);

/// The same as compact JSON.
std::string outcome_json(const core::Error& error);

}  // namespace fhir
