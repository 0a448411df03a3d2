#include "replies.hpp"

#include <core/text.hpp>
#include <hl7/xml.hpp>

#include <fmt/format.h>

namespace pipeline {
namespace {

using hl7::AckCode;

/// Between the texts of one stored reply: group separator, which no acknowledgement holds.
inline constexpr char kAckJoin = '\x1d';

bool wants_accept_ack(const hl7::AckMode& mode, bool ok) {
  return ok ? mode.accept_on_success : mode.accept_on_error;
}
bool wants_application_ack(const hl7::AckMode& mode, bool ok) {
  return ok ? mode.application_on_success : mode.application_on_error;
}

std::string hl7_time(core::Instant at) {
  std::string text;
  for (char c : core::to_iso(at).substr(0, 19)) {
    if (c >= '0' && c <= '9') text += c;
  }
  return text + "+0000";
}

}  // namespace

ControlIds::ControlIds(core::Instant start)
    : prefix_(fmt::format("CW{:x}", start.time_since_epoch().count() / 1000)) {}

std::string ControlIds::next() {
  return fmt::format("{}{:06x}", prefix_, counter_.fetch_add(1, std::memory_order_relaxed) + 1);
}

std::string ReplyBuilder::one(const hl7::Message& message, AckCode code,
                              const hl7::Issues& issues) const {
  hl7::AckContent content;
  content.code = code;
  content.issues = issues;
  content.control_id = ids_.next();
  content.now = clock_.now();
  return hl7::build_ack(message, content);
}

std::vector<std::string> ReplyBuilder::accepted(const hl7::Message& message,
                                                const hl7::Header& header,
                                                const hl7::Issues& warnings) const {
  const hl7::AckMode mode = hl7::ack_mode(header);
  if (!mode.enhanced) return {one(message, AckCode::kAA, warnings)};
  std::vector<std::string> acks;
  if (wants_accept_ack(mode, true)) acks.push_back(one(message, AckCode::kCA, {}));
  if (wants_application_ack(mode, true)) acks.push_back(one(message, AckCode::kAA, warnings));
  return acks;
}

std::vector<std::string> ReplyBuilder::refused(const hl7::Message& message,
                                               const hl7::Header& header, Verdict::Kind kind,
                                               const hl7::Issues& issues) const {
  const hl7::AckMode mode = hl7::ack_mode(header);
  const bool content = kind == Verdict::Kind::kContentError;
  if (!mode.enhanced) return {one(message, content ? AckCode::kAE : AckCode::kAR, issues)};
  if (wants_accept_ack(mode, false)) {
    return {one(message, content ? AckCode::kCE : AckCode::kCR, issues)};
  }
  if (wants_application_ack(mode, false)) {
    return {one(message, content ? AckCode::kAE : AckCode::kAR, issues)};
  }
  return {};
}

std::vector<std::string> ReplyBuilder::application(const hl7::Message& message,
                                                   const hl7::Header& header, bool ok,
                                                   const hl7::Issues& issues) const {
  const hl7::AckMode mode = hl7::ack_mode(header);
  if (mode.enhanced && !wants_application_ack(mode, ok)) return {};
  return {one(message, ok ? AckCode::kAA : AckCode::kAE, issues)};
}

std::string ReplyBuilder::headerless(const hl7::Issues& issues) const {
  hl7::AckContent content;
  content.code = AckCode::kAR;
  content.issues = issues;
  content.control_id = ids_.next();
  content.now = clock_.now();
  return hl7::build_ack_without_header(content);
}

std::string join_acks(const std::vector<std::string>& acks) {
  std::string joined;
  for (const std::string& ack : acks) {
    if (!joined.empty()) joined += kAckJoin;
    joined += ack;
  }
  return joined;
}

std::vector<std::string> split_acks(const std::string& joined) {
  std::vector<std::string> acks;
  if (joined.empty()) return acks;
  for (std::string_view ack : core::split(joined, kAckJoin)) acks.emplace_back(ack);
  return acks;
}

std::string batch_reply(std::string_view incoming_header, const std::vector<std::string>& acks,
                        core::Instant now, const std::string& control_id) {
  const char bar = incoming_header.size() > 3 ? incoming_header[3] : '|';
  const std::vector<std::string_view> in = core::split(incoming_header, bar);
  const auto field = [&](std::size_t n) { return n < in.size() ? std::string(in[n]) : ""; };
  const std::string encoding = in.size() > 1 && !in[1].empty() ? std::string(in[1]) : "^~\\&";
  // Sender and receiver change places; BHS-12 refers to the batch that is answered (its BHS-11).
  std::string reply = "BHS" + std::string(1, bar) + encoding;
  for (const std::string& value : {field(4), field(5), field(2), field(3), hl7_time(now),
                                   std::string(), std::string(), std::string(), control_id,
                                   field(10)}) {
    reply += bar + value;
  }
  reply += '\r';
  for (const std::string& ack : acks) reply += ack;
  reply += "BTS" + std::string(1, bar) + std::to_string(acks.size()) + "\r";
  return reply;
}

std::string reply_as_xml(const std::string& er7, const schema::V2Schema& v2) {
  auto message = hl7::Message::parse(er7);
  if (!message) return er7;
  const hl7::Header header = hl7::read_header(*message);
  const schema::V2Version* version = v2.version(header.version);
  if (version == nullptr) version = &v2.newest();
  hl7::XmlNames names;
  names.root = "ACK";
  names.field_type = [version](std::string_view segment, int field) -> std::string {
    const auto* def = version->segment(segment);
    if (def == nullptr || field < 1 || field > static_cast<int>(def->fields.size())) return {};
    const std::string& type = def->fields[static_cast<std::size_t>(field - 1)].type;
    return version->datatype(type) != nullptr ? type : std::string();
  };
  names.component_type = [version](std::string_view type, int component) -> std::string {
    const auto* def = version->datatype(type);
    if (def == nullptr || component < 1 || component > static_cast<int>(def->components.size())) {
      return {};
    }
    const std::string& inner = def->components[static_cast<std::size_t>(component - 1)].type;
    const auto* inner_def = version->datatype(inner);
    return inner_def != nullptr && !inner_def->components.empty() ? inner : std::string();
  };
  return hl7::to_xml(*message, names);
}

}  // namespace pipeline
