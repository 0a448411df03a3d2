#pragma once
#include <core/clock.hpp>
#include <core/error.hpp>
#include <hl7/message.hpp>

#include <string>
#include <string_view>

namespace hl7 {

/// Table 0008.
enum class AckCode { kAA, kAE, kAR, kCA, kCE, kCR };
std::string_view to_text(AckCode code);
bool is_positive(AckCode code);

/// What goes into an acknowledgement (chapter 2.9).
struct AckContent {
  AckCode code = AckCode::kAA;
  Issues issues;                 ///< become ERR segments; warnings ride with a positive ACK as W
  std::string control_id;        ///< our own MSH-10, unique
  core::Instant now{};
  std::string expected_sequence; ///< MSA-4, empty when MSH-13 is not used
};

/// The ACK for a parsed message: MSH-3/4 and 5/6 swapped with all components, the sender's version
/// (its MSH-9 form: ACK, ACK^A01 or ACK^A01^ACK by version), delimiters, character set and MSH-11;
/// MSA-2 byte-exact; ERR-1 up to 2.4 (segment^sequence^field^code), ERR-2/3/4/7/8 from 2.5.
/// Text ends with CR.
std::string build_ack(const Message& message, const AckContent& content);

/// The ACK when there is no readable MSH: MSA-2 empty, version 2.5.1, our defaults.
std::string build_ack_without_header(const AckContent& content);

/// Which acknowledgements a sender wants (MSH-15, MSH-16; chapter 2.9.2/2.9.3).
struct AckMode {
  bool enhanced = false;         ///< either field valued
  bool accept_on_success = false, accept_on_error = false;
  bool application_on_success = false, application_on_error = false;
};
AckMode ack_mode(const Header& header);

/// What a received acknowledgement says; for MLLP clients. kDataType when it is no ACK.
struct ReceivedAck {
  AckCode code = AckCode::kAE;
  std::string control_id;        ///< MSA-2
  std::string text;              ///< MSA-3 or the first ERR-8/ERR-7; may be shown to operators
};
core::Result<ReceivedAck> read_ack(const Message& message);

}  // namespace hl7
