#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "draft_prints.hpp"

namespace pipeline {

/// What was last merged into a resource, and which version came of it. Senders repeat the same
/// doctor, ward and patient in message after message; merging the same statement into the version
/// it made changes nothing, so reading, merging and writing it again can be left out.
/// Thread: one at a time. Bounded: begins anew at its limit.
class SaidBefore {
 public:
  static constexpr std::size_t kEntriesMax = 20'000;

  using Statement = Print;

  /// The drafts as one statement, with the resources they refer to by id.
  Statement statement(const DraftPrints& prints, const std::vector<std::size_t>& drafts,
                      const std::vector<std::string>& ids);
  bool same(const std::string& name, std::uint32_t version, const Statement& statement) const;
  void note(const std::string& name, std::uint32_t version, const Statement& statement);
  /// After a transaction was undone: its versions were never there.
  void forget();

 private:
  struct Last {
    std::uint32_t version = 0;
    Statement statement;
  };
  std::unordered_map<std::string, Last> last_;   ///< by "Type/id"
  std::string text_;   ///< reused
};

}  // namespace pipeline
