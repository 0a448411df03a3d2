#include "help.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <random>

/// Short cuts give what the long way gives: a Mapper that passes over absent sources and remembers
/// what it made of a value, against one that runs every rule (explain does, lineage keeps no memory).
using namespace mapping_test;

namespace {

const mapping::MappingSet& base() {
  static const std::shared_ptr<const mapping::MappingSet> set = [] {
    mapping::MappingSet::Sources sources;
    sources.directories = {test::source_path("/mappings/base")};
    std::vector<mapping::Diagnostic> found;
    return mapping::MappingSet::compile(sources, v2(), r4(), found);
  }();
  BOOST_REQUIRE(set);
  return *set;
}

std::shared_ptr<const mapping::MappingSet> share(const mapping::MappingSet& set) {
  return {&set, [](const mapping::MappingSet*) {}};
}

/// Everything a receiver of the output sees.
std::string told(mapping::Mapper& mapper, const hl7::Message& message,
                 const mapping::Environment& environment, mapping::Mapper::Options options) {
  const auto out = mapper.map(message, environment, options);
  if (!out) return "refused: " + out.error().text();
  std::string text;
  for (const mapping::Draft& draft : (*out)->drafts) {
    fhir::write_json(draft.root, text);
    for (const std::string& key : draft.keys) text += "\n  " + key;
    text += draft.inferred_authority ? "\n  inferred\n" : "\n";
  }
  for (const auto& issue : (*out)->issues) {
    const hl7::Location& at = issue.at;
    text += fmt::format("{}[{}]-{}[{}].{}.{} {} {}: {}\n", at.segment, at.occurrence, at.field,
                        at.repetition, at.component, at.subcomponent,
                        static_cast<int>(issue.severity), static_cast<int>(issue.code), issue.text);
  }
  for (const auto& miss : (*out)->vocab_misses) {
    text += fmt::format("{}|{} by rule {}\n", miss.table, miss.code, miss.rule);
  }
  return text;
}

const std::string kAdmission =
    "MSH|^~\\&|EPIC|HOSPITAL^1.2.840.1^ISO|CW|HIM|20260105120000-0500||ADT^A01^ADT_A01|C1|P|2.5.1\r"
    "EVN|A01|20260105115900|||REG01^CLERK^ANNA\r"
    "PID|1||123^^^HOSPITAL&1.2.840.1&ISO^MR~999^^^SSA^SS||DOE^EVE^E^^MRS^^L|JONES^JANE|19700101|F||"
    "2106-3^White^HL70005|1 MAIN&MAIN^APT 2^SPRINGFIELD^IL^62701^USA^H||^PRN^PH^^1^217^5551234~^NET^"
    "Internet^eve@example.org||en^English|M|CHR|A7^^^HOSPITAL^AN|||||||||||||N\r"
    "PD1|||CLINIC^L^77^^^HOSPITAL|55^FAMILY^DOC^^^^^^NPI\r"
    "NK1|1|DOE^ADAM|SPO^Spouse^HL70063|1 MAIN^^SPRINGFIELD|^PRN^PH^^1^217^5551234||N\r"
    "PV1|1|I|2N^201^A^HOSPITAL|E|||123^SMITH^JOHN^A^^DR^^^NPI|765^DOE^JANE|||MED||||7|||123^SMITH^JOHN|IP|"
    "V1^^^HOSPITAL^VN|||||||||||||||||||||||||20260105115500\r"
    "AL1|1|DA|0741^OXYCODONE^L|MO|HIVES~RASH\rDG1|1||I10^Hypertension^I10||20260105|A\r"
    "IN1|1|PLAN^Gold|PAYER1|PAYER INC|||G1||||20250101|20261231|||DOE^EVE|SEL^Self\r";
const std::string kResult =
    "MSH|^~\\&|LAB|HOSPITAL|CW|HIM|20260105120000||ORU^R01^ORU_R01|C2|P|2.5.1\r"
    "PID|1||123^^^HOSPITAL^MR||DOE^EVE||19700101|F\rPV1|1|I|2N^201^A|||||||||||||||||V1^^^HOSPITAL^VN\r"
    "ORC|RE|O1^EPIC|A1^LAB|||||||||123^SMITH^JOHN\r"
    "OBR|1|O1^EPIC|A1^LAB|24323-8^CMP^LN|||20260105100000|||||||20260105101500||123^SMITH^JOHN||||||"
    "20260105113000||CH|F\rNTE|1|L|a note~of two lines\r"
    "OBX|1|NM|2000-4^Calcium^LN^CA^Calcium^L||9.1|mg/dL^x^UCUM|8.5-10.5|N|||F|||20260105100000\r"
    "OBX|2|ST|2001-4^Text^LN||fine & well|||A|||P\rOBX|3|CWE|2002-4^Code^LN||A1^Alpha^L|||||C\r"
    "OBX|4|SN|2003-4^Num^LN||>^5|mg|<7|H|||F\rSPM|1|S1^EPIC||BLD^Blood^HL70487|||||||||||||20260105100000\r";

/// Replaces a few pieces between delimiters by other pieces of the same text.
std::string mutate(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t start = text.find('\r') + 1;
  for (std::size_t n = below(6); n > 0 && text.size() > start + 8; --n) {
    const auto piece = [&](std::size_t& from, std::size_t& size) {
      from = start + below(text.size() - start - 1);
      const std::size_t end = text.find_first_of("|^~&\r", from);
      size = std::min(end, text.size()) - from;
    };
    std::size_t from = 0, size = 0, other = 0, length = 0;
    piece(from, size);
    piece(other, length);
    if (from < start + 4 || text[from - 1] == '\r') continue;
    static const char* const kOdd[] = {"\"\"", "", "^^", "~x", "A&B", "\\T\\", "20269999", "UNKNOWN"};
    const std::string fresh = random() % 2 ? kOdd[below(std::size(kOdd))] : text.substr(other, length);
    text.replace(from, size, fresh);
  }
  return text;
}

/// Replaces a few pieces by others that are there as well: the message keeps its shape, and rules
/// that look at bytes, or make nothing of some, have something to look at.
std::string revalue(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  static const char* const kValues[] = {
      "20260230", "20260105", "2026010512", "202601051200-0500", "20270101000000", "12", "1.50", "x",
      "A", "B",   "H",        "L",          "S",                 "F",              "P",  "N",    "Y",
      "DOE",      "A\\T\\B",  " led",       "trail ",            "MR",             "SS", "ISO",  "NPI",
      "123",      "999",      "UNKNOWN",    "I10",               "LN",             "O1", "NM",   "SN",
      "O",        "ST",       "CWE",        "2.999.5",           "C",              "<7", "3-5",  "TX"};
  const std::size_t start = text.find('\r') + 1;
  for (std::size_t n = 1 + below(4); n > 0 && text.size() > start + 8; --n) {
    const std::size_t from = text.find_last_of("|^~&\r", start + below(text.size() - start - 1)) + 1;
    const std::size_t end = std::min(text.find_first_of("|^~&\r", from), text.size());
    if (from <= start || end == from || text[from - 1] == '\r' || text[from] == '\"') continue;
    text.replace(from, end - from, kValues[below(std::size(kValues))]);
  }
  return text;
}

void compare(mapping::Mapper& quick, const std::string& text, const mapping::Environment& environment,
             const mapping::MappingSet& set = base()) {
  const auto message = hl7::Message::parse(text);
  if (!message) return;
  mapping::Mapper slow(share(set));
  mapping::Mapper::Options explain;
  explain.explain = true;
  const std::string expected = told(slow, *message, environment, explain);
  BOOST_TEST_REQUIRE(told(quick, *message, environment, {}) == expected, text);
  BOOST_TEST_REQUIRE(told(quick, *message, environment, {}) == expected, "again: " << text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(short_cuts)

BOOST_AUTO_TEST_CASE(change_nothing_of_mutated_messages) {
  mapping::Mapper quick(share(base()));
  mapping::Environment here, there;
  there.name_space = "urn:other:place";
  there.authorities = {{"HOSPITAL", "urn:oid:2.999.1"}};
  std::mt19937 random(20260105);
  for (int round = 0; round < 150; ++round) {
    compare(quick, mutate(kAdmission, random), round % 10 == 9 ? there : here);
    compare(quick, mutate(kResult, random), here);
  }
}

BOOST_AUTO_TEST_CASE(change_nothing_when_values_alone_differ) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  std::mt19937 random(20261122);
  for (int round = 0; round < 400; ++round) {
    compare(quick, revalue(kAdmission, random), environment);
    compare(quick, revalue(kResult, random), environment);
  }
}

// A hole's value that rules make nothing of, equal items of a list, and a period that ends before it
// starts are not as they were when the shape was recorded.
BOOST_AUTO_TEST_CASE(change_nothing_where_a_shape_breaks) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  const auto message = [](int number, const char* born, const char* other, const char* end) {
    return fmt::format(
        "MSH|^~\\&|EPIC|HOSPITAL|CW|HIM|20260105120000||ADT^A01^ADT_A01|C{0}|P|2.5.1\r"
        "PID|1||{0}^^^HOSPITAL^MR~{2}^^^HOSPITAL^MR||DOE{0}^EVE||{1}|F\r"
        "PV1|1|I|2N^201^A||||123^SMITH^JOHN||||||||||||V{0}^^^HOSPITAL^VN|||||||||||||||||||||||||"
        "20260105115500|{3}\r"
        "IN1|1|PLAN^Gold|PAYER1|PAYER INC|||G{0}||||20250101|{3}\r",
        number, born, other, end);
  };
  for (int number = 1'000; number < 1'200; ++number) {
    const bool odd = number % 7 == 0;
    const std::string own = std::to_string(number), next = std::to_string(number + 5'000);
    compare(quick, message(number, odd ? "19701345" : "19700102",
                           number % 11 == 0 ? own.c_str() : next.c_str(),
                           number % 13 == 0 ? "20240101" : "20260106"),
            environment);
  }
}

BOOST_AUTO_TEST_CASE(change_nothing_of_golden_messages) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  const std::filesystem::path golden = test::source_path("/tests/golden");
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden)) {
    if (entry.path().extension() == ".hl7") paths.push_back(entry.path());
  }
  BOOST_TEST(paths.size() > 100);
  std::sort(paths.begin(), paths.end());
  std::mt19937 random(20261123);
  for (int round = 0; round < 4; ++round) {
    for (const auto& path : paths) {
      std::ifstream in(path, std::ios::binary);
      std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
      std::replace(text.begin(), text.end(), '\n', '\r');
      compare(quick, round < 2 ? text : revalue(text, random), environment);
    }
  }
}

BOOST_AUTO_TEST_CASE(change_nothing_of_other_peoples_messages) {
  const std::filesystem::path corpus = test::source_path("/../shared/corpus");
  if (!std::filesystem::is_directory(corpus)) {
    BOOST_TEST_MESSAGE("skipped: ../shared/corpus is not here");
    return;
  }
  constexpr std::size_t kBytesMax = 20'000, kRounds = 4;
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    if (entry.path().extension() != ".hl7") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::replace(text.begin(), text.end(), '\n', '\r');
    if (text.size() < kBytesMax && text.find('\r') < text.size()) texts.push_back(std::move(text));
  }
  BOOST_TEST(texts.size() > 100);
  std::sort(texts.begin(), texts.end());
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  std::mt19937 random(20261124);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const std::string& text : texts) {
      compare(quick, round == 0   ? text
                     : round == 1 ? mutate(text, random)
                                  : revalue(text, random),
              environment);
    }
  }
}

// Segments that add to a resource do so by shapes, too: to a list that is there, to members that are
// there already, and with values that break the shape.
BOOST_AUTO_TEST_CASE(change_nothing_of_segments_that_add) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  for (int n = 1'000; n < 1'150; ++n) {
    const bool odd = n % 7 == 0;
    std::string text = fmt::format(
        "MSH|^~\\&|EPIC|HOSPITAL|CW|HIM|20260105120000||ADT^A01^ADT_A01|C{0}|P|2.5.1\r"
        "PID|1||{0}^^^HOSPITAL^MR||DOE{0}^EVE||19700102|F|||1 MAIN^^X\rPD1|||CLINIC^L^7{0}|55^DOC\r"
        "NK1|1|DOE^A{0}|SPO^Spouse^HL70063|{0} MAIN^^SPRINGFIELD|^PRN^PH^^1^217^{0}||N\r"
        "NK1|2|{1}^B|{2}|{0} MAIN^^SPRINGFIELD|^PRN^PH^^1^217^{0}||C||||||CLINIC {0}\r"
        "PV1|1|I|2N^201^A||||123^SMITH^JOHN||||||||||||V{0}^^^HOSPITAL^VN\r"
        "PV2|||R{0}^Reason||||||{3}|{4}||Text {0}\rPV2|||S{0}^Other||||||20260107\r"
        "DG1|1||I10^Hypertension {0}^I10||20260105|A\rDG1|2||I1{2}^{0}^I10||{3}|{2}||||||||{4}\r",
        n, odd ? "" : "DOE", n % 5 == 0 ? "F" : "W", n % 11 == 0 ? "20261345" : "20260108",
        n % 13 == 0 ? "x" : "2");
    if (n % 17 == 0) text += "NK1|3|\"\"|\"\"\rPV2|||\"\"\r";
    compare(quick, text, environment);
  }
}

// Codes that no vocabulary knows are told of for every message, where they stand in it.
BOOST_AUTO_TEST_CASE(change_nothing_of_codes_nobody_knows) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  std::size_t told_of = 0;
  for (int n = 1'000; n < 1'200; ++n) {
    const char* const odd = n % 7 == 0 ? "A2" : n % 5 == 0 ? "I" : "ZZ";
    const std::string text = fmt::format(
        "MSH|^~\\&|EPIC|HOSPITAL|CW|HIM|20260105120000||ADT^A01^ADT_A01|C{0}|P|2.5.1\r"
        "PID|1||{0}^^^HOSPITAL^MR||DOE{0}^EVE||19700102|{1}||Q{1}^x^L|1 MAIN^^X^^^^{1}|||||{1}|{1}\r"
        "NK1|1|DOE^A{0}|{1}^Who^HL70063|{0} MAIN^^X|^PRN^PH^^1^217^{0}||N\r"
        "NK1|2|DOE^B{0}|{1}^Who^HL70063|{0} MAIN^^X|^QQQ^{1}^^1^217^{0}||W\r"
        "PV1|1|I|2N^201^A|{1}|||123^SMITH^JOHN|||MED||||{1}|{1}~Y{2}|Y|||{1}|V{0}^^^HOSPITAL^VN||||||||||"
        "|||||||||{1}||||||||20260105115500\r"
        "AL1|1|{1}|0741^OXYCODONE{0}^L|{1}|HIVES\rDG1|1||I10^High{0}^I10||20260105|{1}\r"
        "AL1|2|{1}|0742^X{0}^L|{1}|RASH\rIN1|1|PLAN^Gold|PAYER1|PAYER INC||||||||||||||{1}|SEL\r",
        n, odd, n % 3);
    compare(quick, text, environment);
    const auto out = quick.map(*hl7::Message::parse(text), environment, {});
    told_of += (*out)->vocab_misses.size();
  }
  BOOST_TEST(told_of > 1'000);
}

// Keys that come out otherwise than when the shape was recorded: parts of blanks, equal keys, and
// numbers of what has no key but its place.
BOOST_AUTO_TEST_CASE(change_nothing_of_keys) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  for (int n = 1'000; n < 1'200; ++n) {
    const std::string own = std::to_string(n);
    std::string text = fmt::format(
        "MSH|^~\\&|LAB|HOSPITAL|CW|HIM|20260105120000||ORU^R01^ORU_R01|C{0}|P|2.5.1\r"
        "PID|1||{1}^^^{2}^MR~{3}^^^HOSPITAL^MR||DOE{0}^EVE||19700101|F\r"
        "PV1|1|I|2N^201^A^{2}||||{3}^SMITH||||||||||||V{0}^^^HOSPITAL^VN\r"
        "OBR|1|{1}^EPIC|A{0}^LAB|24323-8^CMP^LN|||20260105100000\r",
        n, n % 7 == 0 ? " " : own, n % 5 == 0 ? " " : "HOSPITAL", n % 11 == 0 ? own : "77" + own);
    for (int i = 0; i < 5; ++i) {
      text += fmt::format("OBX|{}|NM|{}^Calcium^LN|{}|{}|mg/dL|||||F|||20260105{}\r", i + 1,
                          n % 13 == i ? " " : i % 2 == 0 ? "2000-4" : "2001-4",
                          n % 3 == 0 ? " " : "1", n, n % 4 == 0 ? "10" : "1000");
    }
    compare(quick, text, environment);
  }
}

// What one segment says, the next ones of its shape say again: the same units, times, persons and
// notes, some of them with something to tell of every time.
BOOST_AUTO_TEST_CASE(change_nothing_of_values_that_come_again) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  std::mt19937 random(7);
  const auto any = [&](std::initializer_list<const char*> of) { return of.begin()[random() % of.size()]; };
  for (int n = 1'000; n < 1'120; ++n) {
    std::string text = fmt::format(
        "MSH|^~\\&|LAB|HOSPITAL|CW|HIM|20260105120000||ORU^R01^ORU_R01|C{0}|P|2.5.1\r"
        "PID|1||{0}^^^HOSPITAL^MR||DOE{0}^EVE||19700101|F\r", n);
    for (int order = 0; order < 2; ++order) {
      text += fmt::format("OBR|{1}|P{0}^EPIC|A{0}{1}^LAB|24323-8^CMP^LN|||20260105100000|||||||||12{1}^S\r",
                          n, order);
      for (int i = 0; i < 12; ++i) {
        text += fmt::format(
            "OBX|{0}|NM|200{0}-4^N{0}^LN||{1}|{2}|{3}|{4}|||F|||{5}|{6}|{7}||||||||{8}||{9}\r", i,
            any({"1", "2.5", "x", "0.10"}), any({"mg/dL", "mg/dL^milligram^UCUM", "^^"}),
            any({"1-2", "<5", "none"}), any({"H", "N", "ZZ"}),
            any({"20260105", "20261399", "20260105100000"}), any({"L1^Lab^L", "L2^Other^L"}),
            any({"1010^Tech^Lee", "1010^Tech^Lee", "1011^Tech^Ann^^^^^^HOSPITAL", "^Nobody"}),
            any({"Lab Inc^L^77", "Lab Two^L^78"}), any({"9^Chief^Dan", "8^Deputy^Eve"}));
        if (random() % 4 == 0) text += fmt::format("NTE|1|L|note {}\r", n % 3);
      }
    }
    compare(quick, text, environment);
  }
}

// A later segment changes what another one's resource has from the same value: that one alone.
BOOST_AUTO_TEST_CASE(change_nothing_of_what_one_of_them_adds_to) {
  const Compiled own = compile(
      "datatype: CX\nto: Identifier\nrules: {value: ^1}\n---\n"
      "datatype: CWE\nto: CodeableConcept\nrules: {coding: {set: {code: ^1, display: ^2}}}\n---\n"
      "datatype: XCN-Doctor\nto: Practitioner\nkey: [^1]\nrules: {name: {set: {family: ^2}}}\n---\n"
      "map: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules: {gender: =unknown}\n---\n"
      "map: O\nsegment: OBX\nto: Observation\nkey: ['$patient / OBX-1']\n"
      "rules: {status: =final, code: OBX-3, method: 'OBX-17[1]', valueString: 'OBX-5[1]',"
      " performer: {from: OBX-16, as: XCN-Doctor, set: {display: ^2}}}\n---\n"
      "map: N\nsegment: NTE\nto: Observation\nextends: observation\n"
      "rules: {code.text: 'NTE-3[1]', method.text: 'NTE-3[1]', performer.type: 'NTE-3[1]'}\n---\n"
      "message: ORU_R01\naccept: [ORU]\nplan:\n  - {segment: PID, make: patient, map: P}\n"
      "  - {segment: OBX, make: observation, map: O}\n"
      "  - {segment: NTE, extend: observation, map: N}\n");
  BOOST_REQUIRE_MESSAGE(own.set, own.report());
  mapping::Mapper quick(own.set);
  for (int n = 1'000; n < 1'040; ++n) {
    std::string text = fmt::format(
        "MSH|^~\\&|LAB|HOSPITAL|CW|HIM|20260105120000||ORU^R01^ORU_R01|C{0}|P|2.5.1\rPID|1||{0}\r", n);
    for (int i = 0; i < 8; ++i) {
      text += fmt::format("OBX|{}|ST|C{}^Code||{}|||||||||||{}^Tech||M^Way\r", i, n, i, n % 5);
      if (i % 3 == 1) text += fmt::format("NTE|1|L|word {}\r", i);
    }
    compare(quick, text, {}, *own.set);
  }
}

// A resource that holds no value of its message is everybody's, until a later segment adds to it.
BOOST_AUTO_TEST_CASE(change_nothing_of_a_resource_that_others_add_to) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  for (int number = 1'000; number < 1'100; ++number) {
    compare(quick,
            fmt::format("MSH|^~\\&|LAB|HOSPITAL|CW|HIM|20260105120000||ORU^R01^ORU_R01|C{0}|P|2.5.1\r"
                        "PID|1\rNK1|1|DOE{0}|||^^PH^^^^{0}\r", number),
            environment);
  }
}

// Outputs point into a memory that another Mapper fills: they stay as they are, also when the memory
// has been begun anew, twice over.
BOOST_AUTO_TEST_CASE(leave_outputs_as_they_are_while_others_map) {
  mapping::Recall recall;
  mapping::Mapper::Options options;
  options.recall = &recall;
  mapping::Mapper held(share(base())), other(share(base()));
  const mapping::Environment environment;
  const auto first = hl7::Message::parse(kAdmission);
  for (int i = 0; i < 3; ++i) (void)told(held, *first, environment, options);
  const auto out = held.map(*first, environment, options);
  BOOST_REQUIRE(out);
  std::string before;
  for (const mapping::Draft& draft : (*out)->drafts) fhir::write_json(draft.root, before);
  for (int i = 0; i < 2'500; ++i) {
    std::string text = kAdmission;
    for (const std::string_view word : {"DOE", "SMITH", "5551234", "OXYCODONE", "PAYER1", "2N"}) {
      const std::string fresh = std::string(word) + std::to_string(i);
      for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 12)) {
        text.replace(at, word.size(), fresh);
      }
    }
    (void)other.map(*hl7::Message::parse(text), environment, options);
  }
  std::string after;
  for (const mapping::Draft& draft : (*out)->drafts) {
    fhir::write_json(fhir::Document().clone(draft.root), after);
  }
  BOOST_TEST(after == before);
}

// A result may depend on delimiters, the sender's offset and the sending facility.
BOOST_AUTO_TEST_CASE(know_messages_of_other_kinds_apart) {
  mapping::Mapper quick(share(base()));
  const mapping::Environment environment;
  std::string other = kAdmission;
  for (char& c : other) c = c == '^' ? '!' : c == '~' ? '@' : c;
  std::string offset = kAdmission, facility = kAdmission;
  offset.replace(offset.find("-0500"), 5, "+0100");
  facility.replace(facility.find("|HOSPITAL^"), 10, "|ELSEWHERE^");
  for (int i = 0; i < 4; ++i) {
    for (const std::string& text : {kAdmission, other, offset, facility, kResult}) {
      compare(quick, text, environment);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
