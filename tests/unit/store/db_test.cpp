#include "temp_folder.hpp"

#include <store/db.hpp>

#include <string>
#include <vector>

using namespace store_test;
using store::Blob;
using store::Db;
using store::Row;

namespace {

struct Fixture {
  TempFolder folder;
  std::unique_ptr<Db> db = must(Db::open(folder / "test.db", {}));
  core::ErrorCode code(const core::Status& status) {
    BOOST_REQUIRE(!status.has_value());
    return status.error().code;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(db, Fixture)

BOOST_AUTO_TEST_CASE(values_come_back_as_they_went) {
  must(db->script("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c BLOB, d REAL)"));
  const std::string bytes("\0\x01\xff x", 5);
  must(db->run("INSERT INTO t VALUES(?1,?2,?3,?4)", {std::int64_t{-7}, "text é", Blob{bytes}, 1.5}));
  must(db->run("INSERT INTO t VALUES(?1,?2,?3,?4)", {std::int64_t{8}, nullptr, Blob{}, nullptr}));
  BOOST_TEST(db->last_insert_id() == 8);
  int rows = 0;
  must(db->query("SELECT a,b,c,d FROM t ORDER BY a", {}, [&](const Row& row) {
    if (++rows == 1) {
      BOOST_TEST(row.integer(0) == -7);
      BOOST_TEST(row.text(1) == "text é");
      BOOST_TEST(row.text(2) == bytes);
    } else {
      BOOST_TEST(row.is_null(1));
      BOOST_TEST(!row.is_null(2));
      BOOST_TEST(row.text(1) == "");
      BOOST_TEST(row.text(2) == "");
    }
    return true;
  }));
  BOOST_TEST(rows == 2);
  rows = 0;
  must(db->query("SELECT a FROM t", {}, [&](const Row&) { return ++rows < 1; }));
  BOOST_TEST(rows == 1);
  must(db->run("DELETE FROM t", {}));
  BOOST_TEST(db->changes() == 2);
}

BOOST_AUTO_TEST_CASE(a_query_may_run_within_itself) {
  must(db->script("CREATE TABLE t(a INTEGER PRIMARY KEY)"));
  for (std::int64_t i = 0; i < 4; ++i) must(db->run("INSERT INTO t VALUES(?1)", {i}));
  int pairs = 0;
  const std::string_view all = "SELECT a FROM t WHERE a<?1";
  must(db->query(all, {std::int64_t{4}}, [&](const Row&) {
    must(db->query(all, {std::int64_t{3}}, [&](const Row&) { return ++pairs > 0; }));
    return true;
  }));
  BOOST_TEST(pairs == 12);
}

BOOST_AUTO_TEST_CASE(statements_are_told_apart_by_their_text_not_their_address) {
  std::string sql = "SELECT 1";
  for (int i = 1; i <= 1000; ++i) {   // more than are kept
    sql = "SELECT " + std::to_string(i);
    std::int64_t got = 0;
    must(db->query(sql, {}, [&](const Row& row) { return (got = row.integer(0)) < 0; }));
    BOOST_REQUIRE(got == i);
  }
}

BOOST_AUTO_TEST_CASE(errors_have_their_codes) {
  must(db->script("CREATE TABLE t(a INTEGER PRIMARY KEY)"));
  must(db->run("INSERT INTO t VALUES(1)", {}));
  BOOST_TEST((code(db->run("INSERT INTO t VALUES(1)", {})) == core::ErrorCode::kConflict));
  BOOST_TEST((code(db->run("INSERT INTO nowhere VALUES(1)", {})) == core::ErrorCode::kInternal));
  BOOST_TEST((code(db->run("INSERT INTO t VALUES(?1)", {})) == core::ErrorCode::kInternal));
  Db::Options reading;
  reading.read_only = true;
  auto reader = must(Db::open(folder / "test.db", reading));
  BOOST_TEST((code(reader->run("INSERT INTO t VALUES(2)", {})) ==
              core::ErrorCode::kStoreUnavailable));
  Db::Options impatient;
  impatient.busy_timeout_ms = 1;
  auto other = must(Db::open(folder / "test.db", impatient));
  must(db->begin());
  BOOST_TEST((code(other->begin()) == core::ErrorCode::kStoreLocked));
  must(db->rollback());
  must(other->begin());
  must(other->rollback());
  BOOST_TEST(!Db::open(folder / "no/such/folder.db", {}).has_value());
  BOOST_TEST(!Db::open(folder / "absent.db", reading).has_value());
}

BOOST_AUTO_TEST_CASE(migrations_are_applied_once_and_a_newer_store_is_refused) {
  must(store::migrate(*db, "records"));
  must(store::migrate(*db, "records"));
  std::vector<std::string> names;
  must(db->query("SELECT name FROM migration ORDER BY name", {}, [&](const Row& row) {
    names.emplace_back(row.text(0));
    return true;
  }));
  BOOST_REQUIRE(!names.empty());
  BOOST_TEST(names[0] == "0001_records");
  must(db->run("INSERT INTO migration VALUES('9999_from_the_future')", {}));
  BOOST_TEST((code(store::migrate(*db, "records")) == core::ErrorCode::kStoreUnavailable));
}

BOOST_AUTO_TEST_CASE(a_migration_that_fails_leaves_nothing_behind) {
  must(db->script("CREATE TABLE entry_key(something INTEGER)"));   // in the way of its second table
  BOOST_TEST(!store::migrate(*db, "journal").has_value());
  bool half = false;
  must(db->query("SELECT 1 FROM sqlite_master WHERE name='entry'", {},
                 [&](const Row&) { return half = true; }));
  BOOST_TEST(!half);
  must(db->script("DROP TABLE entry_key"));
  must(store::migrate(*db, "journal"));   // the next start goes on
}

BOOST_AUTO_TEST_SUITE_END()
