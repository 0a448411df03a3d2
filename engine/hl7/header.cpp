#include "header.hpp"

#include <algorithm>

namespace hl7 {

namespace {

core::Result<Start> start_at(std::string_view text, std::size_t offset) {
  Start start{.offset = offset};
  const std::string_view rest = text.substr(offset);
  if (rest.size() <= 3) {
    return core::fail(core::ErrorCode::kNoMsh, "the text ends within the header segment's name");
  }
  if (!read_delimiters(rest, start.delimiters, start.encoding_size)) {
    return core::fail(core::ErrorCode::kBadEncodingCharacters,
                      "the separator and the encoding characters must be 3 to 6 different "
                      "characters, neither letters, digits, blanks nor control characters",
                      std::string(rest.substr(0, 3)) + "-2");
  }
  return start;
}

}  // namespace

bool read_delimiters(std::string_view text, Delimiters& out, std::size_t& encoding_size) {
  if (text.size() < 6 || !is_delimiter_char(text[3])) return false;
  const char separator = text[3];
  std::size_t size = 4;
  while (size < std::min<std::size_t>(text.size(), 10) && is_delimiter_char(text[size]) &&
         text[size] != separator) {
    if (text.find(text[size], 4) != size) return false;   // twice
    ++size;
  }
  const bool ended = size == text.size() || text[size] == separator || text[size] == '\r' ||
                     text[size] == '\n';
  const std::string_view encoding = text.substr(4, size - 4);
  if (!ended || encoding.size() < 2 || encoding.size() > 5) return false;
  const auto at = [&encoding](std::size_t i) { return i < encoding.size() ? encoding[i] : '\0'; };
  out = {.field = separator, .component = at(0), .repetition = at(1), .escape = at(2),
         .subcomponent = at(3), .truncation = at(4)};
  encoding_size = encoding.size();
  return true;
}

core::Result<Start> find_start(std::string_view text) {
  std::size_t first = 0;
  while (first < text.size() && first < kTextBeforeMshMax) {
    if (text.substr(first).starts_with(kUtf8Mark)) {
      first += kUtf8Mark.size();
    } else if (is_filler(text[first])) {
      ++first;
    } else {
      break;
    }
  }
  if (is_header_key(detail::name_key(text.substr(first, 3)))) return start_at(text, first);
  const std::size_t last = std::min(text.size(), kTextBeforeMshMax);
  for (std::size_t i = text.find("MSH", first); i < last; i = text.find("MSH", i + 1)) {
    auto start = start_at(text, i);
    if (start) {
      start->text_before = true;
      return start;
    }
  }
  return core::fail(core::ErrorCode::kNoMsh, "no MSH segment at the start of the text");
}

Header read_header(const Message& message) {
  const SegmentView msh = message.find("MSH");
  const Value type = msh.field(9);
  Header header{.sending_application = msh.field(3),
                .sending_facility = msh.field(4),
                .receiving_application = msh.field(5),
                .receiving_facility = msh.field(6),
                .type = type.child(1).raw(),
                .trigger = type.child(2).raw(),
                .structure = type.child(3).raw(),
                .control_id = msh.field(10).raw(),
                .processing_id = msh.field(11).child(1).raw(),
                .version = msh.field(12).child(1).raw(),
                .sequence_number = msh.field(13).raw(),
                .accept_ack = msh.field(15).raw(),
                .application_ack = msh.field(16).raw(),
                .charset = msh.field(18).child(1).raw(),
                .date_time = msh.field(7)};
  return header;
}

}  // namespace hl7
