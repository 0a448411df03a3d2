// Deficiencies as Task and DetectedIssue, held against the R4 definitions.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "paths.hpp"
#include "ward.hpp"

using fhir::Node;

namespace {

him::Deficiency example() {
  him::Deficiency d;
  d.id = "0f1c2d3e-0000-5000-8000-000000000001";
  d.rule = "R06";
  d.patient = "P1";
  d.mrn = "100";
  d.visit = "V1";
  d.encounter = "enc-V1";
  d.lacking_code = "18842-5";
  d.lacking = "Discharge summary";
  d.owner = "Adams, Ruth (1001)";
  d.owner_name = "Adams, Ruth";
  d.owner_reference = "Practitioner/p-1001";
  d.state = him::State::kDue;
  d.severity = "H";
  d.source = "42 CFR 482.24(c)(4)(vii)";
  d.opened = test::at("2026-03-06T10:00:00Z");
  d.modified = test::at("2026-03-10T09:30:00Z");
  d.due = test::at("2026-03-13T09:30:00Z");
  d.opened_by = "hospital|MSG00042";
  return d;
}

std::string json(const Node* node) {
  std::string out;
  fhir::write_json(node, out);
  return out;
}

bool has_empty(const Node* node) {
  if (node->kind == Node::Kind::kNull) return true;
  if (node->is_leaf()) return node->text.empty();
  if (node->count == 0) return true;
  for (const auto* m = node->first_member; m; m = m->next) {
    if (has_empty(m->value)) return true;
  }
  for (const auto* i = node->first_item; i; i = i->next) {
    if (has_empty(i->value)) return true;
  }
  return false;
}

void check_valid(const him::Deficiency& deficiency) {
  fhir::Document memory;
  for (const Node* tree :
       {him::to_task(deficiency, memory), him::to_detected_issue(deficiency, memory)}) {
    for (const auto& fault : schema::validate(test::r4(), tree)) {
      BOOST_ERROR(fault.path << ": " << fault.text << " in " << json(tree));
    }
    BOOST_TEST(!has_empty(tree), json(tree));
    BOOST_TEST(json(tree).find("MSG000") == std::string::npos, "names a control id");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_state_is_valid_r4) {
  for (const him::State state :
       {him::State::kAssigned, him::State::kAvailable, him::State::kDue, him::State::kDelinquent,
        him::State::kCompleted, him::State::kWaived, him::State::kCancelled}) {
    him::Deficiency d = example();
    d.state = state;
    if (!him::is_open(state)) {
      d.closed = test::at("2026-03-12T09:30:00Z");
      d.closed_by = "hospital|MSG00043";
    }
    check_valid(d);
    d.begun = true;
    d.subject = "Procedure/PR1";
    check_valid(d);
    him::Deficiency bare;
    bare.id = d.id;
    bare.rule = "R21";
    bare.patient = "P1";
    bare.lacking = "Signature";
    bare.owner = "registration";
    bare.state = state;
    check_valid(bare);
  }
}

BOOST_AUTO_TEST_CASE(task_says_who_what_and_when) {
  fhir::Document memory;
  const Node* task = him::to_task(example(), memory);
  BOOST_TEST(task->text_of("id") == example().id);
  BOOST_TEST(task->text_of("status") == "requested");
  const Node* code = task->find("code")->find("coding")->item(0);
  BOOST_TEST(code->text_of("system") == "urn:chartwire:rule");
  BOOST_TEST(code->text_of("code") == "R06");
  BOOST_TEST(task->find("for")->text_of("reference") == "Patient/P1");
  BOOST_TEST(task->find("encounter")->text_of("reference") == "Encounter/enc-V1");
  BOOST_TEST(task->find("focus")->text_of("reference") == "Encounter/enc-V1");
  BOOST_TEST(task->find("owner")->text_of("reference") == "Practitioner/p-1001");
  BOOST_TEST(task->find("owner")->text_of("display") == "Adams, Ruth");
  BOOST_TEST(task->find("restriction")->find("period")->text_of("end") == "2026-03-13T09:30:00Z");
  BOOST_TEST(task->find("businessStatus")->find("coding")->item(0)->text_of("code") == "due");
  BOOST_TEST(task->text_of("authoredOn") == "2026-03-06T10:00:00Z");
  BOOST_TEST(task->text_of("lastModified") == "2026-03-10T09:30:00Z");
  BOOST_TEST(task->find("reasonReference")->text_of("reference") ==
             "DetectedIssue/" + example().id);
}

BOOST_AUTO_TEST_CASE(task_status_follows_the_state) {
  const auto status = [](him::State state, bool begun) {
    fhir::Document memory;
    him::Deficiency d = example();
    d.state = state;
    d.begun = begun;
    return std::string(him::to_task(d, memory)->text_of("status"));
  };
  BOOST_TEST(status(him::State::kAssigned, false) == "requested");
  BOOST_TEST(status(him::State::kDelinquent, false) == "requested");
  BOOST_TEST(status(him::State::kAvailable, true) == "in-progress");
  BOOST_TEST(status(him::State::kDelinquent, true) == "in-progress");
  BOOST_TEST(status(him::State::kCompleted, true) == "completed");
  BOOST_TEST(status(him::State::kCancelled, true) == "cancelled");
  BOOST_TEST(status(him::State::kWaived, false) == "cancelled");
}

BOOST_AUTO_TEST_CASE(issue_shows_its_evidence) {
  fhir::Document memory;
  him::Deficiency d = example();
  d.subject = "Procedure/PR1";
  const Node* issue = him::to_detected_issue(d, memory);
  BOOST_TEST(issue->text_of("status") == "final");
  BOOST_TEST(issue->text_of("severity") == "high");
  BOOST_TEST(issue->find("patient")->text_of("reference") == "Patient/P1");
  const Node* evidence = issue->find("evidence")->item(0);
  const Node* coding = evidence->find("code")->item(0)->find("coding")->item(0);
  BOOST_TEST(coding->text_of("code") == "18842-5");
  BOOST_TEST(evidence->find("detail")->item(0)->text_of("reference") == "Procedure/PR1");
  BOOST_TEST(evidence->find("detail")->item(1)->text_of("reference") == "Encounter/enc-V1");
  BOOST_TEST(issue->text_of("detail").find("482.24") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(what_a_chart_gives_is_valid_too) {
  test::Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"patient", {{"mrn", "100"}}},
                {"visit", {{"start", "2026-03-02T08:00:00Z"}, {"attending", "1001 Adams, Ruth"}}},
                {"procedure", {{"type", "P"}, {"time", "2026-03-02T10:00:00Z"}}},
                {"document", {{"types", "PR"}, {"completion", "DO"}}}});
  const auto found = ward.list("2026-03-09T08:05:00Z");
  BOOST_TEST(found.size() == 4u);
  for (const him::Deficiency& one : found) check_valid(one);
}

BOOST_AUTO_TEST_CASE(the_topic_names_what_tasks_have) {
  std::ifstream file(test::source_path("/schemas/fhir/topics/chart-deficiency.json"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  fhir::Document memory;
  const auto topic = fhir::parse_json(text, memory);
  BOOST_REQUIRE(topic.has_value());
  const Node* trigger = (*topic)->find("resourceTrigger")->first_item->value;
  BOOST_TEST(trigger->text_of("resource") == "Task");
  const Node* task = him::to_task(example(), memory);
  const std::string criteria(trigger->find("queryCriteria")->text_of("current"));
  const Node* coding = task->find("code")->find("coding")->first_item->value;
  BOOST_TEST(criteria == "code=" + std::string(coding->text_of("system")) + "|");
  const auto searched = [](std::string_view name) {
    const auto params = test::r4().search_params("Task");
    return std::any_of(params.begin(), params.end(),
                       [name](const auto& one) { return one.name == name; });
  };
  std::size_t filters = 0;
  for (const auto* one = (*topic)->find("canFilterBy")->first_item; one; one = one->next) {
    BOOST_TEST(one->value->text_of("resource") == "Task");
    BOOST_TEST(searched(one->value->text_of("filterParameter")),
               one->value->text_of("filterParameter"));
    ++filters;
  }
  BOOST_TEST(filters == 6u);
  const Node* shape = (*topic)->find("notificationShape")->first_item->value;
  for (const auto* one = shape->find("include")->first_item; one; one = one->next) {
    BOOST_TEST(searched(std::string_view(one->value->text).substr(5)), one->value->text);
  }
}
