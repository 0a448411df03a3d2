#pragma once
#include <identity/model.hpp>
#include <identity/person.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "string_pool.hpp"

namespace identity {

enum class Sex : std::uint8_t { kUnknown, kMale, kFemale };

/// Texts of a person that are compared, each in a pool of its own.
enum class Word : std::uint8_t {
  kGiven, kFamily, kMiddle, kStreet, kStreetNumber, kUnit, kCity, kPostcode, kState,
};
inline constexpr std::size_t kWords = 9;

/// One way to look at a person: one name with one address, folded. A person with former names or
/// several addresses has several faces; what agrees best counts.
struct Face {
  std::array<std::string, kWords> words;
  std::uint32_t birth = 0;          ///< YYYYMMDD, months and days may be 00; 0 = not known
  std::uint32_t death = 0;
  std::uint64_t national_id = 0;    ///< 1 and its digits, or a hash with the top bit; 0 = none
  std::uint64_t phone = 0;          ///< 1 and its last ten digits
  Sex sex = Sex::kUnknown;
  std::uint8_t suffix = 0;          ///< 0 = none; 1 sr, 2 jr or ii, 3 iii...
  bool deceased = false;
  bool newborn = false;             ///< "BABY BOY": a name that names nobody yet
  bool unknown_name = false;        ///< "JOHN DOE", "TEST"

  std::string& of(Word word) { return words[static_cast<std::size_t>(word)]; }
  const std::string& of(Word word) const { return words[static_cast<std::size_t>(word)]; }
};

/// Folds a person; at least one face. Placeholder ids and dates become missing.
std::vector<Face> make_faces(const Person& person, const Model& model);

/// A text as it is compared: its letters, its number in the pool and how many bear it.
struct Text {
  std::string_view text;
  std::uint32_t token = StringPool::kNone;
  std::uint32_t count = 0;

  bool missing() const { return text.empty(); }
};

/// A face with its texts looked up. Views live as long as the face or the pools.
struct Features {
  std::array<Text, kWords> words;
  std::uint32_t birth = 0, death = 0;
  std::uint64_t national_id = 0, phone = 0;
  Sex sex = Sex::kUnknown;
  std::uint8_t suffix = 0;
  bool deceased = false, newborn = false, unknown_name = false;

  const Text& of(Word word) const { return words[static_cast<std::size_t>(word)]; }
};

/// The hash of a blocking key for these features; 0 when a part of it is missing.
std::uint64_t block_hash(const Model& model, std::size_t key, const Features& features);

}  // namespace identity
