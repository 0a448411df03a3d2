// Messages per second that the records store takes: six resources each, half of them unchanged, 256
// messages a transaction, with message state and outbox as the applier writes them.
//   records_put [folder] [patients] [messages]
#include <core/hash.hpp>
#include <core/log.hpp>
#include <fhir/json.hpp>
#include <store/records.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>
#include "paths.hpp"

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

std::string id_of(const std::string& name) { return core::uuid_v5({}, name).text(); }

struct Made {
  const char* type;
  std::string id, body;
};

std::vector<Made> resources_of(int patient, std::uint64_t message) {
  const std::string n = std::to_string(patient);
  const std::string p = id_of("p" + n), e = id_of("e" + n), d = id_of("d" + std::to_string(patient % 50));
  const std::string o = id_of("o" + std::to_string(patient % 7)), c = id_of("c" + n);
  const std::string l = id_of("l" + std::to_string(patient % 300));
  const std::string m = std::to_string(message);
  return {
      {"Organization", o, R"({"resourceType":"Organization","id":")" + o + R"(","name":"Hospital )" + o + R"("})"},
      {"Practitioner", d, R"({"resourceType":"Practitioner","id":")" + d +
       R"(","identifier":[{"system":"urn:oid:2.16.840.1.113883.4.6","value":")" + d + R"("}],"name":[{"family":"Welby","given":["Marcus"]}]})"},
      {"Location", l, R"({"resourceType":"Location","id":")" + l + R"(","status":"active","name":"3W-)" + l + R"("})"},
      {"Patient", p, R"({"resourceType":"Patient","id":")" + p + R"(","identifier":[{"type":{"coding":[{"code":"MR"}]},"system":"urn:hosp","value":"MRN)" + n +
       R"("},{"system":"urn:ssn","value":"SSN)" + n + R"("}],"name":[{"use":"official","family":"Doe)" + n + R"(","given":["Jane","Q"]}],"telecom":[{"system":"phone","value":"555-)" + m +
       R"("}],"gender":"female","birthDate":"1970-05-06","address":[{"line":["1 Main St"],"city":"Springfield","state":"IL","postalCode":"62701"}]})"},
      {"Encounter", e, R"({"resourceType":"Encounter","id":")" + e + R"(","identifier":[{"system":"urn:visit","value":"V)" + n +
       R"("}],"status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/)" + p +
       R"("},"participant":[{"individual":{"reference":"Practitioner/)" + d + R"("}}],"period":{"start":"2026-03-01T10:15:00Z"},"location":[{"location":{"reference":"Location/)" + l +
       R"("}}],"serviceProvider":{"reference":"Organization/)" + o + R"("},"length":{"value":)" + m + "}}"},
      {"Condition", c, R"({"resourceType":"Condition","id":")" + c + R"(","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"J18.9","display":"Pneumonia"}]},"subject":{"reference":"Patient/)" + p +
       R"("},"encounter":{"reference":"Encounter/)" + e + R"("},"recordedDate":"2026-03-01","note":[{"text":")" + m + R"("}]})"},
  };
}

bool apply(store::Records& records, std::uint64_t message, int patients, fhir::Document& document) {
  const int patient = static_cast<int>(core::stable_hash(std::to_string(message)) %
                                       static_cast<std::uint64_t>(patients));
  store::Stamp stamp;
  stamp.sequence = core::Sequence{message};
  stamp.updated = core::Instant{std::chrono::seconds(1'700'000'000 + message)};
  stamp.sender = "ADT|HOSPITAL";
  stamp.event_time = stamp.updated;
  store::OutboxItem item;
  item.destination = core::DestinationName{"repository"};
  item.sequence = stamp.sequence;
  item.part = 1;
  item.created = stamp.updated;
  item.identifier = "hospital|ADT|HOSPITAL|MSG" + std::to_string(message);
  document.reset();
  if (!records.savepoint()) return false;
  for (const Made& made : resources_of(patient, message)) {
    const auto tree = fhir::parse_json(made.body, document);
    if (!tree || !records.get(made.type, made.id)) return false;
    const auto put = records.put(made.type, made.id, made.body, *tree, stamp);
    if (!put) {
      std::fprintf(stderr, "%s\n", put.error().text().c_str());
      return false;
    }
    item.resources.push_back({made.type, made.id, put->version});
    if (item.lanes.empty()) item.lanes.push_back("Patient/" + made.id);
  }
  store::MessageState state;
  state.sequence = stamp.sequence;
  state.feed = "hospital";
  state.control_id = "MSG" + std::to_string(message);
  state.type = "ADT^A08";
  state.received = stamp.updated;
  state.lanes = item.lanes;
  state.resources = 6;
  state.issues = "[]";
  if (!records.enqueue(item) || !records.set_message(state)) return false;
  if (message <= 1000) return true;
  const auto row = records.outbox_row(item.destination, core::Sequence{message - 1000}, 1);
  return !row || !*row || records.mark_delivered(**row);
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = argc > 1 ? argv[1] : "";
  const int patients = argc > 2 ? std::atoi(argv[2]) : 10'000;
  const std::uint64_t messages = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 40'000;
  const bool temporary = folder.empty();
  if (temporary) {
    folder = (std::filesystem::temp_directory_path() / "records-put-XXXXXX").string();
    if (!::mkdtemp(folder.data())) return 2;
  }
  core::set_log(core::LogFormat::kText, core::LogLevel::kWarn);
  const auto r4 = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
  if (!r4) return 2;
  auto records = store::Records::open(folder, *r4);
  if (!records) {
    std::fprintf(stderr, "%s\n", records.error().text().c_str());
    return 2;
  }
  fhir::Document document;
  std::uint64_t message = (*records)->position().value_or(core::Sequence{0}).value();
  const std::uint64_t quarter = messages / 4;
  for (int part = 0; part < 4; ++part) {
    const auto begin = Steady::now();
    const std::clock_t cpu = std::clock();
    double slowest = 0;
    for (std::uint64_t done = 0; done < quarter;) {
      const auto from = Steady::now();
      if (!(*records)->begin()) return 1;
      for (int i = 0; i < 256 && done < quarter; ++i, ++done) {
        if (!apply(**records, ++message, patients, document)) return 1;
      }
      if (!(*records)->commit(core::Sequence{message})) return 1;
      slowest = std::max(slowest, seconds_since(from) * 1e3);
    }
    const double took = seconds_since(begin);
    const auto counts = (*records)->counts().value_or(store::Records::Counts{});
    std::printf("%7.0f messages/s, %5.1f us CPU each, slowest transaction %6.1f ms; %llu resources, %llu versions\n",
                static_cast<double>(quarter) / took,
                static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC * 1e6 / static_cast<double>(quarter),
                slowest, static_cast<unsigned long long>(counts.resources),
                static_cast<unsigned long long>(counts.versions));
    std::fflush(stdout);
  }
  std::printf("records.db: %.1f MB\n",
              static_cast<double>(std::filesystem::file_size(folder + "/records.db")) / 1e6);
  records->reset();
  if (temporary) std::filesystem::remove_all(folder);
  return 0;
}
