#pragma once
#include <core/metrics.hpp>
#include <pipeline/config.hpp>
#include <pipeline/inbound.hpp>
#include <pipeline/knowledge.hpp>
#include <store/journal.hpp>

#include <memory>
#include <string>
#include <vector>

#include "apply_waiters.hpp"
#include "queries.hpp"
#include "replies.hpp"

namespace pipeline {

/// From bytes to a durable entry and its answer: decode, split batches, parse, check, journal,
/// reply.
/// Thread: any (the transports'); parsing runs on the caller, the answer on the append thread.
class Intake final : public InboundHandler {
 public:
  struct Parts {
    const EngineConfig* config;
    std::shared_ptr<const Knowledge> knowledge;
    store::Journal* journal;
    const core::Clock* clock;
    core::Metrics* metrics;
    ApplyWaiters* waiters;
    std::string config_hash;
  };
  explicit Intake(Parts parts);
  ~Intake() override;

  void submit(Inbound inbound, std::function<void(Reply)> done) override;
  void submit_fault(core::FeedName feed, std::string peer, core::Error fault, std::string prefix,
                    std::function<void(Reply)> done) override;

 private:
  struct FeedState;
  struct Item;
  struct Batch;
  using Done = std::function<void(Reply)>;

  FeedState* find(const core::FeedName& name);
  void submit_batch(FeedState& feed, const Inbound& inbound, const std::string& text, Done done);
  void submit_one(Item item, Done done);
  void store(Item item, Done done);
  void answer_query(const Item& item, const Done& done);
  void answer_stored(const Item& item, const store::Appended& appended, const Done& done);
  void answer_applied(const Item& item, const store::Appended& appended, const Done& done);
  void refuse(const Item& item, Verdict::Kind kind, const hl7::Issues& issues, const Done& done);
  void refuse_unreadable(FeedState& feed, const std::string& peer, std::string raw,
                         const core::Error& error, const Done& done);
  void quarantine(FeedState& feed, const std::string& peer, std::string raw,
                  const std::string& ack);
  Reply finish(FeedState& feed, std::vector<std::string> messages, bool stored, bool xml) const;

  Parts parts_;
  ControlIds ids_;
  ReplyBuilder replies_;
  Queries queries_;
  std::vector<std::unique_ptr<FeedState>> feeds_;
};

}  // namespace pipeline
