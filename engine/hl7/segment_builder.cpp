#include "segment_builder.hpp"

#include <algorithm>

namespace hl7 {

namespace {


constexpr const char* kSecondMsh = "a second MSH within one message";

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

SegmentBuilder::SegmentBuilder(detail::MessageState& state, const scan::Index& index)
    : state_(state), index_(index), text_(state.text), separator_(state.delimiters.field) {}

core::Status SegmentBuilder::build(const Start& start) {
  state_.segments.reserve(std::min(index_.lines.size() + 1, kSegmentsMax));
  const auto size = static_cast<std::uint32_t>(text_.size());
  Line line{.begin = static_cast<std::uint32_t>(start.offset)};
  if (!index_.lines.empty()) {
    const std::uint32_t first = index_.lines.front().position;
    line_feeds_end_ = text_[first] == '\n' || (first + 1 < size && text_[first + 1] == '\n');
  }
  for (const scan::LineEnd& end : index_.lines) {
    if (text_[end.position] == '\n') {
      if (end.position == line.begin && line.begin > start.offset &&
          text_[end.position - 1] == '\r') {   // the second half of CRLF
        ++line.begin;
        use(kLineFeedEnd);
        continue;
      }
      if (!ends_segment(end.position)) {
        use(kLineFeedInside);
        continue;
      }
    }
    line.end = end.position;
    line.separators = end.separators_before - line.first_separator;
    if (auto closed = close(line); !closed) return closed;
    if (text_[end.position] == '\n') use(kLineFeedEnd);
    line = {.begin = end.position + 1, .first_separator = end.separators_before};
  }
  if (line.begin < size) {
    line.end = size;
    line.separators = static_cast<std::uint32_t>(index_.separator_count) - line.first_separator;
    const std::size_t before = state_.segments.size();
    if (auto closed = close(line); !closed) return closed;
    if (state_.segments.size() > before) use(kNoLastEnd);
  }
  note_start(start);
  if (tolerated_) make_issues();
  return {};
}

/// A line feed ends a segment where line feeds do so from the first line on. In a message with CR
/// ends it is text (senders leave them in OBX-5), unless a segment or nothing follows.
bool SegmentBuilder::ends_segment(std::uint32_t position) const {
  if (line_feeds_end_) return true;
  const std::string_view rest = text_.substr(position + 1);
  if (rest.empty() || rest[0] == '\r' || rest[0] == '\n') return true;
  return rest.size() > 3 && rest[3] == separator_ && detail::name_key(rest.substr(0, 3)) != 0;
}

core::Status SegmentBuilder::close(Line line) {
  const std::uint32_t as_written = line.end - line.begin;
  while (line.end > line.begin && is_blank(text_[line.end - 1])) --line.end;
  if (line.end == line.begin) {
    use(kBlankLine);
    return {};
  }
  std::uint32_t key = 0;
  const std::uint32_t stop = line.separators > 0 ? index_.separators[line.first_separator]
                                                 : line.end;
  if (stop - line.begin == 3) key = detail::name_key(text_.substr(line.begin, 3));
  if (key == 0) {   // off the usual path: blanks before the name, or a line of framing bytes
    std::uint32_t name = line.begin;
    while (name < line.end && is_filler(text_[name])) ++name;
    if (name == line.end) {
      use(kBlankLine);
      return {};
    }
    if (name > line.begin && stop - name == 3) key = detail::name_key(text_.substr(name, 3));
    line.begin = name;
  }
  if (key == 0) {
    const std::string where = "segment " + std::to_string(state_.segments.size() + 1);
    Delimiters other;
    std::size_t size = 0;
    const std::string_view rest = text_.substr(line.begin, line.end - line.begin);
    if (detail::name_key(rest.substr(0, 3)) == kMsh && read_delimiters(rest, other, size)) {
      return core::fail(core::ErrorCode::kSegmentSequence, kSecondMsh, where);
    }
    return core::fail(core::ErrorCode::kBadSegmentName,
                      "a segment must start with a letter, two letters or digits, a separator",
                      where);
  }
  if (line.end - line.begin != as_written) use(kBlanksAround);
  for (std::uint32_t i = line.begin; i < line.begin + 3; ++i) {
    if (is_lower(text_[i])) {
      use(kLowerCase);
      break;
    }
  }
  return add(line, key);
}

core::Status SegmentBuilder::add(const Line& line, std::uint32_t key) {
  const auto number = [this] { return "segment " + std::to_string(state_.segments.size() + 1); };
  if (state_.segments.size() >= kSegmentsMax) {
    return core::fail(core::ErrorCode::kTooManySegments,
                      "more than " + std::to_string(kSegmentsMax) + " segments");
  }
  if (line.separators > kFieldsMax) {
    return core::fail(core::ErrorCode::kTooManyFields,
                      "more than " + std::to_string(kFieldsMax) + " fields", number());
  }
  if (key == kMsh && has_msh_) {
    return core::fail(core::ErrorCode::kSegmentSequence, kSecondMsh, number());
  }
  has_msh_ = has_msh_ || key == kMsh;
  state_.segments.push_back({.begin = line.begin,
                             .end = line.end,
                             .first_separator = line.first_separator,
                             .key = key,
                             .occurrence = next_occurrence(key),
                             .separator_count = static_cast<std::uint16_t>(line.separators),
                             .shift = static_cast<std::uint16_t>(is_header_key(key) ? 1 : 0)});
  return {};
}

std::uint32_t SegmentBuilder::next_occurrence(std::uint32_t key) {
  std::size_t slot = (key * 0x9E3779B1U) >> 26;
  while (names_[slot].key != key) {
    if (names_[slot].key == 0) {
      if (names_used_ == kNameSlots - 1) {   // absurdly many different names: count the slow way
        return 1 + static_cast<std::uint32_t>(
                       std::count_if(state_.segments.begin(), state_.segments.end(),
                                     [key](const auto& each) { return each.key == key; }));
      }
      ++names_used_;
      names_[slot].key = key;
      break;
    }
    slot = (slot + 1) % kNameSlots;
  }
  return ++names_[slot].count;
}

void SegmentBuilder::use(Tolerance tolerance) {
  tolerated_ = true;
  Use& entry = uses_[tolerance];
  if (entry.count++ > 0) return;
  entry.segment = static_cast<std::uint32_t>(state_.segments.size());
  if (tolerance == kLineFeedEnd || tolerance == kNoLastEnd) --entry.segment;   // closed already
}

void SegmentBuilder::note_start(const Start& start) {
  if (start.text_before) {
    use(kTextBefore);
  } else if (start.offset > 0) {
    use(kBlankBefore);
  }
  if (start.encoding_size < 4) use(kShortEncoding);
}

void SegmentBuilder::make_issues() {
  struct Row {
    core::ErrorCode code;
    std::string_view text;
  };
  using core::ErrorCode;
  static constexpr std::array<Row, kToleranceCount> kRows{{
      {ErrorCode::kSegmentSequence, "text before the header skipped"},
      {ErrorCode::kSegmentSequence, "blanks or a byte order mark before the header skipped"},
      {ErrorCode::kBadEncodingCharacters, "fewer than four encoding characters declared"},
      {ErrorCode::kSegmentSequence, "segments end with a line feed instead of a carriage return"},
      {ErrorCode::kDataType, "line feed inside a field kept as text"},
      {ErrorCode::kSegmentSequence, "the last segment has no carriage return"},
      {ErrorCode::kSegmentSequence, "blank lines skipped"},
      {ErrorCode::kSegmentSequence, "blanks around a segment ignored"},
      {ErrorCode::kBadSegmentName, "segment name in lower case"},
  }};
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    const Use& entry = uses_[i];
    if (entry.count == 0) continue;
    Issue issue{.severity = Severity::kWarning, .code = kRows[i].code};
    issue.text = kRows[i].text;
    if (entry.count > 1) issue.text += " (" + std::to_string(entry.count) + " times)";
    if (i != kTextBefore && i != kBlankBefore && !state_.segments.empty()) {
      const SegmentView segment(
          &state_, std::min(entry.segment,
                            static_cast<std::uint32_t>(state_.segments.size() - 1)));
      issue.at = {.segment = std::string(segment.name()), .occurrence = segment.occurrence()};
    }
    state_.issues.push_back(std::move(issue));
  }
}

}  // namespace hl7
