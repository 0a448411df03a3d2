#include "similar.hpp"

#include "fold.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace identity {
namespace {

using RowOf = std::array<std::uint8_t, kTextBytesMax + 1>;

/// A copy without blanks, on the stack: comparing must not allocate.
struct Joined {
  std::array<char, kTextBytesMax> bytes;
  std::size_t size = 0;
  explicit Joined(std::string_view text) {
    for (char c : text) {
      if (c != ' ' && size < bytes.size()) bytes[size++] = c;
    }
  }
  std::string_view view() const { return {bytes.data(), size}; }
};

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() < b.size()) std::swap(a, b);
  if (a.size() > kTextBytesMax || a.size() - b.size() > limit) return limit + 1;
  RowOf before;
  RowOf above;
  RowOf row;
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<std::uint8_t>(i);
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u);
      best = std::min({best, above[j] + std::size_t{1}, row[j - 1] + std::size_t{1}});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, before[j - 2] + std::size_t{1});
      }
      row[j] = static_cast<std::uint8_t>(best);
      least = std::min(least, best);
    }
    if (least > limit) return limit + 1;
    before = above;
    above = row;
  }
  return std::min<std::size_t>(above[b.size()], limit + 1);
}

double jaro_winkler(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty() || a.size() > 64 || b.size() > 64) return 0;
  const std::size_t longer = std::max(a.size(), b.size());
  const std::size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
  std::uint64_t taken_a = 0;
  std::uint64_t taken_b = 0;
  std::size_t common = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t from = i > reach ? i - reach : 0;
    const std::size_t to = std::min(b.size(), i + reach + 1);
    for (std::size_t j = from; j < to; ++j) {
      if ((taken_b >> j & 1) != 0 || a[i] != b[j]) continue;
      taken_a |= std::uint64_t{1} << i;
      taken_b |= std::uint64_t{1} << j;
      ++common;
      break;
    }
  }
  if (common == 0) return 0;
  std::size_t swapped = 0;
  std::size_t j = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((taken_a >> i & 1) == 0) continue;
    while ((taken_b >> j & 1) == 0) ++j;
    if (a[i] != b[j]) ++swapped;
    ++j;
  }
  const auto c = static_cast<double>(common);
  const double jaro = (c / static_cast<double>(a.size()) + c / static_cast<double>(b.size()) +
                       (c - static_cast<double>(swapped) / 2) / c) /
                      3;
  std::size_t prefix = 0;
  while (prefix < 4 && prefix < a.size() && prefix < b.size() && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * 0.1 * (1 - jaro);
}

bool written_alike(std::string_view a, std::string_view b, double similarity) {
  const Joined x(a);
  const Joined y(b);
  if (x.view() == y.view()) return true;
  const std::size_t shorter = std::min(x.size, y.size);
  if (shorter < 3) return shorter == 2 && std::max(x.size, y.size) == 3 &&
                          edit_distance(x.view(), y.view(), 1) <= 1;
  const std::size_t limit = shorter >= 8 ? 2 : 1;
  if (edit_distance(x.view(), y.view(), limit) <= limit) return true;
  return jaro_winkler(x.view(), y.view()) >= similarity;
}

}  // namespace identity
