#include "search_lead.hpp"

namespace store {

SearchMoment::~SearchMoment() {
  if (ours_) (void)db_.run("COMMIT", {});
}

core::Result<std::int64_t> SearchMoment::begin() {
  if (!db_.in_transaction()) {
    if (auto status = db_.run("BEGIN", {}); !status) return core::fail(status.error());
    ours_ = true;
  }
  // It begins with the first look.
  std::int64_t trimmed = 0;
  auto status = db_.query("SELECT value FROM meta WHERE name='changes_trimmed'", {},
                          [&trimmed](const Row& row) {
                            trimmed = row.integer(0);
                            return false;
                          });
  if (!status) return core::fail(status.error());
  return trimmed;
}

core::Result<std::optional<Lead>> ask_rows(
    SearchRows* rows, std::int64_t trimmed,
    const std::function<core::Result<bool>(Db& rows, Lead& lead)>& gather) {
  std::optional<Lead> found;
  if (rows == nullptr) return found;
  Db& db = rows->db();
  if (auto status = db.run("BEGIN"); !status) return core::fail(status.error());
  const auto look = [&]() -> core::Status {
    const auto state = rows->state();
    if (!state) return core::fail(state.error());
    if (state->filled > trimmed) return {};
    Lead lead;
    lead.position = state->position;
    const auto leads = gather(db, lead);
    if (!leads) return core::fail(leads.error());
    if (*leads) found = std::move(lead);
    return {};
  };
  auto status = look();
  if (auto end = db.run("COMMIT"); status && !end) status = end;
  if (!status) return core::fail(status.error());
  return found;
}

void add_candidate(std::int64_t number, Lead& lead) {
  std::string& text = lead.numbers;
  text.back() = ',';
  if (text.size() == 2) text.pop_back();   // the first
  text += std::to_string(number) + "]";
}

}  // namespace store
