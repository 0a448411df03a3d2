#include "checks.hpp"

#include <core/hash.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace pipeline {
namespace {

using core::ErrorCode;
using hl7::Issue;
using hl7::Location;
using hl7::Severity;

inline constexpr std::size_t kControlIdMax = 199;  ///< v2.7+ allows 199 characters

/// Segments without which a message has no use; the absence of others is tolerated with a warning,
/// since real senders leave out EVN, PV1 or ORC.
constexpr std::array<std::string_view, 5> kDecisive{"PID", "MRG", "TXA", "OBR", "MSH"};

Issue fault(ErrorCode code, int field, std::string text, int component = 0) {
  return {Severity::kError, code, Location{"MSH", 1, field, field == 0 ? 0 : 1, component, 0},
          std::move(text)};
}

Verdict reject(Issue issue) { return {Verdict::Kind::kReject, {std::move(issue)}}; }

/// What is wrong with MSH-9, if anything.
std::optional<Issue> check_type(const hl7::Header& header, const FeedConfig& feed,
                                const schema::V2Schema& v2, const schema::V2Version& version) {
  if (header.type.empty()) {
    return fault(ErrorCode::kUnsupportedType, 9, "message type is missing", 1);
  }
  const auto& accept = feed.accept;
  if (!accept.empty() && std::find(accept.begin(), accept.end(), header.type) == accept.end()) {
    return fault(ErrorCode::kUnsupportedType, 9, "this feed does not take the message type", 1);
  }
  if (header.type.front() == 'Z') return std::nullopt;  // local types: a site's mapping decides
  const schema::V2Version& newest = v2.newest();
  if (!version.has_type(header.type) && !newest.has_type(header.type)) {
    return fault(ErrorCode::kUnsupportedType, 9, "unknown message type", 1);
  }
  if (header.trigger.empty() || header.trigger.front() == 'Z') return std::nullopt;
  if (version.structure_id(header.type, header.trigger).empty() &&
      newest.structure_id(header.type, header.trigger).empty()) {
    return fault(ErrorCode::kUnsupportedEvent, 9, "unknown trigger event for the message type", 2);
  }
  return std::nullopt;
}

std::optional<Issue> check_processing_id(const hl7::Header& header, const FeedConfig& feed,
                                         hl7::Issues& tolerated) {
  const std::string_view id = header.processing_id.substr(0, header.processing_id.find('^'));
  if (id.empty()) {
    Issue issue =
        fault(ErrorCode::kRequiredFieldMissing, 11, "processing id is missing, P assumed");
    issue.severity = Severity::kWarning;
    tolerated.push_back(std::move(issue));
    return std::nullopt;
  }
  const auto& known = feed.processing_ids;
  if (std::find(known.begin(), known.end(), id) == known.end()) {
    return fault(ErrorCode::kUnsupportedProcessingId, 11,
                 "processing id is not taken by this feed");
  }
  return std::nullopt;
}

std::optional<Issue> check_control_id(const hl7::Header& header) {
  if (header.control_id.empty()) {
    return fault(ErrorCode::kRequiredFieldMissing, 10, "message control id is missing");
  }
  if (header.control_id.size() > kControlIdMax) {
    return fault(ErrorCode::kTooLong, 10, "message control id is longer than 199 characters");
  }
  return std::nullopt;
}

/// A40 and its kin: the retired number must differ from the surviving one in each pair.
std::optional<Issue> check_merge(const hl7::Message& message) {
  hl7::SegmentView pid;
  for (std::uint32_t i = 0; i < message.segment_count(); ++i) {
    const hl7::SegmentView segment = message.segment(i);
    if (segment.is("PID")) pid = segment;
    if (!segment.is("MRG")) continue;
    const Location at{"MRG", segment.occurrence(), 1, 1, 0, 0};
    const hl7::Value retired = segment.field(1).repetition(1);
    if (!retired.child(1).valued()) {
      return Issue{Severity::kError, ErrorCode::kRequiredFieldMissing, at,
                   "the number to be retired is missing"};
    }
    const hl7::Value survivor = pid.present() ? pid.field(3).repetition(1) : hl7::Value{};
    if (survivor.child(1).raw() == retired.child(1).raw() &&
        survivor.child(4).raw() == retired.child(4).raw()) {
      return Issue{Severity::kError, ErrorCode::kSelfMerge, at,
                   "a patient cannot be merged into itself"};
    }
  }
  return std::nullopt;
}

bool is_patient_merge(const hl7::Header& header) {
  return header.type == "ADT" &&
         (header.trigger == "A40" || header.trigger == "A34" || header.trigger == "A18");
}

void check_structure(const hl7::Message& message, const hl7::Header& header, const FeedConfig& feed,
                     const schema::V2Schema& v2, Verdict& verdict) {
  const schema::V2Version* version = nullptr;
  const schema::StructureDef* structure = structure_of(header, v2, &version);
  if (structure == nullptr) return;
  thread_local schema::GroupTree tree;
  hl7::Issues found;
  schema::group(message, *structure, tree, found);
  for (Issue& issue : found) {
    const bool decisive =
        issue.severity == Severity::kError &&
        (feed.strict || std::find(kDecisive.begin(), kDecisive.end(), issue.at.segment) !=
                            kDecisive.end());
    if (decisive || (feed.strict && issue.code == ErrorCode::kSegmentSequence)) {
      issue.severity = Severity::kError;
      verdict.kind = Verdict::Kind::kContentError;
    } else {
      issue.severity = Severity::kWarning;
    }
    verdict.issues.push_back(std::move(issue));
  }
  if (feed.strict && version != nullptr) {
    schema::validate(message, *version, true, verdict.issues);
    if (hl7::has_error(verdict.issues)) verdict.kind = Verdict::Kind::kContentError;
  }
}

}  // namespace

const schema::StructureDef* structure_of(const hl7::Header& header, const schema::V2Schema& v2,
                                         const schema::V2Version** version) {
  *version = v2.version(header.version.empty() ? "2.5.1" : header.version);
  if (*version == nullptr) return nullptr;
  for (const schema::V2Version* known : {*version, &v2.newest()}) {
    if (!header.structure.empty()) {
      if (const auto* structure = known->structure(header.structure)) return structure;
    }
    const std::string_view id = known->structure_id(header.type, header.trigger);
    if (id.empty()) continue;
    if (const auto* structure = known->structure(id)) return structure;
  }
  return nullptr;
}

Verdict check(const hl7::Message& message, const hl7::Header& header, const FeedConfig& feed,
              const schema::V2Schema& v2) {
  Verdict verdict;
  verdict.issues = message.issues();
  bool exact = true;
  const std::string_view stated = header.version.substr(0, header.version.find('^'));
  const schema::V2Version* version = v2.version(stated.empty() ? "2.5.1" : stated, &exact);
  if (version == nullptr) {
    return reject(fault(ErrorCode::kUnsupportedVersion, 12, "HL7 version is not 2.x"));
  }
  if (stated.empty() || !exact) {
    Issue issue = fault(ErrorCode::kUnsupportedVersion, 12, "version is not known exactly");
    issue.severity = Severity::kWarning;
    verdict.issues.push_back(std::move(issue));
  }
  if (auto issue = check_type(header, feed, v2, *version)) return reject(std::move(*issue));
  if (auto issue = check_processing_id(header, feed, verdict.issues)) {
    return reject(std::move(*issue));
  }
  if (auto issue = check_control_id(header)) {
    return {Verdict::Kind::kContentError, {std::move(*issue)}};
  }
  if (feed.strict && !verdict.issues.empty()) {
    for (Issue& issue : verdict.issues) issue.severity = Severity::kError;
    verdict.kind = Verdict::Kind::kContentError;
    return verdict;
  }
  if (is_patient_merge(header)) {
    if (auto issue = check_merge(message)) {
      return {Verdict::Kind::kContentError, {std::move(*issue)}};
    }
  }
  check_structure(message, header, feed, v2, verdict);
  return verdict;
}

core::Digest body_digest(const hl7::Message& message) {
  const std::string_view all = message.text();
  const hl7::SegmentView msh = message.segment(0);
  const std::string_view when = msh.field(7).raw();
  const std::string_view number = msh.field(13).raw();
  std::string body;
  body.reserve(all.size());
  const auto offset = [&](std::string_view part) {
    return static_cast<std::size_t>(part.data() - all.data());
  };
  std::size_t from = 0;
  for (std::string_view skip : {when, number}) {
    if (skip.empty()) continue;
    body.append(all.substr(from, offset(skip) - from));
    from = offset(skip) + skip.size();
  }
  body.append(all.substr(from));
  return core::sha256(body);
}

}  // namespace pipeline
