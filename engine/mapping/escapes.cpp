#include <hl7/escape.hpp>

#include "runtime.hpp"

/// Escape sequences that no text can keep the meaning of (chapter 2.7), told of once a field.
namespace mapping {

namespace {

/// Whether the character after an escape character may begin such a sequence.
bool is_suspect(char c) { return c == '.' || c == 'Z' || c == 'C' || c == 'M' || c == 'X'; }

}  // namespace

void Mapper::Impl::warn_escapes() {
  const char mark = message_->delimiters().escape;
  if (mark == 0) return;
  const std::string_view text = message_->text();
  std::size_t at = text.find(mark);
  // The first is MSH-2's own.
  while (at != text.npos) {
    at = text.find(mark, at + 1);
    if (at == text.npos || at + 1 == text.size()) return;
    if (is_suspect(text[at + 1])) break;
  }
  if (at == text.npos) return;
  for (std::uint32_t s = 0; s < message_->segment_count(); ++s) {
    const hl7::SegmentView segment = message_->segment(s);
    if (segment.raw().find(mark) != std::string_view::npos) warn_escapes(segment, mark);
  }
}

void Mapper::Impl::warn_escapes(const hl7::SegmentView& segment, char mark) {
  for (int n = segment.is("MSH") ? 3 : 1; n <= segment.field_count(); ++n) {
    const std::string_view raw = segment.field(n).raw();
    bool local = false, formatting = false;
    for (std::size_t at = raw.find(mark); at != raw.npos && at + 1 < raw.size();
         at = raw.find(mark, at + 1)) {
      formatting |= raw[at + 1] == '.';
      local |= raw[at + 1] != '.' && is_suspect(raw[at + 1]);
    }
    if (!local && !formatting) continue;
    int counted = 0;
    hl7::unescape(raw, message_->delimiters(), &counted);
    if (counted == 0) continue;
    const Origin origin{segment.index(), static_cast<std::int16_t>(n), 1, 0, 0};
    if (local) {
      issue(core::ErrorCode::kDataType, origin, "an escape sequence stays as it came");
    } else {
      issue(core::ErrorCode::kDataType, origin, "formatting was dropped",
            hl7::Severity::kInformation);
    }
  }
}

}  // namespace mapping
