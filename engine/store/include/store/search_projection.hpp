#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace store {

/// Brings `<dir>/search.db`, where searches find their candidates, up to what records.db says of
/// changed resources. Behind or absent it costs a search time, never an answer: what is not in it
/// yet is looked at one by one. Rows are written in the order of their trees, many at a time, which
/// is why they are not written with each resource. Thread: one of its own. Records::open() first.
class SearchProjection {
 public:
  static constexpr std::size_t kStepChanges = 2048;

  static core::Result<std::unique_ptr<SearchProjection>> open(const std::string& directory);
  virtual ~SearchProjection() = default;
  /// Takes over the next changes, durably. @return how many; fewer than kStepChanges: no more
  /// waited.
  virtual core::Result<std::size_t> step() = 0;
};

}  // namespace store
