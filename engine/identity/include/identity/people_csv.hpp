#pragma once
#include <core/result.hpp>
#include <identity/person.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace identity {

/// One line of a file of persons. `entity` is the truth where known: rows of one entity are one
/// person ("rec-12-org" and "rec-12-dup-0" are both "rec-12").
struct PersonRow {
  std::string id, entity;
  Person person;
};

/// Rows beyond it are refused: such a file belongs into the store, not into a test.
inline constexpr std::size_t kPersonRowsMax = 5'000'000;

/// Reads comma-separated persons with a header line. Columns, in any order, of the Febrl data sets:
/// rec_id given_name surname street_number address_1 address_2 suburb postcode state date_of_birth
/// soc_sec_id; besides them middle_name suffix sex phone_number death_date deceased (true/false)
/// former_surname former_given_name authority mrn. Others are skipped. Cells may be quoted.
/// kBadRequest with the line when a row has another number of cells, or rec_id is missing.
core::Result<std::vector<PersonRow>> read_people(std::string_view text);

}  // namespace identity
