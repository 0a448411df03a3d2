#pragma once
#include <fhir/node.hpp>
#include <mapping/mapper.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

/// Indexes of the drafts a key names by its markers.
std::vector<std::size_t> drafts_named_in(std::string_view key);

/// A draft's tree as one of its own in `into`, draft markers replaced by "Type/id". Names and other
/// texts stay the draft's.
fhir::Node* resolve_tree(const fhir::Node* from, const mapping::MapOutput& output,
                         const std::vector<std::string>& ids, fhir::Document& into);

/// Points every reference at `from` to `to`, in place.
void redirect_references(fhir::Node* tree, std::string_view from, std::string_view to,
                         fhir::Document& document);

/// Whether anything in the tree refers to `name` ("Encounter/<id>").
bool refers_to(const fhir::Node* tree, std::string_view name);

/// A Patient.link item (http://hl7.org/fhir/patient.html).
fhir::Node* patient_link(fhir::Document& document, std::string_view reference,
                         std::string_view type);

/// Former numbers (identifier.use `old`) of a stored resource outlive a message that does not
/// repeat them; a message that came by a former number (`by_former`, or it states one as if it were
/// in use) says nothing about which numbers there are. Changes `incoming`.
void keep_former_numbers(const fhir::Node* stored, fhir::Node* incoming, bool by_former,
                         fhir::Document& document);

}  // namespace pipeline
