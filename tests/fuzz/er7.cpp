// Charset decoding, ER7 parsing, every accessor, escapes, editing and the acknowledgement.
#include "check.hpp"

#include <hl7/ack.hpp>
#include <hl7/charset.hpp>
#include <hl7/editor.hpp>
#include <hl7/escape.hpp>

#include <cstdint>
#include <string>

namespace {

std::size_t walk(const hl7::Message& m) {
  std::size_t total = 0;
  std::string scratch;
  for (std::uint32_t i = 0; i < m.segment_count(); ++i) {
    const auto segment = m.segment(i);
    check(segment.occurrence() >= 1, "occurrence");
    for (int n = 1; n <= segment.field_count(); ++n) {
      for (const auto repetition : segment.field(n).repetitions()) {
        for (const auto component : repetition.children()) {
          for (const auto part : component.children()) total += part.text(scratch).size();
        }
      }
    }
  }
  return total;
}

void answer(const hl7::Message& m) {
  const hl7::Header header = hl7::read_header(m);
  static_cast<void>(hl7::ack_mode(header));
  static_cast<void>(hl7::read_ack(m));
  hl7::AckContent content{.code = hl7::AckCode::kAE, .issues = m.issues(), .control_id = "1"};
  content.issues.push_back({.code = core::ErrorCode::kDataType,
                            .at = {.segment = "PID", .field = 3}, .text = "a|b^c\rd"});
  const std::string ack = hl7::build_ack(m, content);
  check(ack.find("\x1c\r") == std::string::npos, "an ACK ends its own frame");
  const auto parsed = hl7::Message::parse(ack);
  check(parsed.has_value() && parsed->find("MSA").present(), "an ACK that is no message");
  check(parsed->find("MSA").field(1).raw() == "AE", "MSA-1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  hl7::Issues issues;
  using Mode = hl7::CharsetPolicy::Mode;
  const Mode mode = size % 3 == 0 ? Mode::kTrust : size % 3 == 1 ? Mode::kSniff : Mode::kForce;
  static_cast<void>(hl7::decode(bytes, {.mode = mode, .charset = "8859/1"}, issues));

  auto parsed = hl7::Message::parse(bytes);
  static_cast<void>(hl7::scan_boundaries(bytes, {}));
  if (!parsed) return 0;
  const hl7::Message m = std::move(*parsed);
  check(m.text() == bytes, "text() is what was given");
  check(!hl7::has_error(m.issues()), "tolerances are warnings");
  check(walk(m) <= 4 * size + 64, "text grows beyond its escapes");
  const std::string text = hl7::unescape(bytes, m.delimiters());
  const std::string escaped = hl7::escape(text, m.delimiters());
  check(escaped.find(m.delimiters().field) == std::string::npos, "escape() leaves a separator");
  hl7::Editor editor(m);
  check(editor.set("ZZZ-2.2", text).has_value(), "a segment can be added");
  check(hl7::Message::parse(editor.text()).has_value(), "an edited message parses");
  if (m.find("MSH").present()) answer(m);
  return 0;
}
