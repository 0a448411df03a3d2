#pragma once
#include <core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cli::ig {

// Limits of one folder of tables.
inline constexpr std::size_t kTablesMax = 2'000;
inline constexpr std::size_t kTableRowsMax = 20'000;

enum class Kind { kMessage, kSegment, kDatatype, kCode };

/// Where a row writes, taken apart: "participant.individual(Practitioner.name[1])" ends in the
/// element "name" of a Practitioner, reached by "participant.individual" of the table's own type.
struct Place {
  std::string type;           ///< FHIR type; empty: the table's own
  std::string path;           ///< without indexes: "participant.individual"; may be empty
};

/// A row of an official V2-to-FHIR table that names a target (rows that leave a field unmapped are
/// not rows here).
struct Row {
  Kind kind = Kind::kSegment;
  std::string table;          ///< "PID[Patient]", "ADT_A01", "AdministrativeSex"
  std::string identifier;     ///< "PID-5", "CX.4", "ADT_A01.PROCEDURE.PR1"; of codes: the v2 code
  std::string target;         ///< as written; of codes: the FHIR code
  std::string assignment;     ///< constant or instruction, as written
  std::string calls;          ///< of message rows: the segment table they use
  std::string v2_system, fhir_system;   ///< of codes
  std::string file;
  int line = 0;               ///< data row of its file, 1-based, the two header lines included
  // Of segment and data type rows:
  std::string source;         ///< "PID" or "CX"
  int number = 0;             ///< field or component; 0: the segment or value as a whole
  std::vector<Place> places;  ///< from the outside in
  std::string constant;       ///< quoted assignment; empty when there is none
};

/// Reads `directory`/{messages,segments,datatypes,codesystems}/*.csv. The columns are read by
/// position (three files deviate in their headings). Errors: kIo when a folder is missing.
core::Result<std::vector<Row>> read_tables(const std::string& directory);

/// RFC 4180: quoted cells may hold line ends. A byte order mark is dropped.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

/// "participant[1].individual(PractitionerRole.code" -> its places; `constant` is what an
/// assignment inside the path says (`status="finished"`).
std::vector<Place> parse_target(std::string_view target, std::string& constant);

/// "PID[Patient-GeneralPractitioner]" -> "Patient"; "HD[MessageHeader.destination-name]" ->
/// "MessageHeader" with `path` "destination".
Place table_type(std::string_view table);

}  // namespace cli::ig
