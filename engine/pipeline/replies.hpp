#pragma once
#include <core/clock.hpp>
#include <hl7/ack.hpp>
#include <hl7/message.hpp>
#include <pipeline/inbound.hpp>
#include <schema/v2.hpp>

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "checks.hpp"

namespace pipeline {

/// Unique MSH-10 values of our own: start time, then a counter, at most 20 characters. Thread: any.
class ControlIds {
 public:
  explicit ControlIds(core::Instant start);
  std::string next();

 private:
  std::string prefix_;
  std::atomic<std::uint64_t> counter_{0};
};

/// Builds what goes back to a sender for one message, in the mode MSH-15/16 ask for.
class ReplyBuilder {
 public:
  ReplyBuilder(ControlIds& ids, const core::Clock& clock) : ids_(ids), clock_(clock) {}

  /// Acknowledgements for a message that will be stored, ready to be journaled with it:
  /// original mode AA; enhanced CA, then AA when an application ACK is wanted.
  std::vector<std::string> accepted(const hl7::Message& message, const hl7::Header& header,
                                    const hl7::Issues& warnings) const;
  /// AE/AR, or CE/CR in enhanced mode.
  std::vector<std::string> refused(const hl7::Message& message, const hl7::Header& header,
                                   Verdict::Kind kind, const hl7::Issues& issues) const;
  /// The application acknowledgement alone, after apply: AA (`issues` as warnings) or AE.
  std::vector<std::string> application(const hl7::Message& message, const hl7::Header& header,
                                       bool ok, const hl7::Issues& issues) const;
  /// The head of the answer to a query: MSH, MSA (AA or AE) and ERR, to be made into an RSP.
  std::string query(const hl7::Message& message, bool ok, const hl7::Issues& issues) const {
    return one(message, ok ? hl7::AckCode::kAA : hl7::AckCode::kAE, issues);
  }
  /// Nothing readable came: AR without MSA-2.
  std::string headerless(const hl7::Issues& issues) const;

 private:
  std::string one(const hl7::Message& message, hl7::AckCode code, const hl7::Issues& issues) const;

  ControlIds& ids_;
  const core::Clock& clock_;
};

/// Several acknowledgements are journaled as one text.
std::string join_acks(const std::vector<std::string>& acks);
std::vector<std::string> split_acks(const std::string& joined);

/// A batch reply around the items' acknowledgements (chapter 2.10.3.1): BHS or FHS swapped from the
/// incoming header, BTS with the count.
std::string batch_reply(std::string_view incoming_header, const std::vector<std::string>& acks,
                        core::Instant now, const std::string& control_id);

/// ER7 reply as v2.xml.
std::string reply_as_xml(const std::string& er7, const schema::V2Schema& v2);

}  // namespace pipeline
