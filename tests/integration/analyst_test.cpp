// The analyst's commands, run as a person runs them: on files, on a store, on a running engine.
#include <boost/test/unit_test.hpp>

#include <filesystem>

#include "harness.hpp"
#include "messages.hpp"
#include "paths.hpp"

using namespace harness;

namespace {

namespace fs = std::filesystem;

Adt adt(const std::string& id, const std::string& patient_class = "I") {
  Adt out;
  out.control_id = id;
  out.patient_class = patient_class;
  return out;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(unmapped_codes_of_files_engine_and_journal) {
  TempDir dir;
  Engine engine(dir);
  MllpPeer peer(engine.mllp_port());
  for (const char* id : {"U1", "U2"}) {
    BOOST_REQUIRE_EQUAL(ack_code(peer.ask(adt(id, "QQ").text())), "AA");
  }
  engine.wait_applied();
  dir.write("one.hl7", adt("U3", "QQ").text());
  const Output counted = chartwire({"mapping", "unmapped", "-c", engine.config_file(), "--json"});
  const Output ran = chartwire({"mapping", "unmapped", dir.file("one.hl7")});
  engine.stop();
  const Output stored = chartwire({"mapping", "unmapped", "-c", engine.config_file(), "--json"});
  for (const Output* out : {&counted, &stored}) {
    BOOST_TEST(out->exit == 1, out->err);
    BOOST_TEST(has(out->out, "\"code\":\"QQ\""), out->out);
    BOOST_TEST(has(out->out, "\"first\":\"U1\",\"last\":\"U2\""), out->out);
    BOOST_TEST(has(out->out, "\"feed\":\"hospital\""));
  }
  BOOST_TEST(ran.exit == 1);
  BOOST_TEST(has(ran.out, "'QQ': ''"), ran.out);
  BOOST_TEST(chartwire({"mapping", "unmapped"}).exit == 2);
}

BOOST_AUTO_TEST_CASE(a_feed_is_profiled_and_drifts) {
  TempDir dir;
  Engine engine(dir);
  MllpPeer peer(engine.mllp_port());
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(adt("P1").text())), "AA");
  const std::string profile = dir.file("profile.yaml");
  const Output learned = chartwire({"profile", "hospital", "-c", engine.config_file(), "--out",
                                    profile});
  BOOST_TEST(learned.exit == 0, learned.err);
  BOOST_TEST(chartwire({"profile", "hospital", "-c", engine.config_file(), "--against",
                        profile}).exit == 0);
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(adt("P2", "O").text() + "ZZ1|new\r")), "AA");
  const Output drift = chartwire({"profile", "hospital", "-c", engine.config_file(), "--against",
                                  profile, "--json"});
  BOOST_TEST(drift.exit == 1);
  BOOST_TEST(has(drift.out, "{\"drift\":\"new code\",\"where\":\"PV1-2\",\"detail\":\"O, 1 times\"}"),
             drift.out);
  BOOST_TEST(has(drift.out, "{\"drift\":\"new segment\",\"where\":\"ZZ1\""), drift.out);
}

BOOST_AUTO_TEST_CASE(a_shadow_run_changes_nothing_and_tells_the_rule) {
  TempDir dir;
  Engine engine(dir);
  MllpPeer peer(engine.mllp_port());
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(adt("S1").text())), "AA");
  engine.wait_applied();
  const std::string before = json_text(engine.status(), "received");
  const fs::path other = fs::path(dir.path()) / "other";
  fs::create_directories(other);
  fs::copy(test::source_path("/mappings"), other, fs::copy_options::recursive);
  dir.write("other/base/zz.yaml", "overlay: PID-Patient\nrules: {gender: =other}\n");
  const Output same = chartwire({"replay", "-c", engine.config_file(), "--shadow", "--mapping",
                                 test::source_path("/mappings")});
  BOOST_TEST(same.exit == 0, same.out);
  const Output shadow = chartwire({"replay", "-c", engine.config_file(), "--shadow", "--mapping",
                                   other.string(), "--from", "2020-01-01", "--json"});
  BOOST_TEST(shadow.exit == 1, shadow.err);
  BOOST_TEST(has(shadow.out, "zz.yaml:2 PID-Patient Patient.gender\",\"path\":\"Patient.gender\""),
             shadow.out);
  BOOST_TEST(has(shadow.out, "\"changed\":1,\"messages\":1,\"examples\":\"S1\""), shadow.out);
  BOOST_TEST(!has(shadow.out, "female"));   // values only when asked for
  BOOST_TEST(json_text(engine.status(), "received") == before);
  const Output later = chartwire({"replay", "-c", engine.config_file(), "--shadow", "--mapping",
                                  other.string(), "--from", "2099-01-01"});
  BOOST_TEST(later.exit == 0, later.out);
  // What overlays touch, and what an upgrade changed below them.
  const Output touched = chartwire({"check", "--mappings", other.string(), "--overlays", "--before",
                                    test::source_path("/mappings")});
  BOOST_TEST(has(touched.out, "zz.yaml:2 replaces PID-Patient gender of "), touched.out);
  BOOST_TEST(!has(touched.out, "CHANGED"));
}

BOOST_AUTO_TEST_CASE(tests_and_pages_and_v2) {
  TempDir dir;
  fs::create_directories(fs::path(dir.path()) / "m/base");
  dir.write("m/base/all.yaml",
            "datatype: XPN\nto: HumanName\nrules: {family: ^1.1}\n---\n"
            "map: P\nsegment: PID\nto: Patient\nkey: PID-2\nrules: {name: PID-5, birthDate: PID-7}\n"
            "---\nmessage: ADT\naccept: [ADT]\nplan: [{segment: PID, make: patient, map: P}]\n---\n"
            "transform: out\nsteps: [{segment: PID, set: {PID-5: =X}}]\n---\n"
            "tests:\n  - {name: right, message: 'PID||1|||Doe', expect: {Patient.name.family: Doe}}\n"
            "  - {name: wrong, message: 'PID||1|||Doe', expect: {Patient.name.family: Roe}}\n");
  fs::create_directory_symlink(test::source_path("/mappings/him"), fs::path(dir.path()) / "m/him");
  const Output tested = chartwire({"test", "--mappings", dir.file("m"), "--junit",
                                   dir.file("report.xml"), "--coverage"});
  BOOST_TEST(tested.exit == 1, tested.err);
  BOOST_TEST(fs::exists(dir.file("report.xml")));
  BOOST_TEST(has(tested.out, "untested rule   "), tested.out);
  BOOST_TEST(has(tested.out, "P Patient.birthDate"), tested.out);
  dir.write("one.hl7", adt("X1").text());
  const Output page = chartwire({"map", dir.file("one.hl7"), "--mappings", dir.file("m"), "--html",
                                 dir.file("page.html")});
  BOOST_TEST(page.exit == 0, page.err);
  BOOST_TEST(fs::file_size(dir.file("page.html")) > 1000);
  const Output v2 = chartwire({"map", dir.file("one.hl7"), "--mappings", dir.file("m"), "--to",
                               "v2"});
  BOOST_TEST(v2.exit == 0, v2.err);
  BOOST_TEST(has(v2.out, "\nPID|"), v2.out);
  BOOST_TEST(has(v2.out, "|X|"), v2.out);
}
