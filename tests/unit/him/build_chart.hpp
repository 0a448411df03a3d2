#pragma once
#include <fhir/node.hpp>

#include <map>
#include <string>

namespace test {

/// FHIR resources as the base mapping makes them from v2, from a few words. Lists are written with
/// blanks between the codes, people as "1001 Adams, Ruth".
using Fields = std::map<std::string, std::string>;

/// `kind` is visit, patient, document, procedure, diagnosis, contact or order.
/// The resource's id is in its tree; an unknown kind or field fails the test.
fhir::Node* build(const std::string& kind, const Fields& fields, fhir::Document& into);

}  // namespace test
