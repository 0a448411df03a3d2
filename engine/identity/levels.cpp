#include "levels.hpp"

#include <core/text.hpp>

#include <algorithm>
#include <array>

#include "fold.hpp"
#include "similar.hpp"

namespace identity {
namespace {

/// Words of one sound are near from here on; sound alone would join too much.
constexpr double kSoundSimilarity = 0.80;
constexpr double kPlaceSimilarity = 0.90;
/// Persons who must bear a spelling before it counts as a name of its own.
constexpr std::uint32_t kNameBearersMin = 5;
/// A spelling so much rarer than the other one is taken for a slip.
constexpr std::uint32_t kSlipRatio = 40;

/// One is made of whole words of the other: "mary ann" and "ann", "smith jones" and "smith".
bool shares_words(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  if (a.find(' ') == std::string_view::npos || b.empty()) return false;
  const auto words = core::split(a, ' ');
  for (std::string_view word : core::split(b, ' ')) {
    if (word.size() < 2 || std::find(words.begin(), words.end(), word) == words.end()) return false;
  }
  return true;
}

bool sounds_alike(std::string_view a, std::string_view b) {
  return soundex(a) == soundex(b) && jaro_winkler(a, b) >= kSoundSimilarity;
}

std::uint32_t swapped_day_and_month(std::uint32_t date) {
  return date / 10000 * 10000 + date % 100 * 100 + date / 100 % 100;
}

std::string_view decimal(std::uint64_t value, std::array<char, 24>& into) {
  std::size_t at = into.size();
  for (; value > 0; value /= 10) into[--at] = static_cast<char>('0' + value % 10);
  return {into.data() + at, into.size() - at};
}

}  // namespace

Level given_level(const Model& model, std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return Level::kMissing;
  if (a == b) return Level::kExact;
  if (a.size() == 1 || b.size() == 1) return a[0] == b[0] ? Level::kNear : Level::kDiffer;
  if (written_alike(a, b, model.similarity)) return Level::kNear;
  if (model.same_nickname(a, b)) return Level::kNear;
  return shares_words(a, b) || sounds_alike(a, b) ? Level::kNear : Level::kDiffer;
}

Level family_level(const Model& model, std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return Level::kMissing;
  if (a == b) return Level::kExact;
  if (written_alike(a, b, model.similarity)) return Level::kNear;
  return shares_words(a, b) || sounds_alike(a, b) ? Level::kNear : Level::kDiffer;
}

Level middle_level(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return Level::kMissing;
  if (a == b) return Level::kExact;
  if (a[0] == b[0] && (a.size() == 1 || b.size() == 1)) return Level::kNear;
  return written_alike(a, b, kPlaceSimilarity) ? Level::kNear : Level::kDiffer;
}

Level text_level(std::string_view a, std::string_view b, double similarity) {
  if (a.empty() || b.empty()) return Level::kMissing;
  if (a == b) return Level::kExact;
  return written_alike(a, b, similarity) || shares_words(a, b) ? Level::kNear : Level::kDiffer;
}

Level code_level(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return Level::kMissing;
  if (a == b) return Level::kExact;
  if (std::max(a.size(), b.size()) < 2) return Level::kDiffer;
  return edit_distance(a, b, 1) <= 1 ? Level::kNear : Level::kDiffer;
}

Level date_level(std::uint32_t a, std::uint32_t b) {
  if (a == 0 || b == 0) return Level::kMissing;
  if (a == b) return Level::kExact;
  // What is not known of a date says nothing, what is known must fit.
  if (a % 10000 == 0 || b % 10000 == 0) {
    return a / 10000 == b / 10000 ? Level::kNear : Level::kDiffer;
  }
  if (a % 100 == 0 || b % 100 == 0) return a / 100 == b / 100 ? Level::kNear : Level::kDiffer;
  if (swapped_day_and_month(a) == b) return Level::kNear;
  const bool year = a / 10000 == b / 10000;
  const bool month = a / 100 % 100 == b / 100 % 100;
  const bool day = a % 100 == b % 100;
  if (year && (month || day)) return Level::kNear;
  std::array<char, 24> x;
  std::array<char, 24> y;
  return edit_distance(decimal(a, x), decimal(b, y), 1) <= 1 ? Level::kNear : Level::kDiffer;
}

Level number_level(std::uint64_t a, std::uint64_t b) {
  if (a == 0 || b == 0) return Level::kMissing;
  if (a == b) return Level::kExact;
  constexpr std::uint64_t kHashed = std::uint64_t{1} << 63;
  if (((a | b) & kHashed) != 0) return Level::kDiffer;
  std::array<char, 24> x;
  std::array<char, 24> y;
  return edit_distance(decimal(a, x), decimal(b, y), 1) <= 1 ? Level::kNear : Level::kDiffer;
}

bool distinct_given(const Model& model, const Text& a, const Text& b) {
  if (a.missing() || b.missing() || a.text == b.text) return false;
  if (a.text.size() == 1 || b.text.size() == 1) return false;
  if (model.same_nickname(a.text, b.text) || shares_words(a.text, b.text)) return false;
  const bool known_a = model.given_names.contains(std::string(a.text));
  const bool known_b = model.given_names.contains(std::string(b.text));
  if (known_a && known_b) return true;
  const std::uint32_t fewer = std::min(a.count, b.count);
  return fewer >= kNameBearersMin && std::max(a.count, b.count) / fewer <= kSlipRatio;
}

}  // namespace identity
