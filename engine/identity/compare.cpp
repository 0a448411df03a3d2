#include <identity/compare.hpp>

#include <algorithm>
#include <cmath>

#include "features.hpp"
#include "levels.hpp"

namespace identity {
namespace {

constexpr double kPlaceSimilarity = 0.90;

class Comparer {
 public:
  Comparer(const Model& model, const Features& a, const Features& b, double persons)
      : model_(model), a_(a), b_(b), persons_(persons) {}

  Comparison run() {
    names();
    put(Field::kMiddle, middle_level(a_.of(Word::kMiddle).text, b_.of(Word::kMiddle).text));
    put(Field::kBirthDate, date_level(a_.birth, b_.birth));
    put(Field::kSex, sex());
    place();
    put(Field::kPhone, number_level(a_.phone, b_.phone));
    put(Field::kNationalId, number_level(a_.national_id, b_.national_id));
    std::array<double, kGroups> sums{};
    for (std::size_t i = 0; i < kFields; ++i) {
      sums[static_cast<std::size_t>(group_of(static_cast<Field>(i)))] += out_.weights[i];
    }
    for (std::size_t i = 0; i < kGroups; ++i) {
      const Model::GroupModel& bounds = model_.groups[i];
      const double kept = std::clamp(sums[i], bounds.floor, bounds.cap);
      out_.groups[i] = static_cast<float>(kept);
      out_.weight += kept;
    }
    return out_;
  }

 private:
  void put(Field field, Level level, double correction = 0) {
    const auto i = static_cast<std::size_t>(field);
    out_.levels[i] = level;
    out_.weights[i] =
        level == Level::kMissing
            ? 0.0F
            : static_cast<float>(
                  model_.fields[i].weight[static_cast<std::size_t>(level) - 1] + correction);
  }

  /// What the commonness of the agreeing value adds or takes.
  double correction(Field field, Level level, const Text& a, const Text& b) const {
    const Model::FieldModel& of = model_.of(field);
    if (!of.frequency || (level != Level::kExact && level != Level::kNear)) return 0;
    const double u = of.u[0];
    const double k = model_.frequency_pseudo_count;
    const double share =
        (static_cast<double>(std::max(a.count, b.count)) + k * u) / (persons_ + k);
    const double bits =
        std::clamp(std::log2(u / share), -model_.frequency_loss_max, model_.frequency_gain_max);
    // A near value may be another name: being rare does not make it more telling.
    return level == Level::kNear ? std::min(bits, 0.0) : bits;
  }

  void put_text(Field field, Word word, Level level) {
    put(field, level, correction(field, level, a_.of(word), b_.of(word)));
  }

  void names() {
    const Text& given_a = a_.of(Word::kGiven);
    const Text& given_b = b_.of(Word::kGiven);
    const Text& family_a = a_.of(Word::kFamily);
    const Text& family_b = b_.of(Word::kFamily);
    Level given = given_level(model_, given_a.text, given_b.text);
    Level family = family_level(model_, family_a.text, family_b.text);
    if (given != Level::kExact && family != Level::kExact) {
      const Level crossed_a = family_level(model_, given_a.text, family_b.text);
      const Level crossed_b = family_level(model_, family_a.text, given_b.text);
      const auto agree = [](Level level) {
        return level == Level::kExact || level == Level::kNear;
      };
      const int straight = (agree(given) ? 1 : 0) + (agree(family) ? 1 : 0);
      const int crossed = (agree(crossed_a) ? 1 : 0) + (agree(crossed_b) ? 1 : 0);
      if (crossed > straight) {
        out_.names_swapped = true;
        given = agree(crossed_a) ? Level::kNear : crossed_a;
        family = agree(crossed_b) ? Level::kNear : crossed_b;
      }
    }
    put_text(Field::kGiven, Word::kGiven, given);
    put_text(Field::kFamily, Word::kFamily, family);
  }

  Level sex() const {
    if (a_.sex == Sex::kUnknown || b_.sex == Sex::kUnknown) return Level::kMissing;
    return a_.sex == b_.sex ? Level::kExact : Level::kDiffer;
  }

  void place() {
    const auto text = [this](Word word) {
      return text_level(a_.of(word).text, b_.of(word).text, kPlaceSimilarity);
    };
    const auto code = [this](Word word) {
      return code_level(a_.of(word).text, b_.of(word).text);
    };
    Level street = text(Word::kStreet);
    Level unit = text(Word::kUnit);
    // The two lines of an address in each other's place.
    if (street == Level::kDiffer &&
        (crossed(Word::kStreet, Word::kUnit) || crossed(Word::kUnit, Word::kStreet))) {
      street = Level::kNear;
      unit = Level::kMissing;
    }
    put_text(Field::kStreet, Word::kStreet, street);
    put(Field::kStreetNumber, code(Word::kStreetNumber));
    put_text(Field::kUnit, Word::kUnit, unit);
    put_text(Field::kCity, Word::kCity, text(Word::kCity));
    put_text(Field::kPostcode, Word::kPostcode, code(Word::kPostcode));
    put(Field::kState, code_level(a_.of(Word::kState).text, b_.of(Word::kState).text));
  }

  bool crossed(Word first, Word second) const {
    const Level level = text_level(a_.of(first).text, b_.of(second).text, kPlaceSimilarity);
    return level == Level::kExact || level == Level::kNear;
  }

  const Model& model_;
  const Features& a_;
  const Features& b_;
  const double persons_;
  Comparison out_;
};

}  // namespace

Comparison compare(const Model& model, const Features& a, const Features& b, double persons) {
  return Comparer(model, a, b, persons).run();
}

double posterior(const Model& model, double weight) {
  return 1 / (1 + std::exp2(-(weight + model.prior)));
}

std::string_view to_text(Grade grade) {
  switch (grade) {
    case Grade::kCertain: return "certain";
    case Grade::kProbable: return "probable";
    case Grade::kPossible: return "possible";
    case Grade::kCertainlyNot: return "certainly-not";
  }
  return "certainly-not";
}

}  // namespace identity
