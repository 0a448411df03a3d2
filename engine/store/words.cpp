#include "words.hpp"

namespace store {

core::Result<std::int64_t> Words::number(std::string_view text) {
  auto known = find(text);
  if (!known || *known != 0) return known;
  if (auto status = db_.run("INSERT INTO word(text) VALUES(?1)", {text}); !status) {
    return core::fail(status.error());
  }
  const std::int64_t number = db_.last_insert_id();
  remember(text, number);
  added_.emplace_back(text);
  return number;
}

core::Result<std::int64_t> Words::find(std::string_view text) {
  const auto at = numbers_.find(text);
  if (at != numbers_.end()) return at->second;
  std::int64_t number = 0;
  auto status = db_.query("SELECT number FROM word WHERE text=?1", {text}, [&](const Row& row) {
    number = row.integer(0);
    return false;
  });
  if (!status) return core::fail(status.error());
  if (number != 0) remember(text, number);
  return number;
}

core::Result<std::string> Words::text(std::int64_t number) {
  const auto at = texts_.find(number);
  if (at != texts_.end()) return at->second;
  std::string text;
  auto status =
      db_.query("SELECT text FROM word WHERE number=?1", {number}, [&](const Row& row) {
        text = row.text(0);
        return false;
      });
  if (!status) return core::fail(status.error());
  if (!text.empty()) remember(text, number);
  return text;
}

void Words::remember(std::string_view text, std::int64_t number) {
  if (numbers_.size() >= kCachedMax) {
    numbers_.clear();
    texts_.clear();
  }
  numbers_.emplace(text, number);
  texts_.emplace(number, text);
}

void Words::undo(std::size_t keep) {
  for (; added_.size() > keep; added_.pop_back()) {
    const auto at = numbers_.find(added_.back());
    if (at == numbers_.end()) continue;
    texts_.erase(at->second);
    numbers_.erase(at);
  }
}

}  // namespace store
