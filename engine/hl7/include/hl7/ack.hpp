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

inline constexpr std::size_t kAckIssuesMax = 20;   ///< ERR entries in one ACK, errors first

/// What goes into an acknowledgement (chapter 2.9).
struct AckContent {
  AckCode code = AckCode::kAA;
  Issues issues;                 ///< become ERR segments; warnings ride with a positive ACK as W
  std::string control_id;        ///< our own MSH-10, unique
  core::Instant now{};
  std::string expected_sequence; ///< MSA-4, empty when MSH-13 is not used
};

/// The ACK for a parsed message: MSH-3/4 and 5/6 swapped with all components, the sender's
/// delimiters, character set (MSH-18), MSH-11 and version; MSH-7 in UTC; MSA-2 byte-exact.
/// By version: MSH-9 is ACK (2.1, 2.2), ACK^A01 (2.3, 2.3.1) or ACK^A01^ACK (from 2.4); MSA-3 has
/// the first error's text up to 2.6; ERR-1 up to 2.4 (segment^sequence^field^code&text&HL70357,
/// errors only, as it has no severity), from 2.5 an ERR per issue with ERR-2/3/4/5/7/8, ERR-5
/// being our own code (core::ErrorEntry::slug). An empty or unknown version is answered as 2.5.1,
/// an empty MSH-11 as P. Holds no field values but the header's own. Text is UTF-8 and ends with
/// CR.
std::string build_ack(const Message& message, const AckContent& content);

/// The ACK when there is no readable MSH: MSA-2 empty, version 2.5.1, our defaults.
std::string build_ack_without_header(const AckContent& content);

/// Which acknowledgements a sender wants (MSH-15, MSH-16; chapter 2.9.2/2.9.3). In original mode
/// always the application's; in enhanced mode an empty field asks for none, an unknown code counts
/// as AL (a sender that waits must be answered).
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
