// Power cuts at seeded random instants: whatever was acknowledged before must be there, whole, after.
// The control run without fsync must be caught losing entries, or the test proves nothing.
#include "child.hpp"
#include "child_message.hpp"
#include "power_cut_model.hpp"
#include "unit/store/temp_folder.hpp"

#include <core/log.hpp>
#include <store/journal.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

using faults::Child;
using faults::OpHead;
using faults::PowerCutModel;
using namespace store_test;

namespace {

struct Noted {
  OpHead head;
  std::string payload;
};

std::vector<Noted> run_child(const TempFolder& folder, const std::vector<std::string>& settings,
                             int expected_exit, std::vector<std::string> environment = {}) {
  const std::string log = folder / "ops";
  std::vector<std::string> command{CW_JOURNAL_CHILD, folder / "journal", folder / "journal/acks"};
  command.insert(command.end(), settings.begin(), settings.end());
  std::filesystem::create_directories(folder / "journal");
  environment.push_back(std::string("LD_PRELOAD=") + CW_POWER_CUT_LAYER);
  environment.push_back("POWER_CUT_DIR=" + (folder / "journal"));
  environment.push_back("POWER_CUT_LOG=" + log);
  Child child(command, environment);
  std::string output;
  while (child.read_some(output)) {
  }
  BOOST_REQUIRE(child.wait() == expected_exit);

  std::vector<Noted> noted;
  std::ifstream file(log, std::ios::binary);
  Noted next;
  while (file.read(reinterpret_cast<char*>(&next.head), sizeof next.head)) {
    next.payload.resize(next.head.bytes);
    if (!file.read(next.payload.data(), static_cast<std::streamsize>(next.head.bytes))) break;
    noted.push_back(next);
  }
  BOOST_REQUIRE(!noted.empty());
  return noted;
}

void write_disk(const std::string& folder, const std::map<std::string, std::string>& disk) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const auto& [name, content] : disk) {
    std::ofstream(folder + "/" + name, std::ios::binary) << content;
  }
}

/// What is wrong with the journal after the cut; empty when every promise was kept.
std::string trouble_after_cut(const std::string& folder,
                              const std::map<std::uint64_t, long>& acked) {
  const core::SystemClock clock;
  auto journal = store::Journal::open(journal_options(folder), clock);
  if (!journal) return journal.error().text();
  for (const auto& [sequence, number] : acked) {
    const auto found = (*journal)->find(core::Sequence{sequence});
    if (!found) return found.error().text();
    if (!*found) return "entry " + std::to_string(sequence) + " is gone";
    if ((*found)->raw != faults::child_message(number).raw) return "another message in its place";
  }
  // A copy that comes again is known; a new one gets a new sequence.
  if (!acked.empty()) {
    const auto& [sequence, number] = *acked.rbegin();
    const auto again = (*journal)->append_and_wait(faults::child_message(number));
    if (again.outcome != store::Appended::Outcome::kDuplicate) return "the duplicate is not known";
    if (again.sequence.value() != sequence) return "the duplicate has another sequence";
  }
  const auto fresh = (*journal)->append_and_wait(faults::child_message(-1));
  if (fresh.outcome != store::Appended::Outcome::kStored) return fresh.error.text();
  if (!acked.empty() && fresh.sequence.value() <= acked.rbegin()->first) return "sequence reused";
  return {};
}

struct Result {
  int cuts = 0, troubles = 0;
  std::size_t most_acked = 0;
  std::string first_trouble;
};

Result cut_often(const TempFolder& folder, const std::vector<Noted>& noted, int cuts,
                 unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::size_t> points;
  for (int i = 0; i < cuts; ++i) points.push_back(random() % noted.size());
  std::sort(points.begin(), points.end());
  PowerCutModel model;
  Result result;
  std::size_t done = 0;
  for (const std::size_t point : points) {
    for (; done < point; ++done) model.apply(noted[done].head, noted[done].payload);
    const auto how = static_cast<PowerCutModel::Cut>(random() % 3);
    write_disk(folder / "cut", model.cut(how, random));
    const std::string trouble = trouble_after_cut(folder / "cut", model.acked());
    ++result.cuts;
    result.most_acked = std::max(result.most_acked, model.acked().size());
    if (trouble.empty()) continue;
    ++result.troubles;
    if (result.first_trouble.empty()) {
      result.first_trouble = "cut before operation " + std::to_string(point) + " (kind " +
                             std::to_string(static_cast<int>(how)) + "): " + trouble;
    }
  }
  return result;
}

int cuts_wanted() {
  const char* text = std::getenv("CW_POWER_CUTS");
  return text ? std::atoi(text) : 60;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(power_cut)

BOOST_AUTO_TEST_CASE(no_acknowledged_entry_is_lost) {
  core::set_log(core::LogFormat::kText, core::LogLevel::kError);
  const TempFolder folder;
  // Small segments and logs, so that rotation, sealing and checkpoints happen often.
  const auto noted = run_child(folder, {"count=1500", "segment=400", "checkpoint=200000"}, 0);
  const Result result = cut_often(folder, noted, cuts_wanted(), 20260301);
  BOOST_TEST_MESSAGE("cuts " << result.cuts << " in " << noted.size() << " operations, up to "
                             << result.most_acked << " acknowledged");
  BOOST_TEST(result.most_acked > 1000u);
  BOOST_TEST(result.first_trouble == "");
}

BOOST_AUTO_TEST_CASE(without_fsync_the_same_test_finds_losses) {
  core::set_log(core::LogFormat::kText, core::LogLevel::kError);
  const TempFolder folder;
  const auto noted =
      run_child(folder, {"count=600", "segment=400", "checkpoint=200000", "sync=0"}, 0);
  const Result result = cut_often(folder, noted, 20, 20260301);
  BOOST_TEST(result.troubles > 5);
}

BOOST_AUTO_TEST_CASE(after_a_failed_fsync_nothing_is_acknowledged) {
  const TempFolder folder;
  const auto noted =
      run_child(folder, {"count=100000"}, 5, {"POWER_CUT_FAIL_SYNC=60"});
  PowerCutModel model;
  for (const Noted& n : noted) model.apply(n.head, n.payload);
  BOOST_TEST(model.acked().size() > 0u);
  // What had been acknowledged is there for the process that comes next.
  std::mt19937 random(1);
  write_disk(folder / "cut", model.cut(PowerCutModel::Cut::kForget, random));
  BOOST_TEST(trouble_after_cut(folder / "cut", model.acked()) == "");
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_and_heals_unaided) {
  const TempFolder folder;
  const auto noted = run_child(folder, {"count=400", "checkpoint=100000", "segment=150"}, 0,
                               {"POWER_CUT_FULL_FROM=300", "POWER_CUT_FULL_TO=600"});
  PowerCutModel model;
  for (const Noted& n : noted) model.apply(n.head, n.payload);
  BOOST_TEST(model.acked().size() == 400u);
  std::mt19937 random(1);
  write_disk(folder / "cut", model.cut(PowerCutModel::Cut::kForget, random));
  BOOST_TEST(trouble_after_cut(folder / "cut", model.acked()) == "");
}

BOOST_AUTO_TEST_SUITE_END()
