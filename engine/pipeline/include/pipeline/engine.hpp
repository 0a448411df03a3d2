#pragma once
#include <core/clock.hpp>
#include <core/metrics.hpp>
#include <core/result.hpp>
#include <mapping/unmapped.hpp>
#include <pipeline/config.hpp>
#include <pipeline/destination.hpp>
#include <pipeline/inbound.hpp>
#include <pipeline/knowledge.hpp>
#include <pipeline/status.hpp>

#include <functional>
#include <memory>
#include <string>

namespace pipeline {

/// The engine: intake, journal, applier, ticker and one dispatcher per destination, wired and
/// running.
/// Transports hand messages to handler(); readers look at the stores on their own connections.
/// Thread: any, after start().
class Engine {
 public:
  struct Options {
    EngineConfig config;
    std::shared_ptr<const Knowledge> knowledge;
    const core::Clock* clock = nullptr;      ///< outlives the engine
    core::Metrics* metrics = nullptr;        ///< outlives the engine
    std::function<std::unique_ptr<Destination>(const DestinationConfig&)> make_destination;
    /// Durability can no longer be promised: the process must stop without another positive ACK.
    std::function<void(const core::Error&)> on_fatal;
    bool sync = true;                        ///< false only in tests that must fail
  };
  /// Opens the stores, applies what the journal has beyond the records, then starts sending.
  static core::Result<std::unique_ptr<Engine>> start(Options options);
  ~Engine();

  InboundHandler& handler();
  EngineStatus status() const;
  /// Empty when ready to take messages, else why not ("draining", "disk full").
  std::string not_ready() const;
  /// Waits until everything journaled so far is applied. @return false on timeout.
  bool wait_applied(std::chrono::milliseconds timeout) const;
  /// Re-applies an entry: appends a copy that cites it. @return the new sequence.
  core::Result<core::Sequence> replay(core::Sequence original);
  /// Operator's decision on a held or parked item: "pending" sends it again, "delivered" skips it.
  core::Status decide(const core::DestinationName& destination, core::Sequence sequence, int part,
                      const std::string& state, const std::string& reason);
  /// A person's decision on a pair of Patients that may be one: "link" "not-the-same" "later",
  /// "unlink" of one that is linked, or "merge", which keeps `survivor` and needs a second person
  /// (identity::may_merge). Links and merges are told to HL7 v2 receivers (A24, A37, A40).
  /// Journaled, then applied. kNotFound for an unknown pair, kConflict when it is decided for good.
  core::Status decide_pair(const std::string& patient, const std::string& other,
                           const std::string& decision, const std::string& by,
                           const std::string& survivor = {});
  /// Takes the merge of a retired Patient back (identity/unmerge.hpp). @return its sequence.
  /// kNotFound when it is not merged.
  core::Result<core::Sequence> unmerge(const std::string& patient, const std::string& by,
                                       const std::string& reason);
  /// A decision on a message that the overlay guard holds (identity/conflict.hpp): "accept" applies
  /// it, "reject" keeps what it says about who the patient is away for good. Journaled, then
  /// applied. kNotFound, kConflict.
  core::Status decide_conflict(core::Sequence held, const std::string& decision,
                               const std::string& by, const std::string& reason);
  /// Somebody looked at a resource that an unmerge left in doubt: it stays (`to` empty), or goes to
  /// one of the two Patients. kNotFound.
  core::Status settle_unmerge(core::Sequence unmerge, const std::string& type,
                              const std::string& id, const std::string& to, const std::string& by);
  /// Journals a decision of the department, checked before (him/command.hpp), and waits until it is
  /// applied. @return its sequence.
  core::Result<core::Sequence> him_command(std::string order);
  /// Does what the clock has to do now, without waiting for the ticker (a simulated clock moved).
  core::Status tick();
  /// When the clock next has something to do; nullopt: never.
  std::optional<core::Instant> next_deadline() const;
  const EngineConfig& config() const;
  store::Journal& journal();
  /// Codes that no vocabulary knew in what was applied since the start.
  const mapping::UnmappedTally& unmapped() const;
  /// Stops taking messages, lets the stages finish up to `grace`, closes. Idempotent.
  void drain(std::chrono::milliseconds grace);

 private:
  Engine();
  core::Result<core::Sequence> command(std::string_view type, std::string order);
  core::Status look(const std::function<core::Status(store::Records&)>& at) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pipeline
