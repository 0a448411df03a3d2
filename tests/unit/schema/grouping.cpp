#include "support.hpp"

#include <random>

using schema_test::of_names;
using schema_test::tree_text;
using schema_test::v2;

namespace {

struct Grouped {
  std::string tree;
  int warnings = 0;
  std::string missing;  ///< texts of the errors, joined
};

Grouped group_names(const char* version, const char* structure, std::string_view names) {
  const hl7::Message message = of_names(names);
  const schema::StructureDef* def = v2().version(version)->structure(structure);
  BOOST_REQUIRE((def != nullptr));
  schema::GroupTree tree;
  hl7::Issues issues;
  schema::group(message, *def, tree, issues);
  Grouped result{tree_text(message, tree)};
  for (const hl7::Issue& issue : issues) {
    if (issue.severity == hl7::Severity::kError) {
      BOOST_TEST((issue.code == core::ErrorCode::kRequiredSegmentMissing));
      result.missing += (result.missing.empty() ? "" : "; ") + issue.text;
    } else {
      ++result.warnings;
    }
  }
  return result;
}

void expect(const char* version, const char* structure, std::string_view names,
            std::string_view tree, int warnings = 0, std::string_view missing = "") {
  BOOST_TEST_CONTEXT(structure << ": " << names) {
    const Grouped grouped = group_names(version, structure, names);
    BOOST_TEST(grouped.tree == tree);
    BOOST_TEST(grouped.warnings == warnings);
    BOOST_TEST(grouped.missing == missing);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grouping)

BOOST_AUTO_TEST_CASE(as_the_standard_says) {
  expect("2.5.1", "ADT_A01", "EVN PID PD1 NK1 NK1 PV1 PV2 AL1 DG1 PR1 ROL PR1 GT1 IN1 IN2 IN1 ACC",
         "MSH EVN PID PD1 NK1 NK1 PV1 PV2 AL1 DG1 PROCEDURE(PR1 ROL) PROCEDURE(PR1) GT1 "
         "INSURANCE(IN1 IN2) INSURANCE(IN1) ACC");
  expect("2.5.1", "ORU_R01", "PID NTE PV1 PV2 ORC OBR NTE OBX NTE NTE OBX SPM OBX",
         "MSH PATIENT_RESULT(PATIENT(PID NTE VISIT(PV1 PV2)) ORDER_OBSERVATION(ORC OBR NTE "
         "OBSERVATION(OBX NTE NTE) OBSERVATION(OBX) SPECIMEN(SPM OBX)))");
  expect("2.5.1", "ORU_R01", "PID ORC OBR OBX PID ORC OBR",
         "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(ORC OBR OBSERVATION(OBX))) "
         "PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(ORC OBR))");
  expect("2.5.1", "MDM_T02", "EVN PID PV1 TXA OBX OBX NTE",
         "MSH EVN PID PV1 TXA OBSERVATION(OBX) OBSERVATION(OBX NTE)");
  expect("2.5.1", "ADT_A39", "EVN PID MRG PID PD1 MRG PV1",
         "MSH EVN PATIENT(PID MRG) PATIENT(PID PD1 MRG PV1)");
  expect("2.5.1", "ADT_A17", "EVN PID PV1 PID PV1", "MSH EVN PID PV1 PID PV1");
  expect("2.5.1", "ORM_O01", "PID PV1 ORC OBR NTE OBX ORC RXO",
         "MSH PATIENT(PID PATIENT_VISIT(PV1)) ORDER(ORC ORDER_DETAIL(OBR NTE OBSERVATION(OBX))) "
         "ORDER(ORC ORDER_DETAIL(RXO))");
  expect("2.5.1", "SIU_S12", "SCH PID PV1 RGS AIS NTE AIP AIP RGS AIL",
         "MSH SCH PATIENT(PID PV1) RESOURCES(RGS SERVICE(AIS NTE) PERSONNEL_RESOURCE(AIP) "
         "PERSONNEL_RESOURCE(AIP)) RESOURCES(RGS LOCATION_RESOURCE(AIL))");
  expect(
      "2.5.1", "VXU_V04", "PID PV1 ORC RXA RXR OBX OBX ORC RXA",
      "MSH PID PATIENT(PV1) ORDER(ORC RXA RXR OBSERVATION(OBX) OBSERVATION(OBX)) ORDER(ORC RXA)");
  // A second order is an order, not the prior result that the structure would also allow here.
  expect("2.5.1", "OML_O21", "PID ORC OBR SPM ORC OBR OBX",
         "MSH PATIENT(PID) ORDER(ORC OBSERVATION_REQUEST(OBR SPECIMEN(SPM))) "
         "ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX)))");
}

BOOST_AUTO_TEST_CASE(orders_without_orc) {
  // One accession, several OBR: one ORDER_OBSERVATION each, with or without ORC.
  expect(
      "2.5.1", "ORU_R01", "PID OBR OBX OBX NTE OBR OBX OBR",
      "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX) OBSERVATION(OBX NTE))"
      " ORDER_OBSERVATION(OBR OBSERVATION(OBX)) ORDER_OBSERVATION(OBR))");
  expect("2.5.1", "ORU_R01", "PID ORC OBR OBX SPM OBR OBX SPM ORC OBR",
         "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(ORC OBR OBSERVATION(OBX) SPECIMEN(SPM))"
         " ORDER_OBSERVATION(OBR OBSERVATION(OBX) SPECIMEN(SPM)) ORDER_OBSERVATION(ORC OBR))");
  expect("2.5.1", "ORM_O01", "PID OBR NTE OBR ORC OBR",
         "MSH PATIENT(PID) ORDER(ORDER_DETAIL(OBR NTE)) ORDER(ORDER_DETAIL(OBR)) "
         "ORDER(ORC ORDER_DETAIL(OBR))",
         0, "ORC is missing in ORDER; ORC is missing in ORDER");
  expect("2.3", "ORM_O01", "PID OBR OBX OBR OBX",
         "MSH PATIENT(PID) ORDER(ORDER_DETAIL(OBR OBSERVATION(OBX))) "
         "ORDER(ORDER_DETAIL(OBR OBSERVATION(OBX)))",
         0, "ORC is missing in ORDER; ORC is missing in ORDER");
}

BOOST_AUTO_TEST_CASE(what_is_missing) {
  expect("2.5.1", "ORU_R01", "OBR OBX",
         "MSH PATIENT_RESULT(ORDER_OBSERVATION(OBR OBSERVATION(OBX)))");
  expect("2.5.1", "ORU_R01", "PID", "MSH PATIENT_RESULT(PATIENT(PID))", 0,
         "ORDER_OBSERVATION is missing in PATIENT_RESULT");
  expect("2.5.1", "ADT_A01", "PID", "MSH PID", 0,
         "EVN is missing in ADT_A01; PV1 is missing in ADT_A01");
  expect("2.5.1", "ADT_A01", "EVN PID", "MSH EVN PID", 0, "PV1 is missing in ADT_A01");
  expect("2.5.1", "ORU_R01", "PV1 OBR",
         "MSH PATIENT_RESULT(PATIENT(VISIT(PV1)) ORDER_OBSERVATION(OBR))", 1,
         "PID is missing in PATIENT");
  expect("2.5.1", "ADT_A01", "EVN PID PV1 IN2", "MSH EVN PID PV1 INSURANCE(IN2)", 1,
         "IN1 is missing in INSURANCE");
  expect("2.5.1", "ORM_O01", "PID ORC NTE", "MSH PATIENT(PID) ORDER(ORC NTE)", 1);
}

BOOST_AUTO_TEST_CASE(out_of_order) {
  expect("2.5.1", "ADT_A01", "EVN PV1 PID", "MSH EVN PV1 PID", 1);
  expect("2.5.1", "ADT_A01", "EVN PID PV1 IN1 GT1 IN2", "MSH EVN PID PV1 INSURANCE(IN1 IN2) GT1",
         1);
  expect("2.5.1", "ADT_A01", "EVN PID PV1 IN1 IN2 OBX DG1 AL1 IN1",
         "MSH EVN PID PV1 INSURANCE(IN1 IN2) OBX DG1 AL1 INSURANCE(IN1)", 3);
  expect("2.5.1", "ADT_A01", "EVN PID PV1 ACC IN1 IN2",
         "MSH EVN PID PV1 ACC INSURANCE(IN1 IN2)", 1);
  expect("2.5.1", "ADT_A01", "EVN PID PV1 PV1 DG1", "MSH EVN PID PV1 PV1 DG1", 1);
  expect(
      "2.5.1", "ORU_R01", "PID OBX OBR OBX",
      "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBSERVATION(OBX) OBR OBSERVATION(OBX)))",
      2);
  expect("2.5.1", "ORU_R01", "PID OBX OBX",
         "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBSERVATION(OBX) OBSERVATION(OBX)))", 1,
         "OBR is missing in ORDER_OBSERVATION");
  expect("2.5.1", "ORU_R01", "PID OBR OBX PV1 OBX",
         "MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1)) ORDER_OBSERVATION(OBR OBSERVATION(OBX) "
         "OBSERVATION(OBX)))",
         1);
  expect("2.5.1", "ORU_R01", "PV1 PID OBR",
         "MSH PATIENT_RESULT(PATIENT(VISIT(PV1) PID) ORDER_OBSERVATION(OBR))", 2);
  expect("2.5.1", "BAR_P01", "EVN PID PV1 IN1 DG1 DG1",
         "MSH EVN PID VISIT(PV1 INSURANCE(IN1) DG1 DG1)", 2);
}

BOOST_AUTO_TEST_CASE(notes_and_local_segments_anywhere) {
  expect("2.5.1", "ADT_A01", "EVN PID NTE PV1 ZPV", "MSH EVN PID NTE PV1 ZPV", 1);
  expect("2.5.1", "ORU_R01", "NTE PID ZPI OBR ZBR OBX ZBX",
         "MSH NTE PATIENT_RESULT(PATIENT(PID ZPI) ORDER_OBSERVATION(OBR ZBR OBSERVATION(OBX ZBX)))",
         1);
  expect(
      "2.5.1", "ORU_R01", "PID OBR OBX SPM NTE",
      "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX) SPECIMEN(SPM NTE)))",
      1);
  expect("2.5.1", "ADT_A01", "EVN PID PV1 XYZ", "MSH EVN PID PV1 XYZ", 1);
}

BOOST_AUTO_TEST_CASE(a_structure_made_by_hand) {
  auto def = schema::parse_structure("X", "MSH A01? (");
  BOOST_TEST(!def.has_value());
  def = schema::parse_structure("X", "MSH G(<AAA|BBB>+ CCC)* DDD");
  BOOST_REQUIRE(def.has_value());
  const hl7::Message message = of_names("BBB AAA CCC AAA DDD");
  schema::GroupTree tree;
  hl7::Issues issues;
  schema::group(message, *def, tree, issues);  // without a plan
  BOOST_TEST(tree_text(message, tree) == "MSH G(BBB AAA CCC) G(AAA) DDD");
  BOOST_REQUIRE(issues.size() == 1);
  BOOST_TEST(issues[0].text == "CCC is missing in G");
  // A copy must not use the tables of the original.
  schema::StructureDef copy = *v2().version("2.5.1")->structure("ADT_A01");
  schema::group(message, copy, tree, issues);
  BOOST_TEST((tree.groups[0].def == &copy.root));
}

// Whatever the order, each segment is in exactly one group, parents come before children, and group
// instances stand in the order of their first segments.
BOOST_AUTO_TEST_CASE(shuffled) {
  std::mt19937 random(20240229);
  const char* structures[] = {"ADT_A01", "ORU_R01", "ORM_O01", "OML_O21", "MDM_T02", "RDE_O11",
                              "VXU_V04", "SIU_S12", "PPR_PC1", "DFT_P03", "BAR_P01", "ADT_A17",
                              "CCR_I16", "EHC_E01"};
  const std::vector<std::string> names = {
      "PID", "PV1", "PV2", "NTE", "ORC", "OBR", "OBX", "SPM", "IN1", "IN2", "GT1", "DG1", "AL1",
      "PR1", "ROL", "EVN", "TXA", "RXA", "RXE", "RXR", "TQ1", "FT1", "ZZZ", "QQQ", "NK1", "MRG",
      "SCH", "RGS", "AIS", "PRB", "GOL", "RXO", "IVC", "PSS", "PSG", "PSL", "VAR", "CTI"};
  schema::GroupTree tree;
  for (int round = 0; round < 600; ++round) {
    const char* id = structures[random() % std::size(structures)];
    std::string text;
    const std::size_t count = 1 + random() % 40;
    for (std::size_t i = 0; i < count; ++i) text += names[random() % names.size()] + ' ';
    const hl7::Message message = of_names(text);
    hl7::Issues issues;
    schema::group(message, *v2().newest().structure(id), tree, issues);
    BOOST_TEST_CONTEXT(id << ": " << text) {
      BOOST_REQUIRE(tree.group_of.size() == message.segment_count());
      std::vector<std::uint32_t> first(tree.groups.size(), 0xffffffff);
      for (std::uint32_t i = message.segment_count(); i-- > 0;) {
        BOOST_REQUIRE(tree.group_of[i] < tree.groups.size());
        for (std::uint32_t g = tree.group_of[i]; g != schema::GroupTree::kNone;
             g = tree.groups[g].parent) {
          first[g] = i;
        }
      }
      std::size_t linked = 1;
      for (std::uint32_t g = 0; g < tree.groups.size(); ++g) {
        BOOST_REQUIRE(first[g] != 0xffffffff);  // no empty instance
        if (g > 0) {
          BOOST_REQUIRE(tree.groups[g].parent < g);
          BOOST_REQUIRE(first[g - 1] <= first[g]);
        }
        for (std::uint32_t c = tree.groups[g].first_child; c != schema::GroupTree::kNone;
             c = tree.groups[c].next_sibling) {
          BOOST_REQUIRE(tree.groups[c].parent == g);
          ++linked;
        }
      }
      BOOST_REQUIRE(linked == tree.groups.size());
    }
  }
}

// Many misplaced segments must neither list without end nor take quadratic time.
BOOST_AUTO_TEST_CASE(large_and_wrong) {
  std::string names = "PID ";
  for (int i = 0; i < 10000; ++i) names += "OBR PV1 ";
  for (int i = 0; i < 10000; ++i) names += "QQQ PD1 ";
  const hl7::Message message = of_names(names);
  schema::GroupTree tree;
  hl7::Issues issues;
  schema::group(message, *v2().newest().structure("ORU_R01"), tree, issues);
  BOOST_TEST(issues.size() <= 2 * schema::kGroupIssuesMax);
  std::size_t orders = 0;
  for (const auto& group : tree.groups) orders += group.def->name == "ORDER_OBSERVATION" ? 1 : 0;
  BOOST_TEST(orders == 10000);
}

BOOST_AUTO_TEST_SUITE_END()
