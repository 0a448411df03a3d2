#include "log_keeper.hpp"
#include "temp_folder.hpp"

#include <atomic>
#include <string>
#include <thread>

using namespace store_test;
using store::Row;
using store::SqliteDb;

namespace {

struct Fixture {
  TempFolder folder;
  const std::string path = folder / "test.db";
  store::WriterGate gate;
  std::unique_ptr<SqliteDb> writer = open();
  std::int64_t next = 0;

  Fixture() { must(writer->script("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)")); }

  std::unique_ptr<SqliteDb> open() {
    return must(SqliteDb::open(path, {}, {.checkpoint_pages = 0}));
  }
  /// Some dozens of pages.
  void write_transaction() {
    gate.enter();
    must(writer->begin());
    for (int i = 0; i < 40; ++i) {
      must(writer->run("INSERT INTO t VALUES(?1,?2)",
                       {next++, store::Blob{std::string(3000, static_cast<char>('a' + i % 26))}}));
    }
    must(writer->commit());
    gate.leave();
  }
  static std::int64_t rows(SqliteDb& db) {
    std::int64_t found = -1;
    must(db.query("SELECT count(*) FROM t", {}, [&](const Row& row) {
      found = row.integer(0);
      return true;
    }));
    return found;
  }
  void check_integrity() {
    std::string verdict;
    must(writer->query("PRAGMA integrity_check", {}, [&](const Row& row) {
      verdict += row.text(0);
      return true;
    }));
    BOOST_TEST(verdict == "ok");
    BOOST_TEST(rows(*writer) == next);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(database_log, Fixture)

BOOST_AUTO_TEST_CASE(a_copied_log_begins_anew) {
  const auto copier = open();
  for (int i = 0; i < 10; ++i) write_transaction();
  const int grown = writer->wal_frames();
  write_transaction();
  const int one = writer->wal_frames() - grown;
  BOOST_REQUIRE(grown > 5 * one);
  must(store::copy_log(*copier, gate));
  BOOST_TEST(!gate.asked());
  write_transaction();
  BOOST_TEST(writer->wal_frames() <= 2 * one);
  check_integrity();
}

BOOST_AUTO_TEST_CASE(a_reader_keeps_its_state_and_the_log_waits_for_it) {
  const auto copier = open();
  const auto reader = open();
  write_transaction();
  must(reader->run("BEGIN", {}));
  BOOST_TEST(rows(*reader) == 40);   // from here on it reads what stood then
  for (int i = 0; i < 5; ++i) write_transaction();
  const int grown = writer->wal_frames();
  must(store::copy_log(*copier, gate));
  write_transaction();
  BOOST_TEST(writer->wal_frames() > grown);
  BOOST_TEST(rows(*reader) == 40);
  must(reader->rollback());
  must(store::copy_log(*copier, gate));
  write_transaction();
  BOOST_TEST(writer->wal_frames() < grown);
  BOOST_TEST(rows(*reader) == next);
  check_integrity();
}

BOOST_AUTO_TEST_CASE(what_waits_for_the_writer_asks_it_for_short_transactions) {
  gate.enter();
  std::thread holding([&] {
    gate.ask();
    gate.hold();
    gate.release();
  });
  while (!gate.asked()) std::this_thread::yield();
  gate.leave();
  holding.join();
  BOOST_TEST(!gate.asked());
  write_transaction();
  check_integrity();
}

BOOST_AUTO_TEST_CASE(copying_beside_the_writer_and_readers_loses_nothing) {
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::thread reading([&] {
    const auto reader = open();
    while (!stop) torn += rows(*reader) % 40 != 0;
  });
  {
    store::LogKeeper keeper(path, gate);
    for (int i = 0; i < 60; ++i) {
      write_transaction();
      if (writer->wal_frames() >= 100) keeper.want();
    }
  }
  stop = true;
  reading.join();
  BOOST_TEST(torn == 0);
  check_integrity();
}

BOOST_AUTO_TEST_CASE(a_keeper_that_is_asked_lets_the_log_begin_anew) {
  store::LogKeeper keeper(path, gate);
  int largest = 0, times = 0;
  // Bounded by count: each transaction asks again, so one of them finds the log copied.
  while (times < 2000 && writer->wal_frames() >= largest) {
    largest = writer->wal_frames();
    write_transaction();
    keeper.want();
    std::this_thread::yield();
    ++times;
  }
  BOOST_TEST(writer->wal_frames() < largest);
  check_integrity();
}

BOOST_AUTO_TEST_SUITE_END()
