#include <identity/compare.hpp>

#include <array>

#include "features.hpp"
#include "levels.hpp"

namespace identity {
namespace {

constexpr std::array<std::string_view, kGuards> kGuardWords = {
    "newborn",        "unknown-name",   "twins",          "given-differs", "family-differs",
    "suffix-conflict", "sex-conflict",  "birth-conflict", "death-conflict", "id-conflict",
    "household",      "uncorroborated", "same-authority", "not-the-same",  "ambiguous"};

/// Two bits say more than chance; below it a group is no evidence of its own.
constexpr float kEvidenceMin = 3;

std::uint32_t years_apart(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t x = a / 10000;
  const std::uint32_t y = b / 10000;
  return x > y ? x - y : y - x;
}

void name_guards(const Model& model, const Features& a, const Features& b, const Comparison& found,
                 GuardSet& out) {
  if (a.newborn || b.newborn) out.add(Guard::kNewborn);
  if (a.unknown_name || b.unknown_name) out.add(Guard::kUnknownName);
  const bool other_given =
      found.level(Field::kGiven) == Level::kDiffer ||
      (!found.names_swapped &&
       distinct_given(model, a.of(Word::kGiven), b.of(Word::kGiven)));
  if (other_given) {
    const bool twins = found.agrees(Field::kFamily) && found.agrees(Field::kBirthDate);
    out.add(twins ? Guard::kTwins : Guard::kGivenDiffers);
  }
  if (found.level(Field::kFamily) == Level::kDiffer &&
      found.level(Field::kNationalId) != Level::kExact) {
    out.add(Guard::kFamilyDiffers);
  }
  // A suffix on one side only may be an omission, unless the birth date also speaks against it.
  const bool one_only = (a.suffix == 0) != (b.suffix == 0);
  if (a.suffix != b.suffix &&
      (!one_only || found.level(Field::kBirthDate) != Level::kExact)) {
    out.add(Guard::kSuffixConflict);
  }
}

void life_guards(const Model& model, const Features& a, const Features& b, const Comparison& found,
                 GuardSet& out) {
  if (found.level(Field::kSex) == Level::kDiffer) out.add(Guard::kSexConflict);
  const Level birth = found.level(Field::kBirthDate);
  // A father and son born on one day of the year are one wrong digit apart.
  const bool generation = birth == Level::kNear &&
                          years_apart(a.birth, b.birth) >= model.generation_years_min &&
                          found.level(Field::kNationalId) != Level::kExact;
  if (birth == Level::kDiffer || generation) out.add(Guard::kBirthConflict);
  if (a.deceased != b.deceased ||
      (a.death != 0 && b.death != 0 && date_level(a.death, b.death) == Level::kDiffer)) {
    out.add(Guard::kDeathConflict);
  }
  if (found.level(Field::kNationalId) == Level::kDiffer) out.add(Guard::kIdConflict);
}

void evidence_guards(const Comparison& found, GuardSet& out) {
  const int personal = (found.agrees(Field::kGiven) ? 1 : 0) +
                       (found.agrees(Field::kBirthDate) ? 1 : 0) +
                       (found.agrees(Field::kNationalId) ? 1 : 0);
  if (personal < 2) out.add(Guard::kHousehold);
  const bool besides_name_and_birth = found.group(Group::kPlace) >= kEvidenceMin ||
                                      found.group(Group::kContact) >= kEvidenceMin ||
                                      found.group(Group::kId) >= kEvidenceMin;
  if (!besides_name_and_birth) out.add(Guard::kUncorroborated);
}

}  // namespace

std::string_view to_text(Guard guard) { return kGuardWords[static_cast<std::size_t>(guard)]; }

GuardSet GuardSet::of_bits(std::uint32_t bits) {
  GuardSet set;
  set.bits_ = bits & ((1u << kGuards) - 1);
  return set;
}

std::vector<Guard> GuardSet::list() const {
  std::vector<Guard> all;
  for (std::size_t i = 0; i < kGuards; ++i) {
    if (has(static_cast<Guard>(i))) all.push_back(static_cast<Guard>(i));
  }
  return all;
}

GuardSet guards_of(const Model& model, const Features& a, const Features& b,
                   const Comparison& found) {
  GuardSet out;
  name_guards(model, a, b, found, out);
  life_guards(model, a, b, found, out);
  evidence_guards(found, out);
  return out;
}

Grade grade_of(const Model& model, double weight, GuardSet guards) {
  const bool two_persons = guards.has(Guard::kNotTheSame) || guards.has(Guard::kSexConflict) ||
                           guards.has(Guard::kSuffixConflict);
  if (weight < model.review || guards.has(Guard::kNotTheSame)) return Grade::kCertainlyNot;
  if (weight >= model.auto_link && !two_persons && guards.empty()) return Grade::kCertain;
  if (weight >= model.probable && !two_persons) return Grade::kProbable;
  return Grade::kPossible;
}

}  // namespace identity
