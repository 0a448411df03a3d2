#include <hl7/editor.hpp>

#include "header.hpp"

#include <hl7/escape.hpp>

#include <algorithm>

namespace hl7 {

namespace {

core::Status usage(std::string detail, std::string_view path) {
  return core::fail(core::ErrorCode::kUsage, std::move(detail), std::string(path));
}

/// A piece of a longer text.
struct Span {
  std::size_t begin = 0;
  std::size_t size = 0;
};

/// Narrows `span` to its n-th piece (from 0), adding separators within `text` where it has fewer.
void narrow(std::string& text, Span& span, char separator, int n) {
  if (separator == 0) return;   // not declared: one piece only
  std::size_t begin = span.begin;
  const std::size_t end = span.begin + span.size;
  for (; n > 0; --n) {
    const std::size_t at = text.find(separator, begin);
    if (at == std::string::npos || at >= end) {
      text.insert(end, static_cast<std::size_t>(n), separator);
      span = {end + static_cast<std::size_t>(n), 0};
      return;
    }
    begin = at + 1;
  }
  const std::size_t next = text.find(separator, begin);
  span = {begin, (next == std::string::npos || next > end ? end : next) - begin};
}

std::string make_encoding(const Delimiters& d) {
  std::string encoding;
  for (const char c : {d.component, d.repetition, d.escape, d.subcomponent, d.truncation}) {
    if (c == 0) break;
    encoding.push_back(c);
  }
  return encoding;
}

}  // namespace

Editor::Editor(Delimiters delimiters)
    : delimiters_(delimiters), encoding_(make_encoding(delimiters)) {}

Editor::Editor(const Message& message)
    : delimiters_(message.delimiters()), encoding_(message.segment(0).field(2).raw()) {
  segments_.reserve(message.segment_count());
  for (std::uint32_t i = 0; i < message.segment_count(); ++i) {
    segments_.emplace_back(message.segment(i).raw());
  }
}

std::string* Editor::find(std::string_view name, int occurrence) {
  const std::uint32_t key = detail::name_key(name);
  for (std::string& segment : segments_) {
    if (detail::name_key(std::string_view(segment).substr(0, 3)) != key) continue;
    if (--occurrence == 0) return &segment;
  }
  return nullptr;
}

core::Status Editor::set(std::string_view path, std::string_view value) {
  return put(path, escape(value, delimiters_));
}

core::Status Editor::set_raw(std::string_view path, std::string_view encoded) {
  if (encoded.find_first_of("\r\n") != std::string_view::npos) {
    return usage("a line end would end the segment", path);
  }
  return put(path, encoded);
}

core::Status Editor::put(std::string_view path, std::string_view encoded) {
  auto at = parse_location(path);
  if (!at) return core::fail(std::move(at.error()));
  const bool is_header = is_header_key(detail::name_key(at->segment));
  if (at->field < 1) return usage("a field number is needed", path);
  if (is_header && at->field <= 2) return usage("the delimiters of a message stand", path);
  if (at->field > static_cast<int>(kFieldsMax) || at->repetition > kEditorRepetitionsMax ||
      at->component > kEditorComponentsMax || at->subcomponent > kEditorComponentsMax) {
    return usage("above a limit", path);
  }
  if ((at->component > 1 && delimiters_.component == 0) ||
      (at->repetition > 1 && delimiters_.repetition == 0) ||
      (at->subcomponent > 1 && delimiters_.subcomponent == 0)) {
    return usage("the message declares no delimiter for this level", path);
  }
  const int occurrence = at->occurrence == 0 ? 1 : at->occurrence;
  std::string* segment = find(at->segment, occurrence);
  while (segment == nullptr) {
    const int added = add_segment(at->segment);
    if (added == 0) return usage("more segments than a message may have", path);
    if (occurrence - added > kEditorMissingMax) {
      segments_.pop_back();
      return usage("too far beyond the last segment of that name", path);
    }
    if (added == occurrence) segment = &segments_.back();
  }
  Span span{0, segment->size()};
  narrow(*segment, span, delimiters_.field, at->field - (is_header ? 1 : 0));
  if (at->repetition > 0 || at->component > 0) {
    narrow(*segment, span, delimiters_.repetition, std::max(at->repetition, 1) - 1);
  }
  if (at->component > 0) narrow(*segment, span, delimiters_.component, at->component - 1);
  if (at->subcomponent > 0) narrow(*segment, span, delimiters_.subcomponent, at->subcomponent - 1);
  segment->replace(span.begin, span.size, encoded);
  return {};
}

int Editor::add_segment(std::string_view name) {
  const std::uint32_t key = detail::name_key(name);
  if (key == 0 || segments_.size() >= kSegmentsMax) return 0;
  int occurrence = 1;
  for (const std::string& each : segments_) {
    if (detail::name_key(std::string_view(each).substr(0, 3)) == key) ++occurrence;
  }
  segments_.emplace_back(name);
  if (is_header_key(key)) segments_.back().append(1, delimiters_.field).append(encoding_);
  return occurrence;
}

core::Status Editor::remove_segment(std::string_view name, int occurrence) {
  const std::string* segment = find(name, occurrence);
  if (segment == nullptr) {
    return core::fail(core::ErrorCode::kNotFound, "no such segment",
                      Location{.segment = std::string(name), .occurrence = occurrence}.text());
  }
  segments_.erase(segments_.begin() + (segment - segments_.data()));
  return {};
}

std::string Editor::text() const {
  std::string out;
  std::size_t size = 0;
  for (const std::string& each : segments_) size += each.size() + 1;
  out.reserve(size);
  for (const std::string& each : segments_) out.append(each).push_back('\r');
  return out;
}

}  // namespace hl7
