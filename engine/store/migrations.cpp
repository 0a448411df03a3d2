#include "migrations.hpp"

#include <store/db.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace store {
namespace {

core::Status apply(Db& db, const Migration& migration) {
  if (auto status = db.begin(); !status) return status;
  core::Status status = db.script(std::string(migration.sql));
  if (status) status = db.run("INSERT INTO migration(name) VALUES(?1)", {migration.name});
  if (status) status = db.commit();
  if (status) return {};
  core::Error error = status.error();
  error.detail = "migration " + std::string(migration.name) + ": " + error.detail;
  (void)db.rollback();
  return core::fail(std::move(error));
}

}  // namespace

core::Status migrate(Db& db, std::string_view store) {
  auto status = db.script("CREATE TABLE IF NOT EXISTS migration(name TEXT NOT NULL PRIMARY KEY)");
  if (!status) return status;
  std::vector<std::string> applied;
  status = db.query("SELECT name FROM migration", {}, [&](const Row& row) {
    applied.emplace_back(row.text(0));
    return true;
  });
  if (!status) return status;

  const auto known = embedded_migrations();
  const auto is = [&](std::string_view name) {
    return [store, name](const Migration& m) { return m.store == store && m.name == name; };
  };
  for (const std::string& name : applied) {
    if (std::none_of(known.begin(), known.end(), is(name))) {
      return core::fail(core::ErrorCode::kStoreUnavailable,
                        "written by a newer version (migration " + name + " is not known here)");
    }
  }
  for (const Migration& migration : known) {
    if (migration.store != store) continue;
    if (std::find(applied.begin(), applied.end(), migration.name) != applied.end()) continue;
    if (status = apply(db, migration); !status) return status;
  }
  return {};
}

}  // namespace store
