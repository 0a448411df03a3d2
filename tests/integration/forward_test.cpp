// HL7 v2 out: messages transformed and sent on to another HL7 system, which is an engine of ours.
#include <boost/test/unit_test.hpp>

#include <filesystem>

#include "harness.hpp"
#include "messages.hpp"
#include "paths.hpp"

using namespace harness;

namespace {

namespace fs = std::filesystem;

/// A mappings folder with the base set and a transformation of the site's own.
void make_mappings(const TempDir& dir) {
  const fs::path mappings = fs::path(dir.path()) / "mappings";
  fs::create_directories(mappings / "sites" / "relay");
  for (const char* part : {"base", "him", "identity"}) {
    fs::create_directory_symlink(test::source_path("/mappings/") + part, mappings / part);
  }
  dir.write("mappings/sites/relay/out.yaml",
            "vocab: SexOut\nfrom: HL70001\nto: ''\nmap: {F: M, M: F}\n---\n"
            "transform: out\naccept: [ADT]\nversion: '2.4'\n"
            "steps:\n  - drop: NK1\n  - segment: PID\n    set: {PID-8: {from: PID-8, vocab: SexOut}, PID-5.1: =Sent}\n"
            "    delete: [PID-11]\n");
}

Engine::Options relay(std::uint16_t port, const std::string& transform = "out",
                      const std::string& more = {}) {
  Engine::Options out;
  out.config =
      "listeners:\n  - {name: adt, mllp: {port: 0}, feed: adt}\n"
      "  - {name: web, http: {port: 0}}\n"
      "feeds:\n  - {name: adt, mapping: base+relay}\n"
      "destinations:\n  - name: far\n    mllp: {port: " + std::to_string(port) +
      ", transform: " + transform + ", timeout: 20s}\n    retry: {delay: 100ms}\n" + more +
      "routes:\n  - {from: adt, to: far}\n"
      "mappings: mappings\nstore: {path: data, disk_free_min: 1MiB}\n";
  return out;
}

std::string patient_at(std::uint16_t port, const std::string& mrn) {
  return http(port, "GET", "/fhir/r4/Patient?identifier=" + mrn).body;
}

std::string patient_id(std::uint16_t port, const std::string& mrn) {
  const std::string body = patient_at(port, mrn);
  const std::size_t at = body.find("/Patient/");
  return at == std::string::npos ? std::string() : body.substr(at + 9, 36);
}

bool has_visit(std::uint16_t port, const std::string& patient, const std::string& visit) {
  return http(port, "GET", "/fhir/r4/Encounter?subject=Patient/" + patient)
             .body.find("\"" + visit + "\"") != std::string::npos;
}

Adt adt(const std::string& id, const std::string& mrn) {
  Adt out;
  out.control_id = id;
  out.mrn = mrn;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_message_goes_on_transformed) {
  TempDir far_dir, dir;
  make_mappings(dir);
  Engine far(far_dir);
  Engine near(dir, relay(far.mllp_port()));
  MllpPeer peer(near.mllp_port());
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(adt("F1", "700").text())), "AA");
  // Not accepted by the transformation: it stays here.
  Oru result;
  result.control_id = "F2";
  result.mrn = "700";
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(result.text())), "AA");
  near.wait_delivered();
  far.wait_applied();
  const std::string ours = patient_at(near.http_port(), "700");
  const std::string theirs = patient_at(far.http_port(), "700");
  BOOST_TEST(ours.find("Rivera") != std::string::npos);
  BOOST_TEST(theirs.find("Sent") != std::string::npos);
  BOOST_TEST(theirs.find("Rivera") == std::string::npos);
  BOOST_TEST(ours.find("12 Oak St") != std::string::npos);
  BOOST_TEST(theirs.find("12 Oak St") == std::string::npos);
  const std::string known = http(far.http_port(), "GET", "/api/v1/messages").body;
  BOOST_TEST(known.find("\"F1\"") != std::string::npos);
  BOOST_TEST(known.find("\"F2\"") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_merge_by_hand_and_its_undoing_are_told_where_the_patients_are_known) {
  TempDir far_dir, deaf_dir, dir;
  make_mappings(dir);
  Engine far(far_dir), deaf(deaf_dir);
  Engine::Options options = relay(far.mllp_port());
  // A second receiver, routed from a feed that never told of these patients.
  const auto put = [&](const std::string& before, const std::string& text) {
    options.config.insert(options.config.find(before), text);
  };
  put("}\ndestinations:", ", mpi: review");
  put("routes:", "  - name: deaf\n    mllp: {port: " + std::to_string(deaf.mllp_port()) + "}\n");
  put("mappings:", "  - {from: other, to: deaf}\n");
  put("destinations:", "  - {name: other, mapping: base}\n");
  put("  - {name: web", "  - {name: second, mllp: {port: 0}, feed: other}\n");
  Engine near(dir, options);
  MllpPeer peer(near.mllp_port());
  for (const std::string mrn : {"710", "711"}) {
    Adt one = adt("M" + mrn, mrn);
    one.visit = "V" + mrn;
    BOOST_REQUIRE_EQUAL(ack_code(peer.ask(one.text())), "AA");
  }
  BOOST_REQUIRE(eventually([&] { return !patient_id(far.http_port(), "711").empty(); }));
  const std::string a = patient_id(near.http_port(), "710");
  const std::string b = patient_id(near.http_port(), "711");
  const std::string there = patient_id(far.http_port(), "710");
  const auto mpi = [&near](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "mpi");
    arguments.insert(arguments.end(), {"--config", near.config_file()});
    return chartwire(arguments);
  };
  // Two receivers: wait for what arrives, not for an empty queue.
  const auto arrived = [&](const std::string& type) {
    BOOST_REQUIRE(eventually([&] {
      return http(far.http_port(), "GET", "/api/v1/messages").body.find(type) != std::string::npos;
    }));
    far.wait_applied();
  };
  // Linked and parted by hand: nothing moves, and the other side hears of both.
  BOOST_TEST(mpi({"decide", a, b, "unlink", "--by", "ann"}).exit == 1);   // not linked yet
  for (const auto& [decision, type] : {std::pair{"link", "ADT^A24"}, {"unlink", "ADT^A37"}}) {
    const Output out = mpi({"decide", a, b, decision, "--by", "ann"});
    BOOST_REQUIRE_MESSAGE(out.exit == 0, out.err);
    arrived(type);
    for (const auto& [engine, id] : {std::pair{&near, a}, {&far, there}}) {
      const std::string patient =
          http(engine->http_port(), "GET", "/fhir/r4/Patient/" + id).body;
      BOOST_TEST((patient.find("\"seealso\"") != patient.npos) == (type == std::string("ADT^A24")),
                 patient);
    }
  }
  for (const std::string by : {"ann", "ben"}) {
    const Output out = mpi({"decide", a, b, "merge", "--survivor", b, "--by", by});
    BOOST_REQUIRE_MESSAGE(out.exit == 0, out.err);
  }
  arrived("ADT^A40");
  BOOST_TEST(!has_visit(far.http_port(), there, "V710"));
  BOOST_TEST(http(far.http_port(), "GET", "/fhir/r4/Patient/" + there)
                 .body.find("\"replaced-by\"") != std::string::npos);
  near.kill9();
  near.start();
  const Output undone = mpi({"unmerge", a, "--by", "ann", "--reason", "two women"});
  BOOST_REQUIRE_MESSAGE(undone.exit == 0, undone.err);
  arrived("-4\",\"type\":\"ADT^A31");
  BOOST_TEST(has_visit(far.http_port(), there, "V710"));
  BOOST_TEST(!has_visit(far.http_port(), patient_id(far.http_port(), "711"), "V710"));
  const std::string known = http(far.http_port(), "GET", "/api/v1/messages").body;
  for (const char* type : {"ADT^A40", "ADT^A43", "ADT^A45", "ADT^A31"}) {
    BOOST_TEST(known.find(type) != std::string::npos, type);
  }
  BOOST_TEST(known.find("\"state\":\"failed\"") == std::string::npos, known);
  BOOST_TEST(near.status().find("\"parked\":0") != std::string::npos);
  BOOST_TEST(http(deaf.http_port(), "GET", "/api/v1/messages").body == "{\"messages\":[]}");
}

BOOST_AUTO_TEST_CASE(a_dead_receiver_gets_everything_in_order_later) {
  TempDir far_dir, dir;
  make_mappings(dir);
  auto far = std::make_unique<Engine>(far_dir);
  const std::uint16_t port = far->mllp_port();
  Engine near(dir, relay(port));
  far->kill9();
  MllpPeer peer(near.mllp_port());
  for (int i = 0; i < 5; ++i) {
    const std::string text = adt("K" + std::to_string(i), "701").text();
    BOOST_REQUIRE_EQUAL(ack_code(peer.ask(text)), "AA");
  }
  near.wait_applied();
  BOOST_TEST(near.status().find("\"pending\":5") != std::string::npos);
  // The same port again: a configuration with that port, so that the address stands.
  Engine::Options again;
  again.config = "listeners:\n  - {name: adt, mllp: {port: " + std::to_string(port) +
                 "}, feed: adt}\n  - {name: web, http: {port: 0}}\nfeeds:\n  - {name: adt}\n"
                 "store: {path: data, disk_free_min: 1MiB}\n";
  TempDir next_dir;
  far.reset();
  Engine next(next_dir, again);
  near.wait_delivered();
  next.wait_applied();
  const std::string known = http(next.http_port(), "GET", "/api/v1/messages").body;
  std::size_t at = known.size();
  for (int i = 0; i < 5; ++i) {   // newest first
    const std::size_t found = known.find("\"K" + std::to_string(i) + "\"");
    BOOST_REQUIRE(found != std::string::npos);
    BOOST_TEST(found < at);
    at = found;
  }
}

BOOST_AUTO_TEST_CASE(a_transformation_that_is_not_there_is_a_fault) {
  TempDir dir;
  make_mappings(dir);
  dir.write("chartwire.yaml", relay(2575, "elsewhere").config);
  const Output out = chartwire({"serve", "--config", dir.file("chartwire.yaml")});
  BOOST_TEST(out.exit == 2);
  BOOST_TEST(out.err.find("no transformation \"elsewhere\"") != std::string::npos, out.err);
}

BOOST_AUTO_TEST_CASE(addresses_off_loopback_need_a_word) {
  TempDir dir;
  make_mappings(dir);
  std::string config = relay(2575).config;
  config.insert(config.find("{port: 2575") + 1, "host: 192.0.2.1, ");
  dir.write("chartwire.yaml", config);
  const Output out = chartwire({"check", "--config", dir.file("chartwire.yaml")});
  BOOST_TEST(out.exit == 2);
  BOOST_TEST(out.out.find("plaintext: true") != std::string::npos, out.out);
}
