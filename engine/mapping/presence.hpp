#pragma once
#include <cstdint>

namespace mapping {

struct Program;

/// What of the message a target, or the condition of a row, needs at least one of, so that the
/// runtime passes over those whose sources are not there without running them: most fields of a
/// real segment are empty.
struct Presence {
  std::uint64_t fields = 0;     ///< bit n: field n of the map's or row's own segment
  std::uint64_t children = 0;   ///< bit n: child n of the value the target is applied to
  bool always = true;           ///< has a source that neither of these tells of
};

inline constexpr int kPresenceBits = 64;   ///< fields and children from here on are "always"

/// Fills Target::presence and Row::presence of all. Call when the program is complete.
void find_presence(Program& program);
/// Fills Rule::plain of every rule.
void find_plain(Program& program);

}  // namespace mapping
