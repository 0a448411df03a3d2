#pragma once
#include <identity/model.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace identity {

struct Features;

/// Why a pair may not be linked unattended, whatever it weighs (mappings/identity/README.md).
/// Weight decides what a person looks at; guards decide what nobody needs to.
enum class Guard : std::uint8_t {
  kNewborn,            ///< "BABY BOY": the name says nothing yet
  kUnknownName,        ///< "JOHN DOE", "TEST"
  kTwins,              ///< same family name and birth date, other given name
  kGivenDiffers,       ///< another given name, no twin: a relative, or a new name
  kFamilyDiffers,      ///< another family name without an equal national number
  kSuffixConflict,     ///< Sr and Jr
  kSexConflict,
  kBirthConflict,      ///< other birth date, or one name a generation apart
  kDeathConflict,      ///< one is dead and the other not, or other dates of death
  kIdConflict,         ///< two valid national numbers
  kHousehold,          ///< too little speaks of the person rather than of the household
  kUncorroborated,     ///< name and birth date alone: strangers share both
  kSameAuthority,      ///< two active numbers of one authority
  kNotTheSame,         ///< a person decided that they are two
  kAmbiguous,          ///< more than one record would be linked
};
inline constexpr std::size_t kGuards = 15;
std::string_view to_text(Guard guard);   ///< "twins", "same-authority"

/// A set of guards.
class GuardSet {
 public:
  void add(Guard guard) { bits_ |= 1u << static_cast<unsigned>(guard); }
  bool has(Guard guard) const { return (bits_ >> static_cast<unsigned>(guard) & 1u) != 0; }
  bool empty() const { return bits_ == 0; }
  std::uint32_t bits() const { return bits_; }
  static GuardSet of_bits(std::uint32_t bits);
  std::vector<Guard> list() const;

 private:
  std::uint32_t bits_ = 0;
};

/// What a comparison found, field by field.
struct Comparison {
  std::array<Level, kFields> levels{};
  std::array<float, kFields> weights{};   ///< bits; 0 where missing
  std::array<float, kGroups> groups{};    ///< after cap and floor
  double weight = 0;                      ///< sum of the groups, bits
  bool names_swapped = false;             ///< given and family name stand in each other's place

  Level level(Field field) const { return levels[static_cast<std::size_t>(field)]; }
  float group(Group group) const { return groups[static_cast<std::size_t>(group)]; }
  bool agrees(Field field) const {
    return level(field) == Level::kExact || level(field) == Level::kNear;
  }
};

/// FHIR match grades (http://hl7.org/fhir/R4/valueset-match-grade.html).
enum class Grade : std::uint8_t { kCertain, kProbable, kPossible, kCertainlyNot };
std::string_view to_text(Grade grade);
/// Certain needs the auto-link weight and no guard that says "two persons".
Grade grade_of(const Model& model, double weight, GuardSet guards);
/// Probability that a pair of this weight is one person, 0 to 1.
double posterior(const Model& model, double weight);

/// Compares two faces; `persons` is how many the counts of the features are out of.
Comparison compare(const Model& model, const Features& a, const Features& b, double persons);
/// Guards that show in the pair itself (not kSameAuthority, kNotTheSame, kAmbiguous).
GuardSet guards_of(const Model& model, const Features& a, const Features& b,
                   const Comparison& found);

}  // namespace identity
