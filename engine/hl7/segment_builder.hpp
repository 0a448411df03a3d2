#pragma once
#include "header.hpp"
#include "scan.hpp"

#include <array>
#include <cstdint>

namespace hl7 {

/// Turns line ends and separators into segments, and notes every tolerance it needed.
class SegmentBuilder {
 public:
  /// Writes into state.segments and state.issues.
  SegmentBuilder(detail::MessageState& state, const scan::Index& index);

  /// Errors: kTooManySegments, kTooManyFields, kBadSegmentName, kSegmentSequence.
  core::Status build(const Start& start);

 private:
  enum Tolerance : std::uint8_t {
    kTextBefore, kBlankBefore, kShortEncoding, kLineFeedEnd, kLineFeedInside, kNoLastEnd,
    kBlankLine, kBlanksAround, kLowerCase, kToleranceCount
  };
  struct Line {
    std::uint32_t begin, end;                 ///< without the terminator
    std::uint32_t first_separator, separators;
  };
  /// How often one tolerance was used, and in which segment first.
  struct Use {
    std::uint32_t count = 0;
    std::uint32_t segment = 0;
  };
  /// Counts segments of one name; slots are found by hash.
  struct NameCount {
    std::uint32_t key = 0;
    std::uint32_t count = 0;
  };
  static constexpr std::size_t kNameSlots = 64;

  bool ends_segment(std::uint32_t position) const;
  core::Status close(Line line);
  core::Status add(const Line& line, std::uint32_t key);
  std::uint32_t next_occurrence(std::uint32_t key);
  void note_start(const Start& start);
  void use(Tolerance tolerance);
  void make_issues();

  detail::MessageState& state_;
  const scan::Index& index_;
  std::string_view text_;
  char separator_;
  bool line_feeds_end_ = false;   ///< the first line ends with LF or CRLF
  bool tolerated_ = false;
  bool has_msh_ = false;
  std::array<Use, kToleranceCount> uses_{};
  std::array<NameCount, kNameSlots> names_{};
  std::size_t names_used_ = 0;
};

}  // namespace hl7
