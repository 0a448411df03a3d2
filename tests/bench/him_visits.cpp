// Deficiencies over a million open visits: what a due sweep touches, and how long an arriving message
// takes to judge its visit again. Each round stands beside the yardstick of its minute: at full pace
// a median should be under 100 us.
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <him/deficiency.hpp>
#include <store/records.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "paths.hpp"
#include "yardstick.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kDue = 100;

double micros_since(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}
template <class T>
void need(const core::Result<T>& result) {
  if (!result) give_up(result.error().text());
}

/// Visits with their patient, three documents, a diagnosis and three open deficiencies each; those of
/// `kDue` visits fall due at once, the others in ten years.
void fill(store::Db& db, int visits) {
  const std::string numbers = fmt::format(
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ", visits - 1);
  const std::int64_t start = 1'772'438'400'000'000;   // 2026-03-02T08:00Z
  const auto run = [&](const std::string& sql) { need(db.script(numbers + sql)); };
  run(fmt::format(
      "INSERT INTO him_visit (encounter, patient, number, status, started, seen, facts) SELECT "
      "printf('e%07d', i), printf('p%07d', i), printf('V%07d', i), 'in-progress', {0}, {0}, "
      "printf('{{\"number\":\"V%07d\",\"class\":[\"IMP\"],\"status\":\"in-progress\",\"start\":{0},"
      "\"attending\":{{\"reference\":\"Practitioner/d1\",\"id\":\"d1\",\"name\":\"Adams\"}}}}', i) "
      "FROM n",
      start));
  run(fmt::format(
      "INSERT INTO him_fact (patient, encounter, kind, id, seen, facts) SELECT printf('p%07d', i), "
      "'', 1, printf('p%07d', i), {0}, printf('{{\"mrn\":\"%07d\",\"family\":\"Rivera\",\"given\":"
      "\"Ana\",\"birth_date\":\"1980-04-02\",\"sex\":\"female\"}}', i) FROM n",
      start));
  for (int k = 0; k < 3; ++k) {
    run(fmt::format(
        "INSERT INTO him_fact (patient, encounter, kind, id, seen, facts) SELECT printf('p%07d', i), "
        "printf('e%07d', i), 2, printf('doc{0}-%07d', i), {1}, "
        "'{{\"type\":[\"PR\",\"11506-3\"],\"status\":\"current\",\"completion\":\"AU\","
        "\"origination\":{1}}}' FROM n",
        k, start));
  }
  for (int k = 0; k < 3; ++k) {
    run(fmt::format(
        "INSERT INTO him_deficiency (id, rule, patient, mrn, encounter, subject, owner_id, state, "
        "opened, due, late, next_at, facts) SELECT printf('x{0}-%07d', i), 'X{0}', printf('p%07d', i), '', "
        "printf('e%07d', i), '', '=clerk', 0, {1}, "
        "{1} + CASE WHEN i < {2} AND {0} = 0 THEN 0 ELSE 315360000000000 END, "
        "{1} + CASE WHEN i < {2} AND {0} = 0 THEN 0 ELSE 315360000000000 END, "
        "{1} + CASE WHEN i < {2} AND {0} = 0 THEN 0 ELSE 315360000000000 END, "
        "printf('{{\"visit\":\"V%07d\",\"lacking\":\"a paper\",\"owner\":\"clerk\",\"severity\":"
        "\"M\",\"source\":\"policy\",\"modified\":{1},\"opened_by\":\"bench\","
        "\"opened_sequence\":1}}', i) FROM n",
        k, start, kDue));
  }
}

/// A note of the visit; its time is another in each round.
fhir::Node* note(int visit, bool is_signed, int round, fhir::Document& into) {
  const std::string json = fmt::format(
      R"({{"resourceType":"DocumentReference","id":"new-{0:07}","status":"current",)"
      R"("date":"2026-03-02T08:{2:02}:00Z","type":{{"coding":)"
      R"([{{"system":"http://loinc.org","code":"34117-2"}}]}},"subject":{{"reference":)"
      R"("Patient/p{0:07}"}},"context":{{"encounter":[{{"reference":"Encounter/e{0:07}"}}]}},)"
      R"("extension":[{{"url":"urn:chartwire:ext:document-completion","valueCode":"{1}"}}]}})",
      visit, is_signed ? "AU" : "DO", round % 60);
  auto tree = fhir::parse_json(json, into);
  need(tree);
  return *tree;
}

struct Load {
  int visits = 1'000'000;
  int rounds = 1;          ///< of each kind of judging again, after the first
  int messages = 2000;     ///< in a round, each for a visit of its own
};

/// In another turn notes are signed that were not, and signatures taken back, which opens and closes;
/// in the same one they only have another time.
struct Turn {
  int all = 0, fourth = 0;   ///< of all visits, and of each fourth beside that
  bool is_signed(int visit) const { return (visit + all + (visit % 4 == 0 ? fourth : 0)) % 2 == 0; }
};

/// One message for each of some visits, in a transaction; how long each took to judge.
std::vector<double> judge_round(store::Records& records, him::Charts& charts, const Load& load,
                                int round, const Turn& turn, core::Instant day) {
  std::vector<double> times;
  const core::Sequence sequence{static_cast<std::uint64_t>(round) + 3};
  const std::string label = fmt::format("bench|{}", round);
  need(records.begin());
  for (int i = 0; i < load.messages; ++i) {
    const int visit = static_cast<int>((static_cast<std::int64_t>(i) * 7919 + 1000) % load.visits);
    fhir::Document memory;
    const fhir::Node* tree = note(visit, turn.is_signed(i), round, memory);
    const him::Cause cause{sequence, label, day};
    const auto began = Clock::now();
    need(charts.touch("DocumentReference", tree->text_of("id"), tree, cause));
    need(charts.evaluate(cause));
    times.push_back(micros_since(began));
  }
  need(records.commit(sequence));
  return times;
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  if (argc > 1) load.visits = std::atoi(argv[1]);
  if (argc > 2) load.rounds = std::atoi(argv[2]);
  if (argc > 3) load.messages = std::atoi(argv[3]);
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("chartwire-him-bench-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const auto r4 = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
  need(r4);
  auto records = store::Records::open(folder.string(), *r4);
  need(records);
  std::vector<him::RulePack::Finding> findings;
  const auto rules = him::RulePack::load(test::source_path("/mappings/him"), findings);
  if (!rules) give_up("the rule packs are refused");
  need((*records)->begin());
  fill((*records)->db(), load.visits);
  need((*records)->commit(core::Sequence{1}));
  him::Charts charts(**records, rules);
  const auto day = *core::from_iso("2026-03-02T09:00:00Z");

  need((*records)->begin());
  auto began = Clock::now();
  auto swept = charts.sweep({core::Sequence{2}, "clock", day});
  const double sweep = micros_since(began);
  need(swept);
  need((*records)->commit(core::Sequence{2}));
  fmt::print("{} visits, {} open deficiencies; {} due: sweep touched {} in {:.0f} us\n", load.visits,
             load.visits * 3, kDue, swept->size(), sweep);

  double pace = cli::bench::json_rate().pace();
  const auto print = [&](const char* what, std::vector<double> times) {
    const double before = std::exchange(pace, cli::bench::json_rate().pace());
    const double meanwhile = (before + pace) / 2;
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    fmt::print("message: {} median {:.0f} us, p99 {:.0f} us; pace {:.2f}, at full pace {:.0f} us\n",
               what, median, times[times.size() * 99 / 100], meanwhile, median * meanwhile);
  };
  int round = 0;
  Turn turn;
  const auto judge_all = [&](const char* what) {
    print(what, judge_round(**records, charts, load, round++, turn, day));
  };
  judge_all("first judgement of a visit");
  for (int i = 0; i < load.rounds; ++i) judge_all("judged again, nothing opens or closes");
  // Fewer than that do in a simulated hospital.
  for (; turn.fourth < load.rounds; judge_all("judged again, one in four opens or closes")) {
    ++turn.fourth;
  }
  for (; turn.all < load.rounds; judge_all("judged again, opening and closing")) ++turn.all;
  charts.forget();
  records->reset();
  std::filesystem::remove_all(folder);
  return swept->size() == kDue ? 0 : 1;
}
