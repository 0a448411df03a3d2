#include "support.hpp"

#include <fstream>
#include <thread>
#include "paths.hpp"

using schema_test::v2;

BOOST_AUTO_TEST_SUITE(v2_facts)

BOOST_AUTO_TEST_CASE(every_version_loads) {
  BOOST_TEST(v2().versions().size() == 12);
  for (const std::string& id : v2().versions()) {
    bool exact = false;
    const schema::V2Version* version = v2().version(id, &exact);
    BOOST_REQUIRE_MESSAGE(version != nullptr, id);
    BOOST_TEST(exact);
    BOOST_TEST(version->id() == id);
    for (const auto name : version->structure_ids()) {
      const schema::StructureDef* def = version->structure(name);
      BOOST_REQUIRE_MESSAGE(def != nullptr, id << " " << name);
      BOOST_TEST(def->root.name == name);
      BOOST_TEST((def->plan != nullptr));
    }
    for (const auto name : version->segment_ids()) {
      const schema::SegmentDef* def = version->segment(name);
      for (std::size_t i = 0; i < def->fields.size(); ++i) {
        BOOST_TEST(def->fields[i].number == i + 1);
        BOOST_TEST_CONTEXT(id << " " << name << "-" << i + 1) {
          BOOST_TEST((version->datatype(def->fields[i].type) != nullptr));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(nearest_version) {
  bool exact = true;
  const auto id_of = [&](std::string_view asked) {
    const schema::V2Version* version = v2().version(asked, &exact);
    return version == nullptr ? std::string("none") : std::string(version->id());
  };
  BOOST_TEST(id_of("2.9") == "2.8.1");
  BOOST_TEST(!exact);
  BOOST_TEST(id_of("2.8.2") == "2.8.1");
  BOOST_TEST(id_of("2.3.2") == "2.3.1");
  BOOST_TEST(id_of("2.0") == "2.1");
  BOOST_TEST(!exact);
  BOOST_TEST(id_of(" 2.4 ") == "2.4");
  BOOST_TEST(exact);
  for (const char* bad : {"", "2", "2.", "3.0", "two", "2.x", "2.5.1.1", "2..5"}) {
    BOOST_TEST_CONTEXT(bad) { BOOST_TEST(id_of(bad) == "none"); }
  }
}

// Facts checked against the standard's chapters 2, 3, 7 and 9.
BOOST_AUTO_TEST_CASE(known_fields) {
  struct Fact {
    const char *version, *segment;
    int field;
    const char* type;
    char optionality;
    bool repeats;
  };
  const Fact facts[] = {
      {"2.5", "PID", 3, "CX", 'R', true},      {"2.5", "PID", 5, "XPN", 'R', true},
      {"2.2", "PID", 7, "TS", 'O', false},     {"2.5.1", "PID", 7, "TS", 'O', false},
      {"2.6", "PID", 7, "DTM", 'O', false},    {"2.5.1", "PV1", 44, "TS", 'O', false},
      {"2.6", "PV1", 44, "DTM", 'O', false},   {"2.3", "TXA", 17, "ID", 'R', true},
      {"2.5.1", "TXA", 17, "ID", 'R', false},  {"2.5.1", "OBX", 5, "VARIES", 'O', true},
      {"2.7", "OBX", 5, "VARIES", 'C', true},  {"2.8.1", "OBX", 5, "VARIES", 'C', true},
      {"2.5.1", "OBX", 3, "CE", 'R', false},   {"2.6", "OBX", 3, "CWE", 'R', false},
      {"2.5.1", "MSH", 9, "MSG", 'R', false},  {"2.5.1", "OBR", 25, "ID", 'O', false},
      {"2.7", "PID", 2, "CX", 'W', false},     {"2.5.1", "MSH", 12, "VID", 'R', false},
      {"2.8", "PR1", 8, "XCN", 'W', true},     {"2.5.1", "PV1", 7, "XCN", 'O', true},
  };
  for (const Fact& fact : facts) {
    BOOST_TEST_CONTEXT(fact.version << " " << fact.segment << "-" << fact.field) {
      const schema::SegmentDef* segment = v2().version(fact.version)->segment(fact.segment);
      BOOST_REQUIRE((segment != nullptr && segment->fields.size() >= std::size_t(fact.field)));
      const schema::FieldDef& field = segment->fields[std::size_t(fact.field) - 1];
      BOOST_TEST(field.type == fact.type);
      BOOST_TEST(field.optionality == fact.optionality);
      BOOST_TEST((field.repeat_max != 1) == fact.repeats);
    }
  }
  BOOST_TEST(v2().version("2.5")->segment("PID")->fields.size() == 39);
  BOOST_TEST(v2().version("2.7")->segment("PID")->fields.size() == 40);
  BOOST_TEST(v2().version("2.3")->segment("PID")->fields.size() == 30);
  BOOST_TEST(v2().version("2.5.1")->segment("PV1")->fields.size() == 52);
  BOOST_TEST((v2().version("2.5.1")->segment("ZZZ") == nullptr));
}

BOOST_AUTO_TEST_CASE(what_came_with_2_8) {
  const auto count = [](const char* version, const char* id) {
    const schema::SegmentDef* segment = v2().version(version)->segment(id);
    return segment == nullptr ? -1 : static_cast<int>(segment->fields.size());
  };
  for (const char* id : {"BUI", "CDO", "DON", "RXV", "SGH", "SGT"}) {
    BOOST_TEST_CONTEXT(id) {
      BOOST_TEST(count("2.7.1", id) == -1);
      BOOST_TEST(count("2.8", id) >= 2);
      BOOST_TEST(count("2.8", id) == count("2.8.1", id));
    }
  }
  BOOST_TEST(count("2.7", "OBX") == 26);
  BOOST_TEST(count("2.8", "OBX") == 28);
  BOOST_TEST(count("2.7", "ORC") == 33);
  BOOST_TEST(count("2.8", "ORC") == 34);
  BOOST_TEST(count("2.8", "AUT") == 29);
  BOOST_TEST((v2().version("2.7")->segment("RXO")->fields[7].optionality != 'W'));
  BOOST_TEST((v2().version("2.8")->segment("RXO")->fields[7].optionality == 'W'));
}

BOOST_AUTO_TEST_CASE(known_types_and_tables) {
  const schema::V2Version& v = *v2().version("2.5.1");
  const schema::DatatypeDef* cx = v.datatype("CX");
  BOOST_REQUIRE((cx != nullptr));
  BOOST_TEST(cx->components.size() == 10);
  BOOST_TEST(cx->components[3].type == "HD");
  BOOST_TEST(cx->components[4].table == "0203");
  BOOST_TEST(v.datatype("ST")->components.empty());
  const auto* sexes = v.table("1");
  BOOST_REQUIRE((sexes != nullptr));
  BOOST_TEST((sexes == v.table("0001")));
  BOOST_TEST((std::find(sexes->begin(), sexes->end(), "F") != sexes->end()));
  BOOST_TEST((v.table("9876") == nullptr));
  BOOST_TEST((v.table("") == nullptr));
}

BOOST_AUTO_TEST_CASE(events) {
  const schema::V2Version& v = *v2().version("2.5.1");
  const auto id = [&](const char* type, const char* trigger) {
    return std::string(v.structure_id(type, trigger));
  };
  BOOST_TEST(id("ADT", "A01") == "ADT_A01");
  BOOST_TEST(id("ADT", "A04") == "ADT_A01");
  BOOST_TEST(id("ADT", "A08") == "ADT_A01");
  BOOST_TEST(id("ADT", "A13") == "ADT_A01");
  BOOST_TEST(id("ADT", "A28") == "ADT_A05");
  BOOST_TEST(id("ADT", "A31") == "ADT_A05");
  BOOST_TEST(id("ADT", "A07") == "ADT_A06");
  BOOST_TEST(id("ADT", "A12") == "ADT_A12");
  BOOST_TEST(id("ADT", "A40") == "ADT_A39");
  BOOST_TEST(id("ORU", "R01") == "ORU_R01");
  BOOST_TEST(id("ORU", "R32") == "ORU_R30");
  BOOST_TEST(id("SIU", "S15") == "SIU_S12");
  BOOST_TEST(id("ACK", "A01") == "ACK");
  BOOST_TEST(id("ADT", "Q99") == "");
  BOOST_TEST(v.has_type("MDM"));
  BOOST_TEST(!v.has_type("XYZ"));
  for (const char* version : {"2.3", "2.3.1", "2.4", "2.5", "2.6", "2.7", "2.8.1"}) {
    for (int i = 1; i <= 11; ++i) {
      const std::string trigger = (i < 10 ? "T0" : "T") + std::to_string(i);
      const std::string expected = i % 2 == 1 ? "MDM_T01" : "MDM_T02";
      const auto found = v2().version(version)->structure_id("MDM", trigger);
      BOOST_TEST_CONTEXT(version << " " << trigger) { BOOST_TEST(found == expected); }
    }
    const auto merge = v2().version(version)->structure_id("ADT", "A40");
    BOOST_TEST_CONTEXT(version) { BOOST_TEST(merge == "ADT_A39"); }
  }
}

BOOST_AUTO_TEST_CASE(structure_of_a_message) {
  const schema::V2Version& v25 = *v2().version("2.5.1");
  const auto find = [&](const schema::V2Version& v, const char* type, const char* trigger,
                        const char* structure) {
    const schema::StructureMatch match = v2().find_structure(v, type, trigger, structure);
    return (match.structure == nullptr ? std::string("none") : match.structure->id) +
           (match.exact ? "" : "~");
  };
  BOOST_TEST(find(v25, "ADT", "A08", "ADT_A01") == "ADT_A01");
  BOOST_TEST(find(v25, "ADT", "A08", "ADT_A08") == "ADT_A01");  // common, and wrong
  BOOST_TEST(find(v25, "ADT", "A08", "") == "ADT_A01");
  BOOST_TEST(find(v25, "ADT", "A08", "ORU_R01") == "ADT_A01");
  BOOST_TEST(find(v25, "", "", "ORU_R01") == "ORU_R01");
  BOOST_TEST(find(*v2().version("2.3"), "OML", "O21", "OML_O21") == "OML_O21~");
  BOOST_TEST(find(*v2().version("2.8.1"), "ORM", "O01", "ORM_O01") == "ORM_O01");
  BOOST_TEST(find(v25, "XXX", "A01", "") == "none~");
}

BOOST_AUTO_TEST_CASE(hand_structures) {
  const schema::StructureDef* orm = v2().version("2.5.1")->structure("ORM_O01");
  BOOST_REQUIRE((orm != nullptr));
  const schema::StructureNode& order = orm->root.children.back();
  BOOST_TEST(order.name == "ORDER");
  BOOST_TEST((order.repeats && order.required));
  const schema::StructureNode& detail = order.children.at(1);
  BOOST_TEST(detail.name == "ORDER_DETAIL");
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(detail.children.at(i).choice);
    BOOST_TEST(detail.children.at(i).required);
    BOOST_TEST(!detail.children.at(i).repeats);
  }
  BOOST_TEST(!detail.children.at(6).choice);
  BOOST_TEST(order.children.back().name == "BLG");
}

BOOST_AUTO_TEST_CASE(trees_that_are_none) {
  for (const char* bad : {"", "MSH (PID)", "MSH PID(", "PID(PV1", "PID)", "<OBR|RXO", "A()", "a b",
                          "PID??", "PID[2]", "((((", "<>"}) {
    BOOST_TEST_CONTEXT(bad) { BOOST_TEST(!schema::parse_structure("X", bad).has_value()); }
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "G(";
  BOOST_TEST(!schema::parse_structure("X", deep).has_value());
  std::string wide = "A";
  for (int i = 0; i < 100; ++i) wide += " A";
  BOOST_TEST(!schema::parse_structure("X", wide).has_value());
}

BOOST_AUTO_TEST_CASE(broken_files) {
  namespace fs = std::filesystem;
  BOOST_TEST((schema::V2Schema::load("/no/such/folder").error().code == core::ErrorCode::kIo));
  const fs::path folder = fs::path(test::build_path("/schema_broken"));
  fs::remove_all(folder);
  fs::copy(test::source_path("/schemas/hl7v2"), folder);
  std::ofstream(folder / "2.8.1.txt") << "S PID Patient\nf 2 O ST 1 0 - Second first\n";
  auto result = schema::V2Schema::load(folder.string());
  BOOST_REQUIRE(!result.has_value());
  BOOST_TEST((result.error().code == core::ErrorCode::kBadConfig));
  BOOST_TEST(result.error().where.find("2.8.1.txt:2") != std::string::npos);
  fs::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(many_threads_one_schema) {
  auto loaded = schema::V2Schema::load(test::source_path("/schemas/hl7v2"));
  BOOST_REQUIRE(loaded.has_value());
  std::vector<std::thread> threads;
  std::vector<const schema::StructureDef*> found(8);
  for (std::size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&, i] { found[i] = loaded->version("2.4")->structure("ORU_R01"); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto* one : found) BOOST_TEST((one != nullptr && one == found[0]));
}

BOOST_AUTO_TEST_SUITE_END()
