#pragma once
#include <identity/mpi_index.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace identity {

/// Refitting a model to a site's own records, nobody saying which are one person: u from random
/// pairs, m by expectation maximisation over the pairs that blocking keys bring together. The share
/// of true pairs among them is capped: unbounded, the fit of sparse data drifts until relatives and
/// neighbours count as one person.
struct TrainOptions {
  std::uint64_t random_pairs = 400'000;
  std::uint64_t pairs_max = 4'000'000;   ///< blocked pairs used; rows beyond are left out
  double matches_a_person_max = 1.0;     ///< the cap: true pairs there may be for each person
  double prior_pairs = 50;               ///< how many pairs the present m counts as
  int rounds_max = 200;
  double change_min = 1e-6;              ///< stops when no m moves more
};

struct Training {
  std::shared_ptr<const Model> model;    ///< the refitted one
  std::uint64_t persons = 0, pairs = 0;
  double matches = 0;                    ///< true pairs the fit expects
  int rounds = 0;
};

/// Fields without enough pairs to judge by keep their m and u. The same people in the same order
/// give the same model. kBadRequest with fewer than 100 people.
core::Result<Training> train(std::shared_ptr<const Model> model, const std::vector<Person>& people,
                             const TrainOptions& options);

}  // namespace identity
