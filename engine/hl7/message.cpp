#include <hl7/message.hpp>

#include "charset_names.hpp"
#include "header.hpp"
#include "scan.hpp"
#include "segment_builder.hpp"

#include <array>

namespace hl7 {

namespace {

/// Upper-case letter or digit of each byte, 0 for what no segment name holds.
constexpr auto kNameByte = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::uint8_t c = '0'; c <= '9'; ++c) table[c] = c;
  for (std::uint8_t c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 32U] = c;
  return table;
}();

core::Status check_repetitions(const detail::MessageState& state, std::uint64_t total) {
  if (total < kRepetitionsMax) return {};
  for (std::uint32_t i = 0; i < state.segments.size(); ++i) {
    const SegmentView segment(&state, i);
    for (int n = 1; n <= segment.field_count(); ++n) {
      if (segment.field(n).repetition_count() > static_cast<int>(kRepetitionsMax)) {
        const Location at{.segment = std::string(segment.name()),
                          .occurrence = segment.occurrence(), .field = n};
        return core::fail(core::ErrorCode::kTooManyFields,
                          "more than " + std::to_string(kRepetitionsMax) + " repetitions",
                          at.text());
      }
    }
  }
  return {};
}

core::Status check_scan(const scan::Index& index) {
  switch (index.stop) {
    case scan::Stop::kTooManyLines:
      return core::fail(core::ErrorCode::kTooManySegments,
                        "more than " + std::to_string(scan::kLinesMax) + " lines");
    case scan::Stop::kTooManyFields:
      return core::fail(core::ErrorCode::kTooManyFields,
                        "more than " + std::to_string(kFieldsMax) + " fields in line " +
                            std::to_string(index.lines.size() + 1));
    case scan::Stop::kNone: break;
  }
  return {};
}

/// MSH-18 tells what \Xhh..\ sequences hold; the text itself has been decoded before.
void set_hex_charset(detail::MessageState& state) {
  const SegmentView header(&state, 0);
  if (!header.is("MSH")) return;
  const std::string_view name = header.field(18).child(1).raw();
  if (name.empty() || name == "UNICODE UTF-8") return;   // what most say
  const CharsetName* row = find_charset(name);
  if (row != nullptr) state.delimiters.hex_charset = row->icu;
}

}  // namespace

namespace detail {

constinit const Delimiters kNoDelimiters{.field = 0, .component = 0, .repetition = 0, .escape = 0,
                                         .subcomponent = 0};

std::uint32_t name_key(std::string_view name) {
  if (name.size() != 3) return 0;
  const std::uint32_t a = kNameByte[static_cast<unsigned char>(name[0])];
  const std::uint32_t b = kNameByte[static_cast<unsigned char>(name[1])];
  const std::uint32_t c = kNameByte[static_cast<unsigned char>(name[2])];
  return a < 'A' || b == 0 || c == 0 ? 0 : (a << 16) | (b << 8) | c;
}

}  // namespace detail

core::Result<Message> Message::parse(std::string text, const ParseOptions& options) {
  if (text.size() > kTextBytesMax) {
    return core::fail(core::ErrorCode::kTooLong,
                      "more than " + std::to_string(kTextBytesMax) + " bytes");
  }
  auto start = find_start(text);
  if (!start) return core::fail(std::move(start.error()));

  auto state = std::make_unique<detail::MessageState>();
  state->text = std::move(text);
  state->delimiters = start->delimiters;
  scan::Index index(state->text.size() - start->offset);
  scan::best().index(state->text, start->offset, start->delimiters.field,
                     start->delimiters.repetition, index);
  auto status = check_scan(index);
  if (!status) return core::fail(std::move(status.error()));

  SegmentBuilder builder(*state, index);
  status = builder.build(*start);
  if (!status) return core::fail(std::move(status.error()));
  state->separators = std::move(index.separators);
  status = check_repetitions(*state, index.repetitions);
  if (!status) return core::fail(std::move(status.error()));
  if (options.strict && !state->issues.empty()) {
    const Issue& first = state->issues.front();
    return core::fail(first.code, first.text, first.at.text());
  }
  set_hex_charset(*state);
  return Message(std::move(state));
}

SegmentView Message::find(std::string_view name, int occurrence) const& {
  const std::uint32_t key = detail::name_key(name);
  if (key == 0 || occurrence < 1) return {};
  const auto wanted = static_cast<std::uint32_t>(occurrence);
  for (std::uint32_t i = 0; i < segment_count(); ++i) {
    const detail::Segment& segment = state_->segments[i];
    if (segment.key == key && segment.occurrence == wanted) return {state_.get(), i};
  }
  return {};
}

std::string Message::get(std::string_view path) const {
  const auto at = parse_location(path);
  if (!at) return {};
  const SegmentView segment = find(at->segment, at->occurrence == 0 ? 1 : at->occurrence);
  if (at->field == 0) return std::string(segment.raw());
  Value value = segment.field(at->field);
  if (at->repetition > 0) value = value.repetition(at->repetition);
  if (at->component > 0) value = value.child(at->component);
  if (at->subcomponent > 0) value = value.child(at->subcomponent);
  return value.text();
}

std::string_view SegmentView::raw() const {
  if (state_ == nullptr) return {};
  const detail::Segment& s = state_->segments[index_];
  return std::string_view(state_->text).substr(s.begin, s.end - s.begin);
}

std::string_view SegmentView::name() const { return raw().substr(0, 3); }

int SegmentView::occurrence() const {
  return state_ == nullptr ? 0 : static_cast<int>(state_->segments[index_].occurrence);
}

int SegmentView::field_count() const {
  if (state_ == nullptr) return 0;
  const detail::Segment& s = state_->segments[index_];
  return s.separator_count + s.shift;
}

std::uint64_t SegmentView::fields_present() const {
  if (state_ == nullptr) return 0;
  const detail::Segment& s = state_->segments[index_];
  const std::uint32_t* at = state_->separators.get() + s.first_separator;
  std::uint64_t out = s.shift != 0 && s.separator_count != 0 ? 2 : 0;   // MSH-1 itself
  const std::uint32_t last = std::min<std::uint32_t>(s.separator_count, 63u - s.shift);
  for (std::uint32_t k = 1; k <= last; ++k) {
    const std::uint32_t end = k < s.separator_count ? at[k] : s.end;
    if (end != at[k - 1] + 1) out |= 1ull << (k + s.shift);
  }
  return out;
}

bool SegmentView::is(std::string_view name) const {
  return state_ != nullptr && state_->segments[index_].key == detail::name_key(name);
}

Value SegmentView::header_field(int n) const {
  const detail::Segment& s = state_->segments[index_];
  if (s.separator_count == 0) return {};
  const std::uint32_t* at = state_->separators.get() + s.first_separator;
  const std::string_view text = state_->text;
  if (n == 1) return {text.substr(*at, 1), Value::Level::kField, &detail::kNoDelimiters};
  const std::uint32_t end = s.separator_count > 1 ? at[1] : s.end;
  return {text.substr(*at + 1, end - *at - 1), Value::Level::kField, &detail::kNoDelimiters};
}

BoundaryCounts scan_boundaries(std::string_view text, const Delimiters& delimiters) {
  std::size_t begin = 0;
  BoundaryCounts counts;
  Delimiters declared;
  std::size_t encoding_size = 0;
  if (is_header_key(detail::name_key(text.substr(0, 3))) &&
      read_delimiters(text, declared, encoding_size) && declared == delimiters) {
    begin = 4 + encoding_size;   // MSH-2 holds separators that separate nothing
  }
  counts = scan::best().count(text, begin, delimiters);
  if (begin > 0) ++counts.fields;   // the one after the name
  if (!text.empty() && text.back() != '\r' && text.back() != '\n') ++counts.segments;
  return counts;
}

}  // namespace hl7
