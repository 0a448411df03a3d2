#pragma once
#include <fhir/node.hpp>
#include <identity/mpi_index.hpp>
#include <identity/person.hpp>
#include <store/records.hpp>

#include <string>
#include <vector>

namespace identity {

/// A FHIR R4 Patient as the master patient index compares it. Names of use `old` and `maiden`,
/// nicknames and further names become former names; a use of `old` on an identifier makes the
/// number inactive. The social-security number is the identifier of type SS, or of the system
/// http://hl7.org/fhir/sid/us-ssn; numbers of type MR, or without a type, are record numbers.
/// Works on anything: what is missing or misshapen is empty.
Person person_of(const fhir::Node& patient);

/// The values of a Patient's record numbers in use: those of type MR, else those without a type
/// (a number of an unknown kind, as senders of v2.2 give it).
struct RecordNumbers {
  std::vector<std::string> values;
  bool typed = false;   ///< they are of type MR
};
RecordNumbers record_numbers(const fhir::Node& patient);

/// A Patient that another one replaced (Patient.link replaced-by) is no person of its own.
bool is_replaced(const fhir::Node& patient);

/// Adds every Patient of the records that is neither deleted nor replaced.
core::Status load_index(store::Records& records, MpiIndex& index);

/// One JSON object for a match: id, grade, weight, score, guards, and per field its level and
/// weight where both sides have a value. No values of the patient.
std::string to_json(const Match& match);

}  // namespace identity
