#pragma once
#include <core/result.hpp>
#include <identity/compare.hpp>
#include <identity/model.hpp>
#include <identity/person.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace identity {

/// One person found.
struct Match {
  std::string id;
  double weight = 0;                ///< bits
  double score = 0;                 ///< posterior probability
  Grade grade = Grade::kCertainlyNot;
  GuardSet guards;
  Comparison detail;                ///< of the faces that agree best
  std::uint32_t blocks = 0;         ///< bit n: found by blocking key n of the model
};

/// What to do with an arriving person.
struct Decision {
  enum class Kind { kNew, kReview, kLink } kind = Kind::kNew;
  std::vector<Match> matches;       ///< at or above the review weight, best first
  std::size_t linked = 0;           ///< kLink: place of the person in `matches`
};

/// An index in memory over the persons of the records, made for a million of them: about 300 bytes
/// each. It holds what is compared and nothing else; where it came from is the caller's business.
/// The same persons give the same answers in whatever order they were added. Thread: one at a time,
/// also for searching.
class MpiIndex {
 public:
  explicit MpiIndex(std::shared_ptr<const Model> model);
  ~MpiIndex();
  MpiIndex(MpiIndex&&) noexcept;

  /// Adds a person, or changes the one of that id.
  void put(std::string_view id, const Person& person);
  /// False when nobody has that id.
  bool remove(std::string_view id);
  bool contains(std::string_view id) const;

  struct Options {
    double weight_min = 0;            ///< bits; matches below it are left out
    std::size_t count = 100;          ///< at most so many
    std::string_view except;          ///< id that is not to be found (the person itself)
    /// Says whether a person decided that this id is somebody else; may be empty.
    std::function<bool(std::string_view id)> not_the_same;
  };
  /// Candidates of all blocking keys, by weight, then id.
  std::vector<Match> search(const Person& person, const Options& options);
  /// Searches from the review weight on and decides: one match without a guard at the auto-link
  /// weight links; anything else worth a look goes to review. Left out are records somebody judged
  /// to be another person, and relatives (other given name, birth date and national number).
  Decision decide(const Person& person, const Options& options);
  /// Compares two persons outside the index, with its name counts.
  Match compare_pair(const Person& a, const Person& b);

  const Model& model() const;
  std::size_t persons() const;
  std::size_t bytes() const;        ///< memory of its tables
  /// Pairs compared since it was made, for measurements.
  std::uint64_t comparisons() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace identity
