#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace core {

/// The error catalogue: every refusal and failure the engine can name, once.
/// Each code carries its meaning, the HL7 error code (table 0357) sent in an ERR segment, the HTTP
/// status and the FHIR issue type (http://hl7.org/fhir/issue-type) used in an OperationOutcome.
enum class ErrorCode : std::uint16_t {
  // Transport and framing
  kFrameTooLong, kFrameBadTrailer, kFrameEmpty, kFrameTimeout, kNotMllp,
  // Message structure
  kNoMsh, kBadEncodingCharacters, kSegmentSequence, kRequiredFieldMissing, kRequiredSegmentMissing,
  kDataType, kTableValue, kTooLong, kCardinality, kBadSegmentName, kTooManySegments, kTooManyFields,
  kUnsupportedType, kUnsupportedEvent, kUnsupportedProcessingId, kUnsupportedVersion,
  kUnknownKey, kDuplicateKey, kCharset, kBatchCount, kBadXml, kBadEscape, kSelfMerge, kAckAsInput,
  // Store and service state
  kStoreUnavailable, kDiskFull, kStoreCorrupt, kStoreLocked, kBusy, kDraining, kNotFound, kGone,
  kConflict, kNotMapped, kNotApplied,
  // HTTP and FHIR
  kBadRequest, kNotAcceptable, kUnsupportedMediaType, kMethodNotAllowed, kPayloadTooLarge,
  kBadJson, kBadResource, kBadSearch,
  // Configuration and command line
  kBadConfig, kBadMapping, kBadRule, kBadYaml, kUsage, kRefusedByPolicy,
  // Environment
  kIo, kUnreachable, kTimeout, kTls, kInternal,
};

/// One row of the catalogue.
struct ErrorEntry {
  ErrorCode code;
  std::string_view slug;       ///< stable name in logs, metrics and JSON: "frame-too-long"
  std::string_view meaning;    ///< one sentence for people, no data in it
  std::uint16_t hl7;           ///< table 0357
  std::uint16_t http;
  std::string_view fhir_type;  ///< IssueType
};

/// @return the row of `code`; every code has one (checked at compile time).
const ErrorEntry& entry(ErrorCode code);

/// A failure as a value. `detail` says what and, where known, `where` says the place
/// ("chartwire.yaml:12:5", "PID-3"). Neither may hold patient data: both are logged.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string detail;
  std::string where;

  /// "slug: detail (where)"
  std::string text() const;
};

}  // namespace core
