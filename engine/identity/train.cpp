#include <identity/train.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace identity {
namespace {

using Shares = std::array<double, kLevels>;
using Pattern = std::array<Level, kFields>;

constexpr std::size_t kPeopleMin = 100;
/// Fewer pairs with the field on both sides say nothing about it.
constexpr double kPairsJudgedMin = 200;
/// An agreement never seen among random pairs is taken for half a pair.
constexpr double kUnseen = 0.5;
/// A level never less likely within one person than this: one bad record must not veto.
constexpr double kShareMin = 1e-4;

/// Numbers of a fixed series: training twice gives the same model.
class Dice {
 public:
  std::uint64_t below(std::uint64_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % n;
  }

 private:
  std::uint64_t state_ = 20'240'229;
};

class Fit {
 public:
  Fit(std::shared_ptr<const Model> model, const std::vector<Person>& people,
      const TrainOptions& options)
      : model_(std::make_shared<Model>(*model)), people_(people), options_(options),
        index_(std::move(model)) {}

  Training run() {
    for (std::size_t i = 0; i < people_.size(); ++i) index_.put(std::to_string(i), people_[i]);
    fit_u();
    gather();
    Training out;
    for (out.rounds = 0; out.rounds < options_.rounds_max;) {
      ++out.rounds;
      if (step() < options_.change_min) break;
    }
    order_levels();
    model_->weigh();
    out.model = model_;
    out.persons = people_.size();
    out.pairs = pairs_;
    out.matches = share_ * static_cast<double>(pairs_);
    return out;
  }

 private:
  void fit_u() {
    std::array<Shares, kFields> seen{};
    Dice dice;
    for (std::uint64_t i = 0; i < options_.random_pairs; ++i) {
      const std::uint64_t a = dice.below(people_.size());
      const std::uint64_t b = dice.below(people_.size());
      if (a == b) continue;
      const Match match = index_.compare_pair(people_[a], people_[b]);
      for (std::size_t f = 0; f < kFields; ++f) {
        const Level level = match.detail.levels[f];
        if (level != Level::kMissing) ++seen[f][static_cast<std::size_t>(level) - 1];
      }
    }
    for (std::size_t f = 0; f < kFields; ++f) {
      const double total = seen[f][0] + seen[f][1] + seen[f][2];
      if (total < kPairsJudgedMin) continue;
      for (double& count : seen[f]) count = std::max(count, kUnseen);
      const double sum = seen[f][0] + seen[f][1] + seen[f][2];
      for (std::size_t l = 0; l < kLevels; ++l) model_->fields[f].u[l] = seen[f][l] / sum;
    }
  }

  void gather() {
    MpiIndex::Options options;
    options.weight_min = -1e9;
    options.count = people_.size();
    for (std::size_t i = 0; i < people_.size() && pairs_ < options_.pairs_max; ++i) {
      for (const Match& match : index_.search(people_[i], options)) {
        if (std::stoul(match.id) <= i) continue;
        ++patterns_[match.detail.levels];
        ++pairs_;
      }
    }
    const double cap = cap_of_share();
    share_ = std::min(0.2, cap);
  }

  /// Values that are merely alike never speak louder than equal ones: where few random pairs were
  /// alike, chance is given what the sample did not show.
  void order_levels() {
    for (Model::FieldModel& field : model_->fields) {
      const double least = std::min(0.5, field.m[1] * field.u[0] / field.m[0]);
      if (field.u[1] >= least) continue;
      field.u[2] -= least - field.u[1];
      field.u[1] = least;
    }
  }

  double cap_of_share() const {
    const double most = options_.matches_a_person_max * static_cast<double>(people_.size());
    return pairs_ == 0 ? 0.5 : std::min(0.5, most / static_cast<double>(pairs_));
  }

  /// One round; the largest change of an m.
  double step() {
    model_->weigh();
    std::array<Shares, kFields> expected{};
    double matches = 0;
    const double odds = std::log2(share_ / (1 - share_));
    for (const auto& [pattern, count] : patterns_) {
      double bits = odds;
      for (std::size_t f = 0; f < kFields; ++f) {
        if (pattern[f] != Level::kMissing) {
          bits += model_->fields[f].weight[static_cast<std::size_t>(pattern[f]) - 1];
        }
      }
      const double weight = static_cast<double>(count) / (1 + std::exp2(-bits));
      matches += weight;
      for (std::size_t f = 0; f < kFields; ++f) {
        if (pattern[f] != Level::kMissing) {
          expected[f][static_cast<std::size_t>(pattern[f]) - 1] += weight;
        }
      }
    }
    if (pairs_ > 0) {
      share_ = std::clamp(matches / static_cast<double>(pairs_), 1e-9, cap_of_share());
    }
    return update(expected);
  }

  double update(const std::array<Shares, kFields>& expected) {
    double change = 0;
    for (std::size_t f = 0; f < kFields; ++f) {
      const double total = expected[f][0] + expected[f][1] + expected[f][2];
      if (total < 1) continue;
      Shares now;
      double sum = 0;
      for (std::size_t l = 0; l < kLevels; ++l) {
        now[l] = (expected[f][l] + options_.prior_pairs * index_.model().fields[f].m[l]) /
                 (total + options_.prior_pairs);
        now[l] = std::max(now[l], kShareMin);
        sum += now[l];
      }
      for (std::size_t l = 0; l < kLevels; ++l) {
        change = std::max(change, std::abs(now[l] / sum - model_->fields[f].m[l]));
        model_->fields[f].m[l] = now[l] / sum;
      }
    }
    return change;
  }

  std::shared_ptr<Model> model_;
  const std::vector<Person>& people_;
  const TrainOptions& options_;
  MpiIndex index_;
  std::map<Pattern, std::uint64_t> patterns_;
  std::uint64_t pairs_ = 0;
  double share_ = 0.1;
};

}  // namespace

core::Result<Training> train(std::shared_ptr<const Model> model, const std::vector<Person>& people,
                             const TrainOptions& options) {
  if (people.size() < kPeopleMin) {
    return core::fail(core::ErrorCode::kBadRequest, "fewer than 100 people to learn from");
  }
  return Fit(std::move(model), people, options).run();
}

}  // namespace identity
