// Map speed on one core: messages/s of CPU time from a parsed message to the JSON of all its
// drafts, and with parsing, for an ADT and an ORU with 24 results. Every message is a new one.
//   map_speed [SECONDS_PER_FIGURE [RULES_DIRECTORY [adt|oru]]]
#include <fhir/json.hpp>
#include <hl7/message.hpp>
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "map_traffic.hpp"
#include "paths.hpp"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

using Feed = std::function<std::string()>;

constexpr std::size_t kBatch = 250;   ///< messages made between two looks at the clock
constexpr int kBatchesBefore = 8;     ///< what a feed says again and again has been said by then

/// Calls a second of `work` over messages that it has never seen; making them is not counted.
template <class Work>
double per_second(double seconds, const Feed& feed, bool parsed, Work work) {
  std::vector<std::string> texts(kBatch);
  std::vector<hl7::Message> messages;
  double spent = 0;
  std::size_t done = 0;
  for (int batch = -kBatchesBefore; batch <= 0 || spent < seconds; ++batch) {
    messages.clear();
    for (std::string& text : texts) {
      text = feed();
      if (parsed) messages.push_back(std::move(*hl7::Message::parse(text)));
    }
    const double start = cpu_seconds();
    if (parsed) {
      for (const hl7::Message& message : messages) work(message);
    } else {
      for (std::string& text : texts) work(*hl7::Message::parse(std::move(text)));
    }
    if (batch < 0) continue;
    spent += cpu_seconds() - start;
    done += kBatch;
  }
  return static_cast<double>(done) / spent;
}

void measure(const char* name, const Feed& feed, mapping::Mapper& mapper, double seconds) {
  const mapping::Environment environment;
  std::string json;
  std::size_t drafts = 0;
  const auto map_once = [&](const hl7::Message& one) {
    const auto out = mapper.map(one, environment);
    if (!out) std::abort();
    json.clear();
    for (const mapping::Draft& draft : (*out)->drafts) fhir::write_json(draft.root, json);
    drafts = (*out)->drafts.size();
  };
  const double mapped = per_second(seconds, feed, true, [&](const hl7::Message& one) {
    (void)mapper.map(one, environment);
  });
  const double written = per_second(seconds, feed, true, map_once);
  const double parsed = per_second(seconds, feed, false, map_once);
  std::printf("%s  %zu bytes -> %zu resources, %zu bytes JSON\n", name, feed().size(), drafts,
              json.size());
  std::printf("  map                  %9.0f /s  %7.2f us\n", mapped, 1e6 / mapped);
  std::printf("  map + JSON           %9.0f /s  %7.2f us\n", written, 1e6 / written);
  std::printf("  parse + map + JSON   %9.0f /s  %7.2f us\n", parsed, 1e6 / parsed);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2.0;
  const std::string rules =
      argc > 2 ? argv[2] : test::source_path("/tests/unit/mapping/fixture");
  const auto v2 = schema::V2Schema::load(test::source_path("/schemas/hl7v2"));
  const auto r4 = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
  if (!v2 || !r4) return 1;
  mapping::MappingSet::Sources sources;
  sources.directories = {rules};
  std::vector<mapping::Diagnostic> found;
  const double start = cpu_seconds();
  const auto set = mapping::MappingSet::compile(sources, *v2, *r4, found);
  const double compiled = cpu_seconds() - start;
  if (!set) {
    for (const auto& one : found) std::fprintf(stderr, "%s\n", one.render().c_str());
    return 1;
  }
  std::printf("%zu rules compiled in %.0f ms\n", set->rule_count(), compiled * 1e3);
  mapping::Mapper mapper(set);
  const std::string only = argc > 3 ? argv[3] : "";
  bench::Traffic traffic;
  if (only != "oru") measure("ADT^A01", [&] { return traffic.adt(); }, mapper, seconds);
  if (only != "adt") measure("ORU^R01", [&] { return traffic.oru(); }, mapper, seconds);
  return 0;
}
