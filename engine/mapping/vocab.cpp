#include "vocab.hpp"

#include <core/text.hpp>

#include <algorithm>
#include <bit>

namespace mapping {

namespace {
constexpr std::uint32_t kFree = 0xffffffff;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
}  // namespace

std::uint64_t Vocab::hash(std::string_view code) const {
  // FNV-1a: codes are a few bytes, where a call costs more than the loop.
  std::uint64_t h = 14695981039346656037ull;
  for (char c : code) {
    h = (h ^ static_cast<std::uint8_t>(ignore_case ? lower(c) : c)) * 1099511628211ull;
  }
  return h ^ (h >> 29);
}

bool Vocab::same(std::string_view a, std::string_view b) const {
  return ignore_case ? core::iequals(a, b) : a == b;
}

void Vocab::put(const VocabRow& row) {
  for (VocabRow& old : rows_) {
    if (old.from == row.from) {
      old = row;
      return;
    }
  }
  rows_.push_back(row);
}

bool Vocab::erase(std::string_view from) {
  return std::erase_if(rows_, [&](const VocabRow& row) { return row.from == from; }) != 0;
}

void Vocab::build() {
  slots_.assign(std::bit_ceil(rows_.size() * 2 + 2), kFree);
  const std::uint64_t mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < rows_.size(); ++i) {
    std::uint64_t at = hash(rows_[i].from) & mask;
    while (slots_[at] != kFree) at = (at + 1) & mask;
    slots_[at] = i;
  }
}

const VocabRow* Vocab::find(std::string_view code) const {
  if (slots_.empty()) return nullptr;
  const std::uint64_t mask = slots_.size() - 1;
  for (std::uint64_t at = hash(code) & mask; slots_[at] != kFree; at = (at + 1) & mask) {
    if (same(rows_[slots_[at]].from, code)) return &rows_[slots_[at]];
  }
  return nullptr;
}

}  // namespace mapping
