#pragma once
#include <hl7/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

/// The byte scans under Message::parse and scan_boundaries, in two forms with equal results:
/// portable, and AVX2 (64 bytes a step). Chosen once, by what the processor can do.
namespace hl7::scan {

/// A CR or LF, and how many field separators stood before it.
struct LineEnd {
  std::uint32_t position;
  std::uint32_t separators_before;
};

enum class Stop : std::uint8_t { kNone, kTooManyLines, kTooManyFields };

/// CRLF counts twice, and blank lines are tolerated, but not without end.
inline constexpr std::size_t kLinesMax = 2 * kSegmentsMax + 1'024;

/// Where field separators and line ends stand. Arrays grow by doubling, never by an element.
class Index {
 public:
  explicit Index(std::size_t text_bytes);
  /// Room for one more step of 64 separators, as many line ends, and 16 slots of overrun.
  void reserve_step() {
    if (separator_count + kStepSlots > separator_capacity) grow_separators();
    if (lines.capacity() - lines.size() < 64) lines.reserve(lines.capacity() * 2 + 64);
  }

  static constexpr std::size_t kStepSlots = 80;
  std::unique_ptr<std::uint32_t[]> separators;
  std::size_t separator_count = 0;
  std::size_t separator_capacity = 0;
  std::vector<LineEnd> lines;
  std::uint64_t repetitions = 0;   ///< repetition separators in all
  Stop stop = Stop::kNone;

 private:
  void grow_separators();
};

/// @param begin where to start in `text`; positions count from the start of `text`.
using IndexFunction = void (*)(std::string_view text, std::size_t begin, char field,
                               char repetition, Index& out);
/// Counts from `begin`; a delimiter that is 0 (not declared) counts nothing.
using CountFunction = BoundaryCounts (*)(std::string_view text, std::size_t begin,
                                         const Delimiters& delimiters);
/// @return whether no byte is above 127.
using AsciiFunction = bool (*)(std::string_view text);

struct Functions {
  IndexFunction index;
  CountFunction count;
  AsciiFunction is_ascii;
};

const Functions& portable();
/// Null where the processor (or the build) has no AVX2.
const Functions* avx2();
/// The faster of the two.
const Functions& best();

}  // namespace hl7::scan
