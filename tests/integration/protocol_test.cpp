// The contract of spec engine.md section 4, row by row, over real sockets against the real binary.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <set>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

Adt admission(const std::string& id) {
  Adt adt;
  adt.control_id = id;
  return adt;
}

/// One engine for the tests of this file that do not need their own.
struct Shared {
  TempDir dir;
  Engine engine{dir};
};
Shared& shared() {
  static Shared instance;
  return instance;
}

std::string with_msh(const std::string& msh) {
  const std::string whole = admission("X").text();
  return msh + "\r" + whole.substr(whole.find('\r') + 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol)

BOOST_AUTO_TEST_CASE(original_mode_answers_AA_with_swapped_header_and_exact_id) {
  MllpPeer peer(shared().engine.mllp_port());
  const std::string ack = peer.ask(with_msh(
      "MSH|^~\\&|REG^1.2.3^ISO|GEN^2.3.4^ISO|CW^5.6^ISO|HIM^7.8^ISO|20260110080000||ADT^A01|ID-1.x|P|2.5.1"));
  BOOST_TEST(ack_code(ack) == "AA");
  BOOST_TEST(ack_id(ack) == "ID-1.x");
  BOOST_TEST(field(ack, "MSH-3.1") == "CW");
  BOOST_TEST(field(ack, "MSH-3.2") == "5.6");
  BOOST_TEST(field(ack, "MSH-4.3") == "ISO");
  BOOST_TEST(field(ack, "MSH-5.1") == "REG");
  BOOST_TEST(field(ack, "MSH-6.2") == "2.3.4");
  BOOST_TEST(field(ack, "MSH-9.1") == "ACK");
  BOOST_TEST(field(ack, "MSH-9.2") == "A01");
  BOOST_TEST(field(ack, "MSH-12") == "2.5.1");
}

BOOST_AUTO_TEST_CASE(own_control_ids_are_unique) {
  MllpPeer peer(shared().engine.mllp_port());
  std::set<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    ids.insert(field(peer.ask(admission("U" + std::to_string(i)).text()), "MSH-10"));
  }
  BOOST_TEST(ids.size() == 50u);
}

BOOST_AUTO_TEST_CASE(a_repeated_message_gets_the_stored_acknowledgement) {
  MllpPeer peer(shared().engine.mllp_port());
  Adt adt = admission("DUP-1");
  const std::string first = peer.ask(adt.text());
  // A resend renews MSH-7 and nothing else.
  std::string again = adt.text();
  again.replace(again.find("20260110080000"), 14, "20260110080500");
  BOOST_TEST(peer.ask(again) == first);
}

BOOST_AUTO_TEST_CASE(the_same_id_with_another_body_is_processed_and_counted) {
  MllpPeer peer(shared().engine.mllp_port());
  Adt adt = admission("REUSED-1");
  const std::string first = peer.ask(adt.text());
  adt.family = "Other";
  const std::string second = peer.ask(adt.text());
  BOOST_TEST(ack_code(second) == "AA");
  BOOST_TEST(field(second, "MSH-10") != field(first, "MSH-10"));
  const std::string metrics = http(shared().engine.http_port(), "GET", "/metrics").body;
  BOOST_TEST(metrics.find("chartwire_messages_changed_body_total{feed=\"hospital\"} 1") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(unsupported_type_event_version_and_processing_id_are_rejected) {
  MllpPeer peer(shared().engine.mllp_port());
  struct Row {
    const char* type;
    const char* processing;
    const char* version;
    const char* code;
  };
  for (const Row& row : {Row{"XYZ^A01", "P", "2.5.1", "200"}, Row{"ADT^A99", "P", "2.5.1", "201"},
                         Row{"ADT^A01", "Q", "2.5.1", "202"}, Row{"ADT^A01", "P", "3.0", "203"}}) {
    const std::string ack = peer.ask(with_msh(std::string("MSH|^~\\&|REG|GEN|CW|HIM|20260110||") +
                                              row.type + "|R1|" + row.processing + "|" + row.version));
    BOOST_TEST_CONTEXT(row.code) {
      BOOST_TEST(ack_code(ack) == "AR");
      BOOST_TEST(field(ack, "ERR-3.1") == row.code);
      BOOST_TEST(field(ack, "ERR-4") == "E");
      BOOST_TEST(ack_id(ack) == "R1");
    }
  }
}

BOOST_AUTO_TEST_CASE(missing_content_is_AE_with_its_place) {
  MllpPeer peer(shared().engine.mllp_port());
  const std::string no_pid = peer.ask(
      "MSH|^~\\&|REG|GEN|CW|HIM|20260110||ADT^A01|NOPID|P|2.5.1\rEVN|A01|20260110\rPV1|1|I\r");
  BOOST_TEST(ack_code(no_pid) == "AE");
  BOOST_TEST(field(no_pid, "ERR-2.1") == "PID");
  const std::string no_id =
      peer.ask(with_msh("MSH|^~\\&|REG|GEN|CW|HIM|20260110||ADT^A01||P|2.5.1"));
  BOOST_TEST(ack_code(no_id) == "AE");
  BOOST_TEST(field(no_id, "ERR-2.1") == "MSH");
  BOOST_TEST(field(no_id, "ERR-2.3") == "10");
  BOOST_TEST(field(no_id, "ERR-3.1") == "101");
}

BOOST_AUTO_TEST_CASE(errors_take_the_form_of_the_version) {
  MllpPeer peer(shared().engine.mllp_port());
  const std::string old =
      peer.ask(with_msh("MSH|^~\\&|REG|GEN|CW|HIM|20260110||XYZ^A01|OLD|P|2.3"));
  BOOST_TEST(ack_code(old) == "AR");
  BOOST_TEST(field(old, "ERR-1.1") == "MSH");
  BOOST_TEST(field(old, "ERR-1.3") == "9");
  BOOST_TEST(field(old, "ERR-1.4.1") == "200");
  BOOST_TEST(field(old, "ERR-3") == "");
}

BOOST_AUTO_TEST_CASE(self_merge_is_refused) {
  MllpPeer peer(shared().engine.mllp_port());
  Adt merge = admission("SELF");
  merge.trigger = "A40";
  merge.merged_mrn = merge.mrn;
  BOOST_TEST(ack_code(peer.ask(merge.text())) == "AE");
}

BOOST_AUTO_TEST_CASE(what_has_no_MSH_is_AR_with_empty_MSA_2) {
  MllpPeer peer(shared().engine.mllp_port());
  const std::string ack = peer.ask("this is no HL7");
  BOOST_TEST(ack_code(ack) == "AR");
  BOOST_TEST(ack_id(ack) == "");
  BOOST_TEST(ack_code(peer.ask(admission("AFTER-JUNK").text())) == "AA");
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_is_never_acknowledged) {
  MllpPeer peer(shared().engine.mllp_port());
  peer.send("MSH|^~\\&|A|B|C|D|20260110||ACK|A1|P|2.5.1\rMSA|AA|99\r");
  const std::string next = peer.ask(admission("AFTER-ACK").text());
  BOOST_TEST(ack_id(next) == "AFTER-ACK");
}

BOOST_AUTO_TEST_CASE(enhanced_mode_gives_what_MSH_15_and_16_ask) {
  MllpPeer peer(shared().engine.mllp_port());
  const auto ask = [&](const std::string& id, const std::string& modes) {
    peer.send(with_msh("MSH|^~\\&|REG|GEN|CW|HIM|20260110||ADT^A01|" + id + "|P|2.5.1|||" + modes));
  };
  ask("E1", "AL|NE");
  const std::string accept = peer.receive();
  BOOST_TEST(ack_code(accept) == "CA");
  BOOST_TEST(ack_id(accept) == "E1");
  ask("E2", "AL|AL");
  BOOST_TEST(ack_code(peer.receive()) == "CA");
  BOOST_TEST(ack_code(peer.receive()) == "AA");
  ask("E3", "NE|NE");
  ask("E4", "ER|AL");   // nothing wrong: no accept acknowledgement, an application one
  const std::string application = peer.receive();
  BOOST_TEST(ack_code(application) == "AA");
  BOOST_TEST(ack_id(application) == "E4");
  peer.send(with_msh("MSH|^~\\&|REG|GEN|CW|HIM|20260110||XYZ^A01|E5|P|2.5.1|||AL|NE"));
  BOOST_TEST(ack_code(peer.receive()) == "CR");
}

BOOST_AUTO_TEST_CASE(pipelined_frames_are_answered_in_order) {
  MllpPeer peer(shared().engine.mllp_port());
  std::string all = "junk\0\r\n";
  for (int i = 0; i < 20; ++i) {
    all += "\x0b" + admission("PIPE" + std::to_string(i)).text() + "\x1c\r";
  }
  peer.send_raw(all);
  for (int i = 0; i < 20; ++i) BOOST_TEST(ack_id(peer.receive()) == "PIPE" + std::to_string(i));
}

BOOST_AUTO_TEST_CASE(a_batch_gets_a_batch_with_one_answer_each) {
  MllpPeer peer(shared().engine.mllp_port());
  const std::string batch = "BHS|^~\\&|REG|GEN|CW|HIM|20260110||||B1\r" + admission("BA1").text() +
                            with_msh("MSH|^~\\&|REG|GEN|CW|HIM|20260110||XYZ^A01|BA2|P|2.5.1") +
                            "BTS|2\r";
  const std::string reply = peer.ask(batch);
  BOOST_TEST(reply.rfind("BHS|^~\\&|CW|HIM|REG|GEN|", 0) == 0u);
  BOOST_TEST(reply.find("MSA|AA|BA1") != std::string::npos);
  BOOST_TEST(reply.find("MSA|AR|BA2") != std::string::npos);
  BOOST_TEST(reply.find("BTS|2") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_delimiters_and_character_sets_are_understood) {
  MllpPeer peer(shared().engine.mllp_port());
  const std::string other =
      "MSH#*~\\&#REG#GEN#CW#HIM#20260110##ADT*A01#DELIM#P#2.5.1\rEVN#A01#20260110\r"
      "PID#1##555***GENERAL*MR##Nu\xf1" "ez*Ana##19800402#F\rPV1#1#I\r";
  const std::string ack = peer.ask(other);
  BOOST_TEST(ack.rfind("MSH#*~\\&#", 0) == 0u);
  BOOST_TEST(ack.find("MSA#AA#DELIM") != std::string::npos);
  shared().engine.wait_applied();
  const std::string found =
      http(shared().engine.http_port(), "GET", "/fhir/r4/Patient?identifier=555").body;
  BOOST_TEST(found.find("Nu\xc3\xb1" "ez") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hl7_over_http_takes_er7_and_xml) {
  const std::uint16_t port = shared().engine.http_port();
  const HttpAnswer er7 = http(port, "POST", "/hl7/v2/hospital", admission("HTTP1").text(),
                              "application/hl7-v2+er7; charset=utf-8");
  BOOST_TEST(er7.status == 200);
  BOOST_TEST(ack_code(er7.body) == "AA");
  const HttpAnswer refused =
      http(port, "POST", "/hl7/v2/hospital",
           with_msh("MSH|^~\\&|REG|GEN|CW|HIM|20260110||XYZ^A01|HTTP2|P|2.5.1"),
           "application/hl7-v2+er7");
  BOOST_TEST(refused.status == 200);
  BOOST_TEST(ack_code(refused.body) == "AR");
  const HttpAnswer xml = http(
      port, "POST", "/hl7/v2/hospital",
      "<?xml version=\"1.0\"?><ADT_A01 xmlns=\"urn:hl7-org:v2xml\"><MSH><MSH.1>|</MSH.1>"
      "<MSH.2>^~\\&amp;</MSH.2><MSH.3><HD.1>REG</HD.1></MSH.3><MSH.4><HD.1>GEN</HD.1></MSH.4>"
      "<MSH.7><TS.1>20260110</TS.1></MSH.7><MSH.9><MSG.1>ADT</MSG.1><MSG.2>A01</MSG.2></MSH.9>"
      "<MSH.10>XML1</MSH.10><MSH.11><PT.1>P</PT.1></MSH.11><MSH.12><VID.1>2.5.1</VID.1></MSH.12>"
      "</MSH><EVN><EVN.2><TS.1>20260110</TS.1></EVN.2></EVN><PID><PID.3><CX.1>777</CX.1><CX.4>"
      "<HD.1>GENERAL</HD.1></CX.4><CX.5>MR</CX.5></PID.3><PID.5><XPN.1><FN.1>Xml</FN.1></XPN.1>"
      "</PID.5></PID><PV1><PV1.2>I</PV1.2></PV1></ADT_A01>",
      "application/hl7-v2+xml");
  BOOST_TEST(xml.status == 200);
  BOOST_TEST(xml.body.find("<MSA.1>AA</MSA.1>") != std::string::npos);
  BOOST_TEST(xml.body.find("<MSA.2>XML1</MSA.2>") != std::string::npos);
  BOOST_TEST(http(port, "POST", "/hl7/v2/nowhere", admission("HTTP3").text(),
                  "application/hl7-v2+er7").status == 404);
  BOOST_TEST(http(port, "POST", "/hl7/v2/hospital", admission("HTTP4").text(),
                  "image/png").status == 415);
}

BOOST_AUTO_TEST_CASE(an_oversized_frame_is_refused_and_the_next_message_served) {
  TempDir dir;
  Engine::Options options;
  options.mllp_extra = "frame_bytes_max: 64KiB";
  Engine engine(dir, options);
  MllpPeer peer(engine.mllp_port());
  Adt big = admission("BIG");
  big.more = "NTE|1||" + std::string(100'000, 'x') + "\r";
  const std::string ack = peer.ask(big.text());
  BOOST_TEST(ack_code(ack) != "AA");
  BOOST_TEST(ack_code(MllpPeer(engine.mllp_port()).ask(admission("SMALL").text())) == "AA");
}

BOOST_AUTO_TEST_CASE(release_2_answers_with_commit_blocks) {
  TempDir dir;
  Engine::Options options;
  options.mllp_extra = "release: 2";
  Engine engine(dir, options);
  MllpPeer peer(engine.mllp_port());
  peer.send(admission("R2").text());
  BOOST_TEST(peer.receive() == "\x06");
  BOOST_TEST(ack_code(peer.receive()) == "AA");
  peer.send("no HL7 at all");
  BOOST_TEST(peer.receive() == "\x15");
}

BOOST_AUTO_TEST_CASE(ack_applied_tells_what_could_not_be_applied) {
  TempDir dir;
  Engine::Options options;
  options.feed_extra = "ack: applied";
  Engine engine(dir, options);
  MllpPeer peer(engine.mllp_port());
  BOOST_TEST(ack_code(peer.ask(admission("AP1").text())) == "AA");
  // A known type that no plan maps is kept and marked; this feed says so.
  const std::string unmapped = peer.ask(
      "MSH|^~\\&|REG|GEN|CW|HIM|20260110||SSU^U03|AP2|P|2.5.1\rEQU|ANALYZER|20260110\r");
  BOOST_TEST(ack_code(unmapped) == "AE");
  BOOST_TEST(ack_id(unmapped) == "AP2");
}

BOOST_AUTO_TEST_CASE(sigterm_drains_and_exits_cleanly) {
  TempDir dir;
  Engine engine(dir);
  MllpPeer peer(engine.mllp_port());
  BOOST_TEST(ack_code(peer.ask(admission("LAST").text())) == "AA");
  BOOST_TEST(engine.stop() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
