#pragma once
#include <core/bounded_queue.hpp>
#include <fhir/node.hpp>
#include <hl7/message.hpp>
#include <pipeline/config.hpp>
#include <schema/r4.hpp>
#include <store/records.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "patient_er7.hpp"
#include "replies.hpp"

namespace pipeline {

/// Queries that wait for an answer; one more is answered as busy.
inline constexpr std::size_t kQueriesWaitingMax = 256;
/// Patients in one answer, whatever RCP-2 asks for.
inline constexpr std::size_t kQueryAnswersMax = 100;

/// Answers questions about persons over HL7 v2: QBP^Q22 (find candidates, IHE ITI-21) with RSP^K22
/// and QBP^Q23 (corresponding identifiers, IHE ITI-9) with RSP^K23, chapter 3.3.56, 3.3.57 and
/// 5.3.1. Nothing of them is journaled: they change nothing. A feed answers them unless it has an
/// `accept:` without QBP. Thread: ask() on any; the answer comes on a thread of its own, with a
/// connection of its own to the records.
class Queries {
 public:
  Queries(const EngineConfig& config, const schema::R4& r4, ReplyBuilder& replies);
  ~Queries();

  static bool answers(const FeedConfig& feed, const hl7::Header& header);
  /// `done` gets the reply text exactly once. @return false when too many wait.
  bool ask(std::shared_ptr<const hl7::Message> message, std::function<void(std::string)> done);

  /// The answer, on the calling thread (one at a time).
  std::string answer(const hl7::Message& message);

 private:
  struct Question {
    std::shared_ptr<const hl7::Message> message;
    std::function<void(std::string)> done;
  };
  struct Found {
    hl7::Issues issues;                 ///< errors: the query could not be carried out
    std::vector<std::string> segments;  ///< PID (and QRI), without CR
    std::size_t hits = 0;
  };
  core::Result<Found> candidates(const hl7::Message& message);
  core::Result<Found> correspondence(const hl7::Message& message);
  core::Result<bool> knows_domain(const std::string& system);
  std::string reply(const hl7::Message& message, const core::Result<Found>& found);
  core::Result<store::Records*> records();

  const EngineConfig& config_;
  const schema::R4& r4_;
  ReplyBuilder& replies_;
  PatientEr7 er7_;
  std::unique_ptr<store::Records> records_;
  core::BoundedQueue<Question> questions_{kQueriesWaitingMax};
  std::thread thread_;
};

}  // namespace pipeline
