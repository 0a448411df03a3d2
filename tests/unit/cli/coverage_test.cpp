#include <filesystem>
#include <fstream>

#include "help.hpp"
#include "ig_coverage.hpp"

/// The official tables held against what messages prove.
using namespace mapping_test;
namespace ig = cli::ig;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRules =
    "  name: PID-5\n"
    "  identifier:\n"
    "    - PID-3\n"
    "    - {when: PID-19 valued, set: {value: PID-19, system: =urn:ours,\n"
    "       type: {set: {coding: {set: {code: =SS}}}}}}\n"
    "  birthDate: PID-7\n"
    "  ext.note: {concat: '{PID-23}, {PID-26}'}\n"
    "  active: ='true'\n";

struct Folder {
  fs::path path;
  Folder() : path(fs::path(test::build_path("/coverage_test"))) {
    fs::remove_all(path);
    for (const char* name : {"messages", "segments", "datatypes", "codesystems", "base"}) {
      fs::create_directories(path / name);
    }
    write("messages/HL7 Message - FHIR R4_ ADT_A01 - Sheet1.csv",
          "h\nh\n1,ADT_A01.PID,PID,,1,1,,,,Patient[1],PID[Patient],,\n"
          "1,ADT_A01.PD1,PD1,,1,1,,,,Patient[1],PD1[Patient],,\n"
          "2,ADT_A01.ARV,ARV,,1,1,,,,,,,\n");
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }
  void segments(const std::string& rows) const {
    write("segments/HL7 Segment - FHIR R4_ PID[Patient] - PID.csv", "h\nh\n" + rows);
  }
};

std::string row(const std::string& id, const std::string& target,
                const std::string& assignment = {}, const std::string& extension = {}) {
  return "1," + id + ",Name,ST,0,1,,,," + target + "," + extension + ",string,0,1,,," +
         assignment + ",,\n";
}

const char* kMessage =
    "PID|1||12^^^HOSP||Doe^Jane||19800102||||||||||||123||||Rome|||Austria";

/// "PID-5 name carried" for each row.
std::string judged(const Folder& folder, std::string_view rules = kRules,
                   const std::string& message = kMessage,
                   std::vector<ig::Declined>* stale = nullptr) {
  const Compiled compiled = compile(patient_set(rules, "vocab: Sex\nfrom: HL70001\nto: 'urn:x'\n"
                                                       "map: {F: female, M: male}"));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const auto rows = ig::read_tables(folder.path.string());
  BOOST_REQUIRE(rows);
  ig::Evidence evidence(v2(), r4(), *compiled.set);
  mapping::MapOptions options;
  options.lineage = true;
  const Mapped mapped = map(compiled, adt(message), {}, options);
  evidence.add(*mapped.text, *mapped.out);
  auto declined = ig::read_declined(folder.path.string());
  BOOST_REQUIRE(declined);
  std::string out;
  static constexpr std::string_view kNames[] = {"carried", "corrected", "declined", "missing"};
  for (const auto& one : ig::judge(*rows, evidence, mapping::vocab_facts(*compiled.set),
                                   *declined)) {
    if (one.row->kind == ig::Kind::kMessage && rules == kRules) continue;
    out += one.row->identifier + " " + one.row->target + " " +
           std::string(kNames[static_cast<std::size_t>(one.verdict)]) + "\n";
  }
  if (stale) *stale = *declined;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ig_coverage)

BOOST_AUTO_TEST_CASE(csv_cells) {
  const auto cells = ig::parse_csv("\xef\xbb\xbf" "a,\"b \"\"x\"\", c\",\r\n\"two\nlines\",d\n\n,e");
  BOOST_REQUIRE(cells.size() == 3);
  BOOST_TEST(cells[0][1] == "b \"x\", c");
  BOOST_TEST(cells[0].size() == 3);
  BOOST_TEST(cells[1][0] == "two\nlines");
  BOOST_TEST(cells[2][1] == "e");
}

BOOST_AUTO_TEST_CASE(targets_are_taken_apart) {
  std::string constant;
  auto places = ig::parse_target("participant[1].individual(PractitionerRole.code[2}.text)",
                                 constant);
  BOOST_REQUIRE(places.size() == 2);
  BOOST_TEST(places[0].path == "participant.individual");
  BOOST_TEST(places[1].type == "PractitionerRole");
  BOOST_TEST(places[1].path == "code.text");
  places = ig::parse_target("coding[3.version", constant);
  BOOST_TEST(places[0].path == "coding.version");
  places = ig::parse_target("extension[1]:group.valueDecimal", constant);
  BOOST_TEST(places[0].path == "extension.valueDecimal");
  BOOST_TEST(constant.empty());
  places = ig::parse_target("status=\"finished\"", constant);
  BOOST_TEST(places[0].path == "status");
  BOOST_TEST(constant == "finished");
  BOOST_TEST(ig::table_type("HD[MessageHeader.source-name]").path == "source");
  BOOST_TEST(ig::table_type("PID[Patient-X]").type == "Patient");
}

BOOST_AUTO_TEST_CASE(rows_are_proved_by_running) {
  const Folder folder;
  folder.segments(row("PID-5", "name[1]") + row("PID-7", "birthDate") +
                  row("PID-8", "gender") +                                   // no rule
                  row("PID-19", "identifier[4].value") +
                  row("PID-19", "identifier[4].type.coding.code", "\"\"\"SS\"\"\"") +
                  row("PID-19", "identifier[4].system", "\"\"\"urn:theirs\"\"\"") +
                  row("PID-23", "extension[1].valueString") +
                  row("PID-26", "extension[1].valueString") +                // second of a template
                  row("PID-26", "extension[1].url", "\"\"\"urn:x:note\"\"\"") +
                  row("PID-9", "name[2]") + row("PID-9", ""));
  BOOST_TEST(judged(folder) ==
             "PID-5 name[1] carried\nPID-7 birthDate carried\nPID-8 gender missing\n"
             "PID-19 identifier[4].value carried\nPID-19 identifier[4].type.coding.code carried\n"
             "PID-19 identifier[4].system corrected\nPID-23 extension[1].valueString carried\n"
             "PID-26 extension[1].valueString carried\nPID-26 extension[1].url carried\n"
             "PID-9 name[2] missing\n");
  // The rule alone proves nothing: without a message that holds the field the row is open.
  BOOST_TEST(judged(folder, kRules, "PID|1||12^^^HOSP").find("PID-5 name[1] missing") == 0u);
}

BOOST_AUTO_TEST_CASE(message_rows_need_their_segment) {
  const Folder folder;
  const std::string said = judged(folder, "  name: PID-5\n");
  BOOST_TEST(said == "ADT_A01.PID Patient[1] carried\nADT_A01.PD1 Patient[1] missing\n");
}

BOOST_AUTO_TEST_CASE(components_and_codes) {
  const Folder folder;
  folder.write("datatypes/HL7 Data Type - FHIR R4_ XPN[HumanName] - Sheet1.csv",
               "h\nh\n" + row("XPN.1", "[1].family") + row("XPN.2", "[1].given[1]") +
                   row("XPN.5", "[1].prefix"));
  folder.write("datatypes/HL7 Data Type - FHIR R4_ FN[HumanName] - Sheet1.csv",
               "h\nh\n" + row("FN.1", "family"));
  folder.write("codesystems/HL7 Concept Map_ Sex - Sheet1.csv",
               "h\nCode,Text,Code System,a,b,c,Code,,Display,Code System,,\n"
               "F,Female,HL70001,,,,female,,,urn:x,,\nO,Other,HL70001,,,,other,,,urn:x,,\n"
               "U,Unknown,HL70001,,,,,,,,,\n");
  BOOST_TEST(judged(folder) ==
             "FN.1 family carried\nXPN.1 [1].family carried\nXPN.2 [1].given[1] carried\n"
             "XPN.5 [1].prefix missing\nF female carried\nO other missing\n");
}

BOOST_AUTO_TEST_CASE(declined_with_a_reason) {
  const Folder folder;
  folder.segments(row("PID-8", "gender") + row("PID-26", "extension?-where") +
                  row("PID-23", "address[1]"));
  folder.write("base/DECLINED.yaml",
               "- {table: 'PID[Patient]', field: PID-8, reason: because}\n"
               "- {table: 'PID[Patient]', field: PID-26, target: where, as: extension.valueString,"
               " reason: undecided}\n"
               "- {table: 'PID[Patient]', field: PID-23, as: birthDate, reason: not true}\n"
               "- {table: 'PID[Patient]', field: PID-30, reason: no such row}\n");
  std::vector<ig::Declined> entries;
  BOOST_TEST(judged(folder, kRules, kMessage, &entries) ==
             "PID-8 gender declined\nPID-26 extension?-where corrected\n"
             "PID-23 address[1] missing\n");
  BOOST_REQUIRE(entries.size() == 4);
  BOOST_TEST(entries[0].needed == 1);
  BOOST_TEST(entries[3].matched == 0);
}

BOOST_AUTO_TEST_CASE(declined_entries_are_checked) {
  const Folder folder;
  for (const std::string text : {"- {table: X, reason: y}", "- {table: X, field: F}",
                                 "- {table: X, field: F, reason: y, why: z}", "- text"}) {
    folder.write("base/DECLINED.yaml", text);
    const auto read = ig::read_declined(folder.path.string());
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().text().find("DECLINED.yaml:1:") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
