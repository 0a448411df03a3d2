// What becomes of a visit of which several messages speak: late ones, contradicting ones, and those of
// other patients.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>

#include <algorithm>

#include "applier_run.hpp"

namespace {

/// A message about visit V1 of patient 1000, at a minute of January 10th 2026.
struct Said {
  std::string type = "ADT^A01", time = "0800", mrn = "1000", kind = "I", attending = "1001^Adams";
  std::string admitted, discharged, disposition, document, author = "1001^Adams", visit = "V1";
};

std::string day(const std::string& minute) { return minute.empty() ? "" : "20260110" + minute; }

std::string text_of(const Said& said) {
  std::string text = "MSH|^~\\&|REG|GENERAL|CW|HIM|" + day(said.time) + "||" + said.type +
                     "|C0|P|2.5.1\rEVN||" + day(said.time) + "\rPID|1||" + said.mrn +
                     "^^^GENERAL^MR||Doe^Jane||19800101|F\rPV1|1|" + said.kind + "|4W||||" +
                     said.attending + "||||||||||||" + said.visit + "^^^GENERAL^VN" +
                     std::string(17, '|') + said.disposition + "||||||||" +
                     (said.admitted == "\"\"" ? said.admitted : day(said.admitted)) + "|" +
                     (said.discharged == "\"\"" ? said.discharged : day(said.discharged)) + "\r";
  if (said.document.empty()) return text;
  return text + "TXA|1|PN|TX|" + day(said.time) + "|" + said.author + "|" + day(said.time) + "|||" +
         said.author + "|||" + said.document + "^DOC|||||AU||AV|||" + said.author +
         std::string(12, '^') + day(said.time) + "\r";
}

struct Visits {
  test::Run run;
  explicit Visits(const std::vector<Said>& all) : run(texts(all)) { (void)run.apply(nullptr); }

  static std::vector<std::string> texts(const std::vector<Said>& all) {
    std::vector<std::string> out;
    for (const Said& said : all) out.push_back(text_of(said));
    return out;
  }
  std::string ask(const char* sql) {
    std::string found;
    auto status = run.stores.records->db().query(sql, {}, [&](const store::Row& row) {
      (found += row.text(0)) += ' ';
      return true;
    });
    BOOST_REQUIRE(status.has_value());
    if (!found.empty()) found.pop_back();
    return found;
  }
  /// The one Encounter.
  std::string body() {
    const auto found = run.stores.records->get("Encounter", ask("SELECT encounter FROM him_visit"));
    BOOST_REQUIRE((found.has_value() && found->has_value()));
    return (*found)->body;
  }
  /// A member of it ("period.start"), as text.
  std::string at(const std::string& path) {
    fhir::Document memory;
    const auto tree = fhir::parse_json(body(), memory);
    BOOST_REQUIRE(tree.has_value());
    const fhir::Node* node = *tree;
    for (std::size_t from = 0; node && from <= path.size();) {
      const std::size_t dot = std::min(path.find('.', from), path.size());
      node = node->find(path.substr(from, dot - from));
      if (node) node = node->item(0);
      from = dot + 1;
    }
    return node ? std::string(node->text) : std::string();
  }
  /// Open deficiencies of a rule, by patient number.
  std::string open(const std::string& rule) {
    return ask(("SELECT mrn FROM him_deficiency WHERE closed IS NULL AND rule = '" + rule +
                "' ORDER BY mrn").c_str());
  }
  std::string issues() { return ask("SELECT issues FROM message"); }
};

const Said kAdmission{.time = "0800", .admitted = "0800"};
const Said kDischarge{
    .type = "ADT^A03", .time = "1000", .admitted = "0800", .discharged = "1000", .disposition = "01"};

Said update(const std::string& time) { return {.type = "ADT^A08", .time = time}; }
Said note(const std::string& time, const std::string& number = "D1") {
  return {.type = "MDM^T02", .time = time, .document = number};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(visits)

BOOST_AUTO_TEST_CASE(a_late_admission_says_what_nobody_has_said_since) {
  for (const Said& first : {update("0900"), note("0900")}) {
    Visits late({first, kAdmission});
    BOOST_TEST(late.at("status") == "in-progress");
    BOOST_TEST(late.at("period.start").starts_with("2026-01-10T08:00"));
    BOOST_TEST(late.at("class.code") == "IMP");
    BOOST_TEST(late.open("R47") == "");
    BOOST_TEST(late.open("R01") == "1000");
    BOOST_TEST(late.issues().find("older than what is stored") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_late_word_changes_nothing_that_was_said_since) {
  Said newer = update("0900");
  newer.attending = "2002^Brook";
  newer.kind = "O";
  newer.admitted = "0830";
  Visits late({newer, kAdmission});
  BOOST_TEST(late.at("participant.individual.display") == "Brook");
  BOOST_TEST(late.at("class.code") == "AMB");
  BOOST_TEST(late.at("period.start").starts_with("2026-01-10T08:30"));
  BOOST_TEST(late.at("status") == "in-progress");
  // Of one whom documents alone have named, registration's word on class and times is the first.
  Said named = note("0900");
  named.kind = "O";
  named.admitted = "0830";
  Visits first({named, kAdmission});
  BOOST_TEST(first.at("class.code") == "IMP");
  BOOST_TEST(first.at("period.start").starts_with("2026-01-10T08:00"));
}

BOOST_AUTO_TEST_CASE(what_was_taken_back_does_not_return_by_a_late_word) {
  // The discharge was cancelled before it was heard of.
  const Said back{.type = "ADT^A13", .time = "1100", .admitted = "0800"};
  for (const std::vector<Said>& all :
       {std::vector<Said>{back, kDischarge}, {kAdmission, update("1200"), kDischarge, back},
        {kAdmission, update("1200"), back, kDischarge}, {update("1200"), kDischarge, back, kAdmission}}) {
    Visits stays(all);
    BOOST_TEST(stays.at("status") == "in-progress");
    BOOST_TEST(stays.at("period.end") == "");
    BOOST_TEST(stays.body().find("dischargeDisposition") == std::string::npos);
  }
  // An admission time that was known and cleared.
  Said known = update("0830"), cleared = update("0900");
  known.admitted = "0800";
  cleared.admitted = "\"\"";
  Visits without({known, cleared, kAdmission});
  BOOST_TEST(without.at("status") == "in-progress");
  BOOST_TEST(without.at("period.start") == "");
  // A cancelled admission stays so.
  Visits cancelled({{.type = "ADT^A11", .time = "0900"}, kAdmission});
  BOOST_TEST(cancelled.at("status") == "cancelled");
}

BOOST_AUTO_TEST_CASE(late_words_come_to_the_same_visit_in_any_order) {
  std::vector<Said> all{kAdmission, update("0900"), kDischarge, update("1100")};
  const auto earlier = [](const Said& a, const Said& b) { return a.time < b.time; };
  do {
    Visits visit(all);
    std::string order;
    for (const Said& one : all) order += one.type + "@" + one.time + " ";
    BOOST_TEST(visit.at("status") == "finished", order);
    BOOST_TEST(visit.at("period.start").starts_with("2026-01-10T08:00"), order);
    BOOST_TEST(visit.at("period.end").starts_with("2026-01-10T10:00"), order);
  } while (std::next_permutation(all.begin(), all.end(), earlier));
}

BOOST_AUTO_TEST_CASE(a_late_message_once_more_changes_nothing) {
  Visits once({update("0900"), kAdmission});
  Visits twice({update("0900"), kAdmission, kAdmission, update("0900"), kAdmission});
  BOOST_TEST(once.body() == twice.body());
  const char* kVersions = "SELECT version FROM resource ORDER BY version DESC LIMIT 1";
  BOOST_TEST(once.ask(kVersions) == twice.ask(kVersions));
}

BOOST_AUTO_TEST_CASE(a_document_takes_no_discharge_away) {
  Said contradicting = note("1100");
  contradicting.admitted = "1030";
  Visits after({kAdmission, kDischarge, contradicting});
  BOOST_TEST(after.at("period.start").starts_with("2026-01-10T08:00"));
  BOOST_TEST(after.at("period.end").starts_with("2026-01-10T10:00"));
  BOOST_TEST(after.ask("SELECT COUNT(*) FROM him_visit WHERE ended IS NOT NULL") == "1");
  BOOST_TEST(after.open("R-CONFLICT") == "");
  // Registration corrects itself as before.
  Said corrected = update("1200");
  corrected.admitted = "0730";
  BOOST_TEST(Visits({kAdmission, kDischarge, corrected}).at("period.start")
                 .starts_with("2026-01-10T07:30"));
  // What registration has not said a document may tell.
  Said telling = note("1100");
  telling.discharged = "1045";
  BOOST_TEST(Visits({kAdmission, telling}).at("period.end").starts_with("2026-01-10T10:45"));
}

BOOST_AUTO_TEST_CASE(a_document_of_another_patient_leaves_the_visit_alone) {
  Said trainee = note("0900");
  trainee.author = "RES7^Young";
  Said stranger = note("0930", "D2");
  stranger.mrn = "2000";
  stranger.attending = "2002^Brook";
  Visits alone({kAdmission, trainee});
  BOOST_REQUIRE(alone.open("R22") == "1000");
  // The same, and as late as can be.
  for (const char* time : {"0930", "0700"}) {
    stranger.time = time;
    Visits both({kAdmission, trainee, stranger});
    BOOST_TEST(both.body() == alone.body());
    BOOST_TEST(both.open("R22") == "1000");
    BOOST_TEST(both.open("R01") == "1000");
    // It is a document without a visit of its own.
    BOOST_TEST(both.open("R47") == "2000");
    BOOST_TEST(both.issues().find("another patient") != std::string::npos);
  }
  // It came before the visit was told of.
  stranger.time = "0730";
  Visits before({stranger, kAdmission, trainee});
  BOOST_TEST(before.open("R22") == "1000");
  BOOST_TEST(before.open("R47") == "2000");
}

BOOST_AUTO_TEST_CASE(two_documents_of_one_minute_are_two) {
  const char* const kDocuments = "SELECT printf('%d', count(*)) FROM him_fact WHERE kind = 2";
  Visits two({kAdmission, note("0900", "D1"), note("0900", "D2")});
  BOOST_TEST(two.ask(kDocuments) == "2");
  Visits one({kAdmission, note("0900", "D1"), note("0905", "D1")});
  BOOST_TEST(one.ask(kDocuments) == "1");
}

BOOST_AUTO_TEST_CASE(a_document_under_a_retired_number_is_of_the_visit) {
  Said own = note("0930", "D2");
  own.mrn = "2000";
  std::vector<std::string> texts = Visits::texts({kAdmission, own});
  texts.insert(texts.begin() + 1,
               "MSH|^~\\&|REG|GENERAL|CW|HIM|202601100900||ADT^A40|C0|P|2.5.1\rEVN||202601100900\r"
               "PID|1||1000^^^GENERAL^MR||Doe^Jane||19800101|F\rMRG|2000^^^GENERAL^MR\r");
  test::Run run(texts);
  (void)run.apply(nullptr);
  std::string open;
  auto status = run.stores.records->db().query(
      "SELECT rule FROM him_deficiency WHERE closed IS NULL AND rule = 'R47'", {},
      [&](const store::Row& row) {
        open += row.text(0);
        return true;
      });
  BOOST_REQUIRE(status.has_value());
  BOOST_TEST(open == "");
}

BOOST_AUTO_TEST_SUITE_END()
