#pragma once
#include <core/result.hpp>
#include <core/yaml.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace identity {

/// What two persons are compared by.
enum class Field : std::uint8_t {
  kGiven, kFamily, kMiddle, kBirthDate, kSex, kStreet, kStreetNumber, kUnit, kCity, kPostcode,
  kState, kPhone, kNationalId,
};
inline constexpr std::size_t kFields = 13;
std::string_view to_text(Field field);   ///< "given", "birth_date": as in the YAML

/// How far two values agree. A value missing on either side weighs nothing.
enum class Level : std::uint8_t { kMissing, kExact, kNear, kDiffer };
inline constexpr std::size_t kLevels = 3;   ///< without kMissing
std::string_view to_text(Level level);

/// Fields that speak of the same thing are no independent evidence of each other.
enum class Group : std::uint8_t { kName, kBirth, kPlace, kContact, kId };
inline constexpr std::size_t kGroups = 5;
std::string_view to_text(Group group);
Group group_of(Field field);

/// Parts a blocking key is made of.
enum class KeyPart : std::uint8_t {
  kGivenSound, kFamilySound, kNameSounds, kFamilyStart, kBirthDate, kBirthYear, kBirthMonth,
  kStreet, kStreetSound, kStreetNumber, kCity, kCitySound, kPostcode, kPhone, kNationalId,
};
struct BlockingKey {
  std::string name;
  std::vector<KeyPart> parts;
  /// Key whose blocks this one shares (itself when none): a given name then also meets a family
  /// name.
  std::size_t space = 0;
};
inline constexpr std::size_t kBlockingKeysMax = 16;

/// The Fellegi-Sunter model: weights (log2 of m over u), thresholds, blocking keys and the words
/// that carry no identity. Read from two YAML files of one folder (`weights.yaml`, `names.yaml`;
/// mappings/identity/README.md), checked whole; immutable afterwards. Thread: any.
struct Model {
  struct FieldModel {
    std::array<double, kLevels> m{};        ///< share of exact, near, differ among one person's
    std::array<double, kLevels> u{};        ///< and among two persons'; each sums to 1
    std::array<double, kLevels> weight{};   ///< log2(m/u), bits
    bool frequency = false;                 ///< a rare value weighs more than a common one
  };
  struct GroupModel {
    double cap = 1e9, floor = -1e9;         ///< bounds of the group's sum, bits
  };

  double auto_link = 20, probable = 14, review = 8;   ///< bits
  double prior = -12;                       ///< log2 odds before anything is compared
  double similarity = 0.88;                 ///< Jaro-Winkler from which names are near
  double frequency_gain_max = 3, frequency_loss_max = 5;   ///< bits a common or rare value moves
  double frequency_pseudo_count = 2000;     ///< weight of u against the counts of the index
  std::uint32_t national_id_shared_max = 8; ///< more persons with one number: it names nobody
  std::uint32_t block_persons_max = 5000;   ///< larger blocks are not searched
  std::uint32_t generation_years_min = 14;  ///< birth years of one name so far apart: two persons
  std::array<FieldModel, kFields> fields;
  std::array<GroupModel, kGroups> groups;
  std::vector<BlockingKey> keys;

  std::unordered_set<std::string> newborn_names;      ///< folded words: "baby", "newborn", "bb"
  std::unordered_set<std::string> unknown_names;      ///< folded: "unknown", "john doe", "test"
  std::unordered_set<std::string> placeholder_ids;    ///< digits
  std::unordered_set<std::string> placeholder_dates;  ///< YYYYMMDD
  std::unordered_map<std::string, std::string> suffixes;          ///< folded -> "jr", "sr", "2"
  std::unordered_map<std::string, std::string> street_words;      ///< "north" -> "n"
  std::unordered_set<std::string> street_types;       ///< "street", "rd": not compared
  std::unordered_map<std::string, std::vector<std::uint16_t>> nicknames;  ///< -> sets it is in
  std::unordered_set<std::string> given_names;        ///< known as names of their own

  const FieldModel& of(Field field) const { return fields[static_cast<std::size_t>(field)]; }
  FieldModel& of(Field field) { return fields[static_cast<std::size_t>(field)]; }
  /// True when both are forms of one name ("bob", "robert").
  bool same_nickname(std::string_view a, std::string_view b) const;
  /// Sets weight of every field from m and u.
  void weigh();
};

/// One thing that is wrong in a file; `where` = "file:line:column".
struct ModelProblem {
  std::string where, text;
};

/// Reads `<directory>/weights.yaml` and `<directory>/names.yaml`. nullptr after any problem.
std::shared_ptr<const Model> load_model(const std::string& directory,
                                        std::vector<ModelProblem>& problems);
/// The same from texts already parsed.
std::shared_ptr<const Model> read_model(const core::yaml::File& weights,
                                        const core::yaml::File& names,
                                        std::vector<ModelProblem>& problems);
/// `weights.yaml` of a model, for `chartwire mpi train`.
std::string write_weights(const Model& model, const std::string& comment);

}  // namespace identity
