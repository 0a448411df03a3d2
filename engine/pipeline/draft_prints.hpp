#pragma once
#include <mapping/mapper.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

/// 128 bits that stand for a text, with seeds of this process: nobody outside can make two texts
/// look alike.
struct Print {
  std::uint64_t first = 0, second = 0;
  bool operator==(const Print&) const = default;
};
Print print_of(std::string_view text);

/// What each draft of a message says, as prints, and whom it refers to: the work before current
/// records are needed. Reused from message to message. Thread: one at a time.
class DraftPrints {
 public:
  void take(const mapping::MapOutput& output);

  /// What draft `index` says but for the resources it refers to.
  const Print& print(std::size_t index) const { return drafts_.at(index).print; }
  /// The drafts it refers to, in the order they are named.
  std::span<const std::uint32_t> references(std::size_t index) const;

 private:
  struct One {
    Print print;
    std::size_t from = 0, to = 0;   ///< in references_
  };
  void append(const fhir::Node* node);

  std::vector<One> drafts_;
  std::vector<std::uint32_t> references_;
  std::string text_;
};

}  // namespace pipeline
