#pragma once
#include <core/result.hpp>
#include <hl7/issue.hpp>

#include <string_view>
#include <vector>

namespace hl7 {

inline constexpr std::size_t kBatchMessagesMax = 100'000;

/// [FHS]{[BHS]{MSH...}[BTS]}[FTS] (chapter 2.10.3), cut into its messages as views.
struct Batch {
  bool is_batch = false;                   ///< had an FHS or BHS
  std::string_view header;                 ///< first BHS, else FHS, raw; may be empty
  std::string_view trailer;                ///< last FTS or BTS, raw; may be empty
  std::vector<std::string_view> messages;  ///< each from its MSH to before the next MSH/BTS/FTS/BHS
  Issues issues;                           ///< trailer counts that do not match (kBatchCount)
};

/// Also splits a file of several messages without batch headers. kNoMsh when there is none.
core::Result<Batch> split_batch(std::string_view text);

}  // namespace hl7
