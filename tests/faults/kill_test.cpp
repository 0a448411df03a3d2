// kill -9 at random instants, and the other ways in which a store meets trouble: a second instance, a
// flipped bit, garbage, a log removed while down, a folder that cannot be written, file size limits.
#include "child.hpp"
#include "child_message.hpp"
#include "unit/store/temp_folder.hpp"

#include <core/log.hpp>
#include <store/db.hpp>
#include <store/journal.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>

using faults::Child;
using store::Journal;
using namespace store_test;
using Outcome = store::Appended::Outcome;

namespace {

struct Quiet {
  Quiet() { core::set_log(core::LogFormat::kText, core::LogLevel::kError); }
};

struct Fixture : Quiet {
  TempFolder folder;
  std::string journal_folder = folder / "journal";
  core::SystemClock clock;
  Journal::Options options = journal_options(journal_folder);

  std::vector<std::string> command(const std::vector<std::string>& settings) const {
    std::vector<std::string> words{CW_JOURNAL_CHILD, journal_folder, "-"};
    words.insert(words.end(), settings.begin(), settings.end());
    return words;
  }
  void fill(int entries) {
    auto journal = must(Journal::open(options, clock));
    for (int i = 0; i < entries; ++i) {
      BOOST_REQUIRE((journal->append_and_wait(faults::child_message(i)).outcome == Outcome::kStored));
    }
  }
  std::string segment() const {
    for (const auto& file : std::filesystem::directory_iterator(journal_folder)) {
      if (file.path().extension() == ".db") return file.path();
    }
    return {};
  }
  core::ErrorCode open_error() {
    auto journal = Journal::open(options, clock);
    BOOST_REQUIRE(!journal.has_value());
    BOOST_TEST_MESSAGE(journal.error().text());
    return journal.error().code;
  }
};

int rounds_wanted() {
  const char* text = std::getenv("CW_KILL_ROUNDS");
  return text ? std::atoi(text) : 6;
}

void read_acks(const std::string& output, std::map<std::uint64_t, long>& acked) {
  // The last line may be cut: then nobody saw that acknowledgement.
  std::istringstream lines(output.substr(0, output.find_last_of('\n') + 1));
  std::uint64_t sequence = 0;
  long number = 0;
  while (lines >> sequence >> number) acked[sequence] = number;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store_trouble, Fixture)

BOOST_AUTO_TEST_CASE(kill_at_random_loses_nothing_acknowledged) {
  std::mt19937 random(7);
  std::map<std::uint64_t, long> acked;
  long first = 0;
  for (int round = 0; round < rounds_wanted(); ++round) {
    // Some rounds are killed while the journal is still being opened, that is during recovery.
    const std::size_t enough = round % 3 == 2 ? 0 : 1 + random() % 20'000;
    Child child(command({"first=" + std::to_string(first), "segment=700", "checkpoint=300000"}));
    std::string output;
    while (output.size() < enough && child.read_some(output)) {
    }
    child.kill_hard();
    while (child.read_some(output)) {
    }
    BOOST_REQUIRE(child.wait() == 128 + SIGKILL);
    read_acks(output, acked);
    first += 1'000'000;
  }
  auto journal = must(Journal::open(options, clock));
  BOOST_TEST(acked.size() > 0u);
  for (const auto& [sequence, number] : acked) {
    const auto entry = must(journal->find(core::Sequence{sequence}));
    BOOST_REQUIRE(entry.has_value());
    BOOST_REQUIRE(entry->raw == faults::child_message(number).raw);
  }
  // And the whole can be read in order.
  std::uint64_t after = 0;
  while (after < journal->head().value()) {
    for (const auto& entry : must(journal->read(core::Sequence{after}, 500))) {
      BOOST_REQUIRE(entry.sequence.value() == after + 1);
      after = entry.sequence.value();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_second_instance_is_refused) {
  auto journal = must(Journal::open(options, clock));
  Child child(command({"count=1"}));
  BOOST_TEST(child.wait() == 3);
  BOOST_TEST((open_error() == core::ErrorCode::kStoreLocked));   // within one process, too
  journal.reset();
  Child next(command({"count=1"}));
  BOOST_TEST(next.wait() == 0);
}

BOOST_AUTO_TEST_CASE(files_are_private) {
  fill(3);
  for (const auto& file : std::filesystem::directory_iterator(journal_folder)) {
    struct stat info {};
    BOOST_REQUIRE(::stat(file.path().c_str(), &info) == 0);
    BOOST_TEST((info.st_mode & 077) == 0u, file.path());
  }
  struct stat info {};
  BOOST_REQUIRE(::stat(journal_folder.c_str(), &info) == 0);
  BOOST_TEST((info.st_mode & 0777) == 0700u);
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_is_found_and_the_rest_is_still_read) {
  fill(20);
  const std::string path = segment();
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  // Somewhere in the acknowledgement of entry 5, and in the message of entry 9, which is short.
  const std::size_t ack = bytes.find("MSA|AA|C4\r");
  BOOST_REQUIRE(ack != std::string::npos);
  bytes[ack + 4] = static_cast<char>(bytes[ack + 4] ^ 1);
  std::ofstream(path, std::ios::binary) << bytes;

  auto journal = must(Journal::open(options, clock));
  const auto broken = journal->find(core::Sequence{5});
  BOOST_REQUIRE(!broken.has_value());
  BOOST_TEST((broken.error().code == core::ErrorCode::kStoreCorrupt));
  BOOST_TEST(broken.error().where == "journal:5");
  BOOST_TEST(must(journal->read(core::Sequence{0}, 100)).size() == 4u);
  const auto first = journal->read(core::Sequence{4}, 100);
  BOOST_REQUIRE(!first.has_value());
  BOOST_TEST(first.error().where == "journal:5");
  BOOST_TEST(must(journal->read(core::Sequence{5}, 100)).size() == 15u);
  // The copy that is sent again is stored, not answered from the damaged one.
  BOOST_TEST((journal->append_and_wait(faults::child_message(4)).outcome == Outcome::kStored));
}

BOOST_AUTO_TEST_CASE(flipped_bits_anywhere_in_messages_are_never_read_as_whole) {
  fill(200);
  const std::string path = segment();
  std::ifstream file(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  std::mt19937 random(3);
  int found = 0;
  for (int round = 0; round < 40; ++round) {
    std::string bytes = whole;
    const std::size_t at = 16 * 4096 + random() % (bytes.size() - 16 * 4096);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    std::ofstream(path, std::ios::binary) << bytes;
    auto journal = Journal::open_read_only(journal_folder);
    if (!journal) {
      ++found;
      continue;
    }
    for (std::uint64_t s = 1; s <= 200; ++s) {
      const auto entry = (*journal)->find(core::Sequence{s});
      if (!entry || !*entry) {
        ++found;
        continue;
      }
      const auto expected = faults::child_message(static_cast<long>(s) - 1);
      BOOST_REQUIRE((*entry)->raw == expected.raw);
      BOOST_REQUIRE((*entry)->ack == expected.ack);
      BOOST_REQUIRE((*entry)->control_id == expected.control_id);
    }
  }
  BOOST_TEST(found > 0);
}

BOOST_AUTO_TEST_CASE(a_file_of_garbage_is_refused_by_name) {
  fill(20);
  std::ofstream(segment(), std::ios::binary) << std::string(50'000, 'g');
  BOOST_TEST((open_error() == core::ErrorCode::kStoreCorrupt));
}

BOOST_AUTO_TEST_CASE(a_log_removed_while_down_is_found) {
  Child child(command({"count=0"}));
  std::string output;
  while (output.size() < 2000 && child.read_some(output)) {
  }
  child.kill_hard();
  child.wait();
  BOOST_REQUIRE(std::filesystem::remove(segment() + "-wal"));
  BOOST_TEST((open_error() == core::ErrorCode::kStoreCorrupt));
  BOOST_TEST((open_error() == core::ErrorCode::kStoreCorrupt));   // it does not go away by itself
  std::ofstream(journal_folder + "/accept-loss").close();
  std::map<std::uint64_t, long> acked;
  read_acks(output, acked);
  auto journal = must(Journal::open(options, clock));
  const auto fresh = journal->append_and_wait(faults::child_message(-5));
  BOOST_TEST((fresh.outcome == Outcome::kStored));
  BOOST_TEST(fresh.sequence.value() > acked.rbegin()->first);
  BOOST_TEST(!std::filesystem::exists(journal_folder + "/accept-loss"));
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_refused) {
  std::filesystem::create_directories(journal_folder);
  std::filesystem::permissions(journal_folder, std::filesystem::perms::owner_read |
                                                   std::filesystem::perms::owner_exec |
                                                   std::filesystem::perms::others_read |
                                                   std::filesystem::perms::others_exec);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all |
                                                  std::filesystem::perms::others_exec);
  Child child(command({"count=1"}), {}, true);
  const int result = child.wait();
  if (result == 126 || result == 127) {
    BOOST_TEST_MESSAGE("skipped: the program cannot be run as nobody here");
  } else {
    BOOST_TEST(result == 4);
  }
  std::filesystem::permissions(journal_folder, std::filesystem::perms::owner_all);
  std::ofstream(folder / "a-file").close();
  options.directory = folder / "a-file/journal";
  BOOST_TEST((open_error() == core::ErrorCode::kStoreUnavailable));
}

BOOST_AUTO_TEST_CASE(a_file_size_limit_refuses_and_lifting_it_heals) {
  Child child(command({"count=600", "fsize=300000", "lift=25"}));
  std::string output;
  while (child.read_some(output)) {
  }
  BOOST_TEST(child.wait() == 0);
  std::map<std::uint64_t, long> acked;
  read_acks(output, acked);
  BOOST_TEST(acked.size() == 600u);
  auto journal = must(Journal::open(options, clock));
  for (const auto& [sequence, number] : acked) {
    BOOST_REQUIRE(must(journal->find(core::Sequence{sequence})).value().raw ==
                  faults::child_message(number).raw);
  }
}

BOOST_AUTO_TEST_CASE(below_disk_free_min_messages_are_refused) {
  fill(1);
  options.disk_free_min_bytes = UINT64_MAX;
  auto journal = must(Journal::open(options, clock));
  const auto refused = journal->append_and_wait(faults::child_message(1));
  BOOST_TEST((refused.outcome == Outcome::kRefused));
  BOOST_TEST((refused.error.code == core::ErrorCode::kDiskFull));
  BOOST_TEST(journal->head().value() == 1u);
}

BOOST_AUTO_TEST_CASE(a_lock_held_by_another_tool_refuses_until_it_ends) {
  fill(1);
  auto journal = must(Journal::open(options, clock));
  auto other = must(store::Db::open(segment(), {}));
  must(other->begin());
  const auto refused = journal->append_and_wait(faults::child_message(1));
  BOOST_TEST((refused.outcome == Outcome::kRefused));
  BOOST_TEST((refused.error.code == core::ErrorCode::kStoreLocked));
  must(other->rollback());
  BOOST_TEST((journal->append_and_wait(faults::child_message(1)).outcome == Outcome::kStored));
}

BOOST_AUTO_TEST_SUITE_END()
