#pragma once
#include <core/hash.hpp>
#include <hl7/ack.hpp>
#include <hl7/message.hpp>
#include <pipeline/config.hpp>
#include <schema/v2.hpp>

#include <string>

namespace pipeline {

/// How a message is judged before it is stored (chapter 2.9.2; spec engine.md section 4).
struct Verdict {
  enum class Kind { kAccept, kContentError, kReject } kind = Kind::kAccept;  ///< AA, AE, AR
  hl7::Issues issues;     ///< the faults, or with kAccept the tolerances
};

/// Type, version, processing id, control id, structure and required segments of a message.
/// Unsupported type, version or processing id is a rejection (AR); a fault of content is AE.
Verdict check(const hl7::Message& message, const hl7::Header& header, const FeedConfig& feed,
              const schema::V2Schema& v2);

/// The structure a message is grouped by: MSH-9.3, else by type and trigger of its version, else of
/// the newest. nullptr when there is none. `*version` gets the version used.
const schema::StructureDef* structure_of(const hl7::Header& header, const schema::V2Schema& v2,
                                         const schema::V2Version** version);

/// Digest of the message text without MSH-7 and MSH-13, which a resend may renew.
core::Digest body_digest(const hl7::Message& message);

}  // namespace pipeline
