#include "temp_folder.hpp"

#include <core/hash.hpp>
#include <store/journal.hpp>

#include <atomic>
#include <thread>
#include <vector>

using store::Appended;
using store::Entry;
using store::Journal;
using namespace store_test;
using Outcome = Appended::Outcome;

namespace {

struct Fixture {
  TempFolder folder;
  core::SimulatedClock clock{at("2026-03-01T10:00:00Z")};
  Journal::Options options = journal_options(folder / "journal");
  std::unique_ptr<Journal> open() { return must(Journal::open(options, clock)); }
};

bool same(const Entry& a, const Entry& b) {
  return a.kind == b.kind && a.received == b.received && a.feed == b.feed && a.peer == b.peer &&
         a.sender == b.sender && a.control_id == b.control_id && a.type == b.type &&
         a.raw == b.raw && a.digest == b.digest && a.body_digest == b.body_digest &&
         a.ack == b.ack && a.ack_positive == b.ack_positive && a.config_hash == b.config_hash &&
         a.cites == b.cites;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(journal, Fixture)

BOOST_AUTO_TEST_CASE(gives_back_every_field_from_memory_and_after_reopening) {
  Entry full = message(1, 5000);
  full.kind = store::EntryKind::kMessage;
  full.received = at("2026-02-28T23:59:59.123456Z");
  full.raw += std::string("\0\x0b\x1c binary", 9);
  full.ack = std::string("ack with \0 inside", 17);
  full.cites = 77;
  full.digest = core::sha256(full.raw);
  full.body_digest = core::sha256("body");
  Entry tick;
  tick.kind = store::EntryKind::kTick;
  tick.received = at("2026-03-01T10:00:00Z");
  {
    auto journal = open();
    BOOST_TEST(journal->head().value() == 0u);
    const Appended stored = journal->append_and_wait(full);
    BOOST_REQUIRE(stored.outcome == Outcome::kStored);
    BOOST_TEST(stored.sequence.value() == 1u);
    BOOST_TEST(journal->append_and_wait(tick).sequence.value() == 2u);
    const auto recent = must(journal->read(core::Sequence{0}, 10));
    BOOST_REQUIRE(recent.size() == 2u);
    BOOST_TEST(same(recent[0], full));
  }
  auto journal = open();
  BOOST_TEST(journal->head().value() == 2u);
  const auto read = must(journal->read(core::Sequence{0}, 10));
  BOOST_REQUIRE(read.size() == 2u);
  BOOST_TEST(same(read[0], full));
  BOOST_TEST((read[1].kind == store::EntryKind::kTick));
  BOOST_TEST((read[1].received == tick.received));
  BOOST_TEST(must(journal->read(core::Sequence{2}, 10)).empty());
  BOOST_TEST(same(must(journal->find(core::Sequence{1})).value(), full));
  BOOST_TEST(!must(journal->find(core::Sequence{3})).has_value());
}

BOOST_AUTO_TEST_CASE(fills_in_time_and_digest_when_missing) {
  auto journal = open();
  journal->append_and_wait(message(1));
  const Entry read = must(journal->find(core::Sequence{1})).value();
  BOOST_TEST((read.received == clock.now()));
  BOOST_TEST((read.digest == core::sha256(read.raw)));
  BOOST_TEST((read.body_digest == read.digest));
}

BOOST_AUTO_TEST_CASE(answers_a_repeated_message_with_the_stored_acknowledgement) {
  auto journal = open();
  const Entry first = message(1);
  BOOST_TEST((journal->append_and_wait(first).outcome == Outcome::kStored));
  Entry again = first;
  again.ack = "another ack";
  const Appended twice = journal->append_and_wait(again);
  BOOST_TEST((twice.outcome == Outcome::kDuplicate));
  BOOST_TEST(twice.sequence.value() == 1u);
  BOOST_TEST(twice.replayed_ack == first.ack);
  BOOST_TEST(journal->head().value() == 1u);
  // Another feed or another sender is another message.
  Entry other_feed = first;
  other_feed.feed = core::FeedName{"clinic"};
  BOOST_TEST((journal->append_and_wait(other_feed).outcome == Outcome::kStored));
  Entry other_sender = first;
  other_sender.sender = "APP2|FACILITY";
  BOOST_TEST((journal->append_and_wait(other_sender).outcome == Outcome::kStored));
  // A replay by an operator is exempt.
  Entry replay = first;
  replay.cites = 1;
  BOOST_TEST((journal->append_and_wait(replay).outcome == Outcome::kStored));
}

BOOST_AUTO_TEST_CASE(stores_another_body_under_the_same_control_id_and_says_so) {
  auto journal = open();
  const Entry first = message(1);
  Entry other = first;
  other.raw += "OBX|1\r";
  journal->append_and_wait(first);
  const Appended changed = journal->append_and_wait(other);
  BOOST_TEST((changed.outcome == Outcome::kStored));
  BOOST_TEST(changed.changed_body);
  BOOST_TEST(must(journal->find(changed.sequence)).value().changed_body);
  // Both bodies are known now, whichever comes again.
  BOOST_TEST(journal->append_and_wait(first).sequence.value() == 1u);
  const Appended repeated = journal->append_and_wait(other);
  BOOST_TEST((repeated.outcome == Outcome::kDuplicate));
  BOOST_TEST(repeated.sequence.value() == 2u);
}

BOOST_AUTO_TEST_CASE(the_body_digest_decides_what_is_the_same_body) {
  auto journal = open();
  Entry first = message(1);
  first.body_digest = core::sha256("without time and sequence number");
  Entry resent = first;
  resent.raw += "MSH-7 differs";
  journal->append_and_wait(first);
  BOOST_TEST((journal->append_and_wait(resent).outcome == Outcome::kDuplicate));
}

BOOST_AUTO_TEST_CASE(a_negative_acknowledgement_is_not_replayed) {
  auto journal = open();
  Entry refused = message(1);
  refused.ack_positive = false;
  journal->append_and_wait(refused);
  BOOST_TEST((journal->append_and_wait(message(1)).outcome == Outcome::kStored));
  BOOST_TEST((journal->append_and_wait(message(1)).outcome == Outcome::kDuplicate));
}

BOOST_AUTO_TEST_CASE(entries_without_control_id_are_never_duplicates) {
  auto journal = open();
  Entry bare = message(1);
  bare.control_id = core::ControlId{};
  BOOST_TEST((journal->append_and_wait(bare).outcome == Outcome::kStored));
  BOOST_TEST((journal->append_and_wait(bare).outcome == Outcome::kStored));
}

// All in one go, so that several fall into one transaction; every outcome must still fit.
BOOST_AUTO_TEST_CASE(duplicates_within_one_batch_are_found) {
  auto journal = open();
  std::atomic<int> stored = 0, duplicates = 0, changed = 0;
  constexpr int kCopies = 50;
  for (int copy = 0; copy < kCopies; ++copy) {
    for (int number = 0; number < 20; ++number) {
      Entry entry = message(number);
      if (copy == 7) entry.raw += "X";
      journal->append(std::move(entry), [&](Appended done) {
        if (done.outcome == Outcome::kStored) ++stored;
        if (done.outcome == Outcome::kDuplicate) ++duplicates;
        if (done.changed_body) ++changed;
      });
    }
  }
  journal->flush();
  BOOST_TEST(stored == 40);
  BOOST_TEST(changed == 20);
  BOOST_TEST(duplicates == 20 * (kCopies - 2));
}

BOOST_AUTO_TEST_CASE(knows_duplicates_after_reopening_and_across_segments) {
  options.segment_entries_max = 10;
  {
    auto journal = open();
    for (int i = 0; i < 35; ++i) {
      BOOST_REQUIRE((journal->append_and_wait(message(i)).outcome == Outcome::kStored));
    }
    BOOST_TEST(journal->stats().segments == 4u);
    for (int i = 0; i < 35; ++i) {
      const Appended again = journal->append_and_wait(message(i));
      BOOST_REQUIRE((again.outcome == Outcome::kDuplicate));
      BOOST_TEST(again.sequence.value() == static_cast<unsigned>(i) + 1);
    }
  }
  for (int round = 0; round < 2; ++round) {   // the second finds every full segment sealed
    auto journal = open();
    BOOST_TEST(journal->head().value() == 35u);
    for (int i = 0; i < 35; ++i) {
      const Appended again = journal->append_and_wait(message(i));
      BOOST_REQUIRE((again.outcome == Outcome::kDuplicate));
      BOOST_TEST(again.sequence.value() == static_cast<unsigned>(i) + 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(forgets_what_lies_before_the_window) {
  options.duplicates_window = std::chrono::hours{48};
  auto journal = open();
  journal->append_and_wait(message(1));
  clock.advance_to(at("2026-03-03T10:00:00Z"));
  BOOST_TEST((journal->append_and_wait(message(1)).outcome == Outcome::kDuplicate));
  clock.advance_to(at("2026-03-03T10:00:01Z"));
  BOOST_TEST((journal->append_and_wait(message(1)).outcome == Outcome::kStored));
  clock.advance_to(at("2026-03-05T10:00:02Z"));
  BOOST_TEST((journal->append_and_wait(message(1)).outcome == Outcome::kStored));
}

BOOST_AUTO_TEST_CASE(rotates_by_day_forward_only) {
  {
    auto journal = open();
    journal->append_and_wait(message(1));
    clock.advance_to(at("2026-03-02T00:00:00Z"));
    journal->append_and_wait(message(2));
    BOOST_TEST(journal->stats().segments == 2u);
  }
  BOOST_TEST(std::filesystem::exists(folder / "journal/journal-000000000001-20260301.db"));
  BOOST_TEST(std::filesystem::exists(folder / "journal/journal-000000000002-20260302.db"));
  const core::SimulatedClock earlier{at("2026-02-01T00:00:00Z")};
  auto journal = must(Journal::open(options, earlier));
  BOOST_TEST(journal->append_and_wait(message(3)).sequence.value() == 3u);
  BOOST_TEST(journal->stats().segments == 2u);
}

BOOST_AUTO_TEST_CASE(never_reuses_a_sequence_after_old_segments_were_dropped) {
  options.segment_entries_max = 5;
  {
    auto journal = open();
    for (int i = 0; i < 12; ++i) journal->append_and_wait(message(i));
  }
  std::filesystem::remove(folder / "journal/journal-000000000001-20260301.db");
  std::filesystem::remove(folder / "journal/journal-000000000006-20260301.db");
  auto journal = open();
  BOOST_TEST(journal->append_and_wait(message(100)).sequence.value() == 13u);
  BOOST_TEST(journal->stats().first.value() == 11u);
  const auto rest = must(journal->read(core::Sequence{0}, 100));
  BOOST_REQUIRE(rest.size() == 3u);
  BOOST_TEST(rest[0].sequence.value() == 11u);
}

BOOST_AUTO_TEST_CASE(reads_on_across_segments_and_beyond_the_tail) {
  options.segment_entries_max = 7;
  options.tail_bytes_max = 3000;
  auto journal = open();
  for (int i = 1; i <= 50; ++i) journal->append_and_wait(message(i));
  std::uint64_t after = 0;
  while (after < 50) {
    const auto part = must(journal->read(core::Sequence{after}, 4));
    BOOST_REQUIRE(!part.empty());
    for (const Entry& entry : part) {
      BOOST_REQUIRE(entry.sequence.value() == ++after);
      BOOST_REQUIRE(entry.control_id.value() == "C" + std::to_string(after));
    }
  }
}

BOOST_AUTO_TEST_CASE(finds_a_control_id_newest_first) {
  options.segment_entries_max = 5;
  auto journal = open();
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 4; ++i) {
      Entry entry = message(i);
      entry.raw += "round " + std::to_string(round);
      journal->append_and_wait(std::move(entry));
    }
  }
  const auto found = must(journal->find_control_id("C2", 3));
  BOOST_REQUIRE(found.size() == 3u);
  BOOST_TEST(found[0].sequence.value() == 15u);
  BOOST_TEST(found[1].sequence.value() == 11u);
  BOOST_TEST(found[2].sequence.value() == 7u);
  BOOST_TEST(must(journal->find_control_id("absent", 3)).empty());
}

BOOST_AUTO_TEST_CASE(a_read_only_journal_follows_the_running_one) {
  auto journal = open();
  journal->append_and_wait(message(1));
  auto reader = must(Journal::open_read_only(options.directory));
  BOOST_TEST(reader->head().value() == 1u);
  BOOST_TEST((reader->append_and_wait(message(9)).outcome == Outcome::kRefused));
  std::thread writer([&] { journal->append_and_wait(message(2)); });
  BOOST_TEST(reader->wait_beyond(core::Sequence{1}));
  writer.join();
  BOOST_TEST(must(reader->read(core::Sequence{1}, 10)).at(0).control_id.value() == "C2");
  BOOST_TEST(must(reader->find_control_id("C1", 10)).size() == 1u);
  reader->stop_waiting();
  BOOST_TEST(!reader->wait_beyond(core::Sequence{2}));
}

BOOST_AUTO_TEST_CASE(waiting_readers_wake_on_new_entries_and_on_stop) {
  auto journal = open();
  std::atomic<std::uint64_t> seen = 0;
  std::thread applier([&] {
    while (journal->wait_beyond(core::Sequence{seen.load()})) {
      for (const Entry& entry : must(journal->read(core::Sequence{seen.load()}, 10))) {
        seen = entry.sequence.value();
      }
      seen.notify_all();
    }
  });
  for (int i = 1; i <= 20; ++i) journal->append_and_wait(message(i));
  while (seen.load() < 20) seen.wait(seen.load());
  journal->stop_waiting();
  applier.join();
  BOOST_TEST(seen.load() == 20u);
}

BOOST_AUTO_TEST_CASE(many_producers_get_every_sequence_once) {
  options.queue_entries_max = 8;   // producers must wait for room
  options.segment_entries_max = 100;
  auto journal = open();
  std::vector<std::atomic<int>> given(801);
  std::vector<std::thread> producers;
  for (int p = 0; p < 8; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < 100; ++i) {
        const Appended done = journal->append_and_wait(message(p * 1000 + i));
        if (done.outcome == Outcome::kStored) ++given[done.sequence.value()];
      }
    });
  }
  for (auto& producer : producers) producer.join();
  for (std::size_t s = 1; s <= 800; ++s) BOOST_REQUIRE(given[s] == 1);
}

BOOST_AUTO_TEST_CASE(an_entry_above_the_limit_is_refused) {
  auto journal = open();
  Entry huge = message(1);
  huge.raw.resize(store::kEntryBytesMax + 1);
  const Appended done = journal->append_and_wait(std::move(huge));
  BOOST_TEST((done.outcome == Outcome::kRefused));
  BOOST_TEST((done.error.code == core::ErrorCode::kTooLong));
}

BOOST_AUTO_TEST_SUITE_END()
