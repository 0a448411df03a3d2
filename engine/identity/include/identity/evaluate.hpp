#pragma once
#include <identity/mpi_index.hpp>
#include <identity/people_csv.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace identity {

/// How well a model finds the pairs that are known to be one person.
struct Evaluation {
  struct At {
    double threshold = 0;             ///< bits
    std::uint64_t found = 0, false_pairs = 0;
    double precision = 1, recall = 0, f1 = 0;
  };
  std::uint64_t records = 0, true_pairs = 0, compared = 0;
  At automatic;                       ///< all pairs that weigh the auto-link threshold or more
  At best;                            ///< where F1 is highest
  /// Of them, what would be linked with nobody looking: no guard speaks against it.
  At unattended;
  std::map<std::string, std::uint64_t> held;   ///< pairs at the threshold, by the guards on them
  std::vector<std::pair<std::string, std::string>> false_list, missed_list, false_links;
};
/// Pairs named in each list.
inline constexpr std::size_t kPairsListedMax = 1000;

/// Compares every row of `a` with every row of `b`, or with every other row of `a` when `b` is
/// empty, as far as a blocking key brings them together. Truth is PersonRow::entity.
Evaluation evaluate(std::shared_ptr<const Model> model, const std::vector<PersonRow>& a,
                    const std::vector<PersonRow>& b);
/// One JSON object, one line.
std::string to_json(const Evaluation& evaluation);

}  // namespace identity
