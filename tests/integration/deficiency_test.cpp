// Chart deficiencies from messages over MLLP to the command line: each rule opens and closes, and each
// document rule stays open for another visit, another patient, an unsigned, a wrong, a cancelled and a
// replaced document.
#include <boost/test/unit_test.hpp>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

/// A fresh hospital with one inpatient: MRN 100, visit V100, admitted 2026-01-10 08:00 local.
struct Ward {
  TempDir dir;
  Engine engine{dir};
  MllpPeer peer{engine.mllp_port()};
  int count = 0;

  void send(const std::string& text) {
    const std::string ack = peer.ask(text);
    BOOST_REQUIRE_EQUAL(ack_code(ack), "AA");
  }
  template <class Message>
  void send_message(Message message) {
    message.control_id = "C" + std::to_string(++count);
    send(message.text());
  }
  void admit() { send_message(Adt{}); }
  void discharge() {
    Adt adt;
    adt.trigger = "A03";
    adt.event_time = adt.discharged = "20260113100000";
    adt.disposition = "01";
    send_message(adt);
  }
  /// State of a rule for visit V100; "" when there is none.
  std::string state(const std::string& rule, const std::string& now = "2026-01-20T12:00:00Z",
                    const std::string& visit = "V100") {
    std::string found;
    for (const std::string& line : engine.deficiencies({"--now", now})) {
      if (json_text(line, "rule") == rule && json_text(line, "visit") == visit) {
        BOOST_TEST(found.empty(), "more than one " << rule);
        found = json_text(line, "state");
      }
    }
    return found;
  }
  bool open(const std::string& rule) {
    const std::string now = state(rule);
    return now == "assigned" || now == "available" || now == "due" || now == "delinquent";
  }
};

/// A signed document of the type a rule asks for closes it; everything else leaves it open.
void check_document_rule(const std::string& rule, const std::string& type,
                         const std::function<void(Ward&)>& prepare) {
  const auto with = [&](const std::function<void(Ward&)>& act, bool stays_open,
                        const std::string& what) {
    Ward ward;
    prepare(ward);
    BOOST_TEST(ward.open(rule), rule << " does not open");
    act(ward);
    BOOST_TEST(ward.open(rule) == stays_open, rule << ": " << what);
  };
  const auto document = [&](Ward& ward, auto change) {
    Mdm mdm;
    mdm.type = type;
    mdm.event_time = "20260113120000";
    change(mdm);
    ward.send_message(mdm);
  };
  with([&](Ward& ward) { document(ward, [](Mdm&) {}); }, false, "closes when signed");
  with([&](Ward& ward) { document(ward, [](Mdm& m) { m.visit = "V200"; }); }, true,
       "another visit");
  with([&](Ward& ward) {
    document(ward, [](Mdm& m) {
      m.mrn = "999";
      m.visit = "V999";
    });
  }, true, "another patient");
  with([&](Ward& ward) { document(ward, [](Mdm& m) { m.mrn = "999"; }); }, true,
       "another patient, by the number of this visit");
  with([&](Ward& ward) { document(ward, [](Mdm& m) { m.status = "DO"; }); }, true, "unsigned");
  with([&](Ward& ward) { document(ward, [](Mdm& m) { m.type = "CN"; }); }, true, "wrong type");
  with([&](Ward& ward) {
    document(ward, [](Mdm&) {});
    document(ward, [](Mdm& m) {
      m.trigger = "T11";
      m.availability = "CA";
      m.event_time = "20260113130000";
    });
  }, true, "cancelled later");
  with([&](Ward& ward) {
    document(ward, [](Mdm&) {});
    document(ward, [](Mdm& m) {
      m.trigger = "T10";
      m.number = "D2";
      m.parent = "D1";
      m.status = "DO";
      m.event_time = "20260113130000";
    });
  }, true, "replaced by an unsigned one");
  with([&](Ward& ward) {
    document(ward, [](Mdm& m) { m.status = "DO"; });
    document(ward, [](Mdm& m) {
      m.trigger = "T03";
      m.event_time = "20260113130000";
    });
  }, false, "signed by a later T03");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_discharge_before_its_admission_is_a_conflict) {
  Ward ward;
  ward.admit();
  Adt adt;
  adt.trigger = "A03";
  adt.event_time = "20260113100000";
  adt.discharged = "20260109100000";   // beside PV1-44 of the 10th
  adt.disposition = "01";
  ward.send_message(adt);
  BOOST_TEST(ward.open("R-CONFLICT"));
  BOOST_TEST(ward.open("R06"));   // and nothing is lost by it
  adt.trigger = "A08";
  adt.event_time = "20260113110000";
  adt.discharged = "20260113100000";
  ward.send_message(adt);
  BOOST_TEST(ward.state("R-CONFLICT") == "completed");
}

BOOST_AUTO_TEST_CASE(r01_history_and_physical) {
  check_document_rule("R01", "HP", [](Ward& ward) { ward.admit(); });
}

BOOST_AUTO_TEST_CASE(r06_discharge_summary) {
  check_document_rule("R06", "DS", [](Ward& ward) {
    ward.admit();
    ward.discharge();
  });
}

BOOST_AUTO_TEST_CASE(r09_operative_report) {
  check_document_rule("R09", "OP", [](Ward& ward) {
    ward.admit();
    Adt operation;
    operation.trigger = "A08";
    operation.event_time = "20260111090000";
    operation.more = "PR1|1||0DTJ4ZZ^Resection of appendix^I10P||20260111090000|P|||||1001^Adams^Ruth\r";
    ward.send_message(operation);
  });
}

BOOST_AUTO_TEST_CASE(r01_is_delinquent_after_a_day_and_names_its_messages) {
  Ward ward;
  ward.admit();
  ward.engine.wait_applied();
  const auto lines = ward.engine.deficiencies({"--now", "2026-01-11T13:01:00Z"});
  int found = 0;
  for (const std::string& line : lines) {
    if (json_text(line, "rule") != "R01") continue;
    ++found;
    BOOST_TEST(json_text(line, "state") == "delinquent");
    BOOST_TEST(json_text(line, "mrn") == "100");
    BOOST_TEST(json_text(line, "visit") == "V100");
    BOOST_TEST(json_text(line, "severity") == "H");
    BOOST_TEST(json_text(line, "due") == "2026-01-11T13:00:00Z");   // 08:00 in New York, + 24 h
    BOOST_TEST(json_text(line, "opened_by") == "hospital|C1");
    BOOST_TEST(json_text(line, "source").find("482.22") != std::string::npos);
    BOOST_TEST(json_text(line, "owner").find("Adams") != std::string::npos);
  }
  BOOST_TEST(found == 1);
}

BOOST_AUTO_TEST_CASE(r21_unsigned_document) {
  Ward ward;
  ward.admit();
  Mdm note;
  note.type = "PR";
  note.status = "DO";
  ward.send_message(note);
  BOOST_TEST(ward.open("R21"));
  note.trigger = "T03";
  note.status = "AU";
  note.event_time = "20260110150000";
  ward.send_message(note);
  BOOST_TEST(!ward.open("R21"));
}

BOOST_AUTO_TEST_CASE(r26_final_diagnosis) {
  Ward ward;
  ward.admit();
  BOOST_TEST(!ward.open("R26"));
  ward.discharge();
  BOOST_TEST(ward.open("R26"));
  Adt coded;
  coded.trigger = "A08";
  coded.event_time = "20260114090000";
  coded.discharged = "20260113100000";
  coded.disposition = "01";
  coded.more = "DG1|1||I50.9^Heart failure^I10||20260114|F|||||||||1\r";
  ward.send_message(coded);
  BOOST_TEST(!ward.open("R26"));
}

BOOST_AUTO_TEST_CASE(r31_disposition_missing) {
  Ward ward;
  ward.admit();
  Adt leave;
  leave.trigger = "A03";
  leave.event_time = leave.discharged = "20260113100000";
  ward.send_message(leave);
  BOOST_TEST(ward.open("R31"));
  leave.trigger = "A08";
  leave.event_time = "20260113110000";
  leave.disposition = "01";
  ward.send_message(leave);
  BOOST_TEST(!ward.open("R31"));
}

BOOST_AUTO_TEST_CASE(r32_placeholder_demographics) {
  Ward ward;
  Adt unknown;
  unknown.family = "UNKNOWN";
  ward.send_message(unknown);
  BOOST_TEST(ward.open("R32"));
  unknown.trigger = "A08";
  unknown.event_time = "20260110090000";
  unknown.family = "Rivera";
  ward.send_message(unknown);
  BOOST_TEST(!ward.open("R32"));
}

BOOST_AUTO_TEST_CASE(cancelled_admission_cancels_everything) {
  Ward ward;
  ward.admit();
  BOOST_TEST(ward.open("R01"));
  Adt cancel;
  cancel.trigger = "A11";
  cancel.event_time = "20260110090000";
  ward.send_message(cancel);
  BOOST_TEST(!ward.open("R01"));
}
