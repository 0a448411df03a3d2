#include <core/error.hpp>

#include <array>
#include <cstddef>

namespace core {
namespace {

using enum ErrorCode;

// HL7 table 0357: 100 segment sequence, 101 required field missing, 102 data type, 103 table value,
// 104 value too long, 198 cardinality, 200 message type, 201 event, 202 processing id, 203 version,
// 204 unknown key, 205 duplicate key, 206 record locked, 207 application internal error.
// FHIR issue types: http://hl7.org/fhir/R4/valueset-issue-type.html
constexpr std::array kCatalogue = std::to_array<ErrorEntry>({
    {kFrameTooLong, "frame-too-long", "The frame is larger than the listener takes.", 104, 413,
     "too-long"},
    {kFrameBadTrailer, "frame-bad-trailer", "The frame does not end as MLLP ends a frame.", 207,
     400, "structure"},
    {kFrameEmpty, "frame-empty", "The frame holds nothing.", 100, 400, "structure"},
    {kFrameTimeout, "frame-timeout", "The frame was begun but not finished in time.", 207, 408,
     "timeout"},
    {kNotMllp, "not-mllp", "The bytes are not MLLP.", 207, 400, "structure"},

    {kNoMsh, "no-msh", "The message does not begin with a usable MSH segment.", 100, 400,
     "structure"},
    {kBadEncodingCharacters, "bad-encoding-characters", "MSH-1 and MSH-2 cannot be used.", 102, 400,
     "structure"},
    {kSegmentSequence, "segment-sequence", "A segment stands where the structure has none.", 100,
     422, "structure"},
    {kRequiredFieldMissing, "required-field-missing", "A required field is empty.", 101, 422,
     "required"},
    {kRequiredSegmentMissing, "required-segment-missing", "A required segment is missing.", 100,
     422, "required"},
    {kDataType, "data-type", "A value does not have the form of its data type.", 102, 422, "value"},
    {kTableValue, "table-value", "A coded value is not in its table.", 103, 422, "code-invalid"},
    {kTooLong, "too-long", "A value is longer than allowed.", 104, 422, "too-long"},
    {kCardinality, "cardinality", "Something occurs more or less often than allowed.", 198, 422,
     "structure"},
    {kBadSegmentName, "bad-segment-name", "A segment name is not three letters or digits.", 100,
     400, "structure"},
    {kTooManySegments, "too-many-segments", "The message has more segments than allowed.", 198, 413,
     "too-long"},
    {kTooManyFields, "too-many-fields", "A segment has more fields or repetitions than allowed.",
     198, 413, "too-long"},
    {kUnsupportedType, "unsupported-type", "The message type is not supported.", 200, 422,
     "not-supported"},
    {kUnsupportedEvent, "unsupported-event", "The trigger event is not supported.", 201, 422,
     "not-supported"},
    {kUnsupportedProcessingId, "unsupported-processing-id", "The feed does not take this MSH-11.",
     202, 422, "not-supported"},
    {kUnsupportedVersion, "unsupported-version", "The HL7 version is not supported.", 203, 422,
     "not-supported"},
    {kUnknownKey, "unknown-key", "The key names nothing that is known.", 204, 404, "not-found"},
    {kDuplicateKey, "duplicate-key", "The key exists already.", 205, 409, "duplicate"},
    {kCharset, "charset", "The text cannot be read in its declared character set.", 102, 400,
     "value"},
    {kBatchCount, "batch-count", "A batch trailer counts differently from its content.", 207, 422,
     "invariant"},
    {kBadXml, "bad-xml", "The XML is malformed or uses what is refused here.", 102, 400,
     "structure"},
    {kBadEscape, "bad-escape", "An escape sequence is malformed.", 102, 422, "value"},
    {kSelfMerge, "self-merge", "A patient cannot be merged into itself.", 205, 422,
     "business-rule"},
    {kAckAsInput, "ack-as-input", "An acknowledgement came where a message belongs.", 200, 422,
     "not-supported"},

    {kStoreUnavailable, "store-unavailable", "The store cannot be written now.", 207, 503,
     "transient"},
    {kDiskFull, "disk-full", "The store has no room left.", 207, 507, "no-store"},
    {kStoreCorrupt, "store-corrupt", "Stored data does not match its digest.", 207, 500,
     "exception"},
    {kStoreLocked, "store-locked", "Another process holds the store.", 206, 423, "lock-error"},
    {kBusy, "busy", "Too much work is waiting; try again.", 207, 503, "throttled"},
    {kDraining, "draining", "The service is shutting down.", 207, 503, "transient"},
    {kNotFound, "not-found", "There is no such thing.", 204, 404, "not-found"},
    {kGone, "gone", "It existed and was deleted.", 204, 410, "deleted"},
    {kConflict, "conflict", "It changed meanwhile, or clashes with what is stored.", 206, 409,
     "conflict"},
    {kNotMapped, "not-mapped", "The message could not be mapped.", 207, 422, "processing"},
    {kNotApplied, "not-applied", "The message could not be applied to the records.", 207, 422,
     "processing"},

    {kBadRequest, "bad-request", "The request is malformed.", 207, 400, "structure"},
    {kNotAcceptable, "not-acceptable", "None of the accepted formats can be produced.", 207, 406,
     "not-supported"},
    {kUnsupportedMediaType, "unsupported-media-type", "The body's format is not taken here.", 207,
     415, "not-supported"},
    {kMethodNotAllowed, "method-not-allowed", "The resource does not take this method.", 207, 405,
     "not-supported"},
    {kPayloadTooLarge, "payload-too-large", "The body is larger than allowed.", 104, 413,
     "too-long"},
    {kBadJson, "bad-json", "The JSON is malformed or uses what is refused here.", 102, 400,
     "structure"},
    {kBadResource, "bad-resource", "The resource breaks the FHIR R4 definitions.", 102, 422,
     "invalid"},
    {kBadSearch, "bad-search", "A search parameter is unknown or malformed.", 207, 400, "invalid"},

    {kBadConfig, "bad-config", "The configuration is wrong.", 207, 422, "invalid"},
    {kBadMapping, "bad-mapping", "A mapping is wrong.", 207, 422, "invalid"},
    {kBadRule, "bad-rule", "A rule is wrong.", 207, 422, "invalid"},
    {kBadYaml, "bad-yaml", "The YAML is malformed or uses what is refused here.", 207, 400,
     "structure"},
    {kUsage, "usage", "The command was called wrongly.", 207, 400, "invalid"},
    {kRefusedByPolicy, "refused-by-policy", "Policy forbids this.", 207, 403, "forbidden"},

    {kIo, "io", "Reading or writing failed.", 207, 500, "exception"},
    {kUnreachable, "unreachable", "The other side cannot be reached.", 207, 502, "transient"},
    {kTimeout, "timeout", "The other side did not answer in time.", 207, 504, "timeout"},
    {kTls, "tls", "The secure connection could not be made.", 207, 502, "security"},
    {kInternal, "internal", "A fault of this program.", 207, 500, "exception"},
});

constexpr bool every_code_in_order() {
  if (kCatalogue.size() != static_cast<std::size_t>(kInternal) + 1) return false;
  for (std::size_t i = 0; i < kCatalogue.size(); ++i) {
    const ErrorEntry& row = kCatalogue[i];
    if (static_cast<std::size_t>(row.code) != i) return false;
    if (row.slug.empty() || row.meaning.empty() || row.fhir_type.empty()) return false;
    if (row.http < 400 || row.http > 599 || row.hl7 < 100 || row.hl7 > 207) return false;
  }
  return true;
}
static_assert(every_code_in_order(), "each ErrorCode needs its row, in the order of the enum");

}  // namespace

const ErrorEntry& entry(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code);
  return kCatalogue[index < kCatalogue.size() ? index : kCatalogue.size() - 1];
}

std::string Error::text() const {
  std::string out(entry(code).slug);
  if (!detail.empty()) out.append(": ").append(detail);
  if (!where.empty()) out.append(" (").append(where).append(")");
  return out;
}

}  // namespace core
