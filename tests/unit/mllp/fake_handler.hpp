#pragma once
#include <core/error.hpp>
#include <pipeline/inbound.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// "MSH|^~\&|A|B|C|D|20260101||ADT^A01|<id>|P|2.5.1\r" and, optionally, MSH-15, MSH-16.
inline std::string message(const std::string& id, const std::string& modes = "") {
  return "MSH|^~\\&|A|B|C|D|20260101||ADT^A01^ADT_A01|" + id + "|P|2.5.1" +
         (modes.empty() ? "" : "|||" + modes) + "\rPID|1||123\r";
}
inline std::string id_of(const std::string& bytes) {
  std::size_t at = 0;
  for (int field = 1; field < 10; ++field) {
    at = bytes.find('|', at);
    if (at == std::string::npos) return {};
    ++at;
  }
  return bytes.substr(at, bytes.find_first_of("|\r", at) - at);
}
inline std::string ack(const std::string& code, const std::string& id) {
  return "MSH|^~\\&|C|D|A|B|20260101||ACK|r" + id + "|P|2.5.1\rMSA|" + code + "|" + id + "\r";
}
/// "AA:17"
inline std::string code_and_id(const std::string& reply) {
  const auto msa = reply.find("\rMSA|");
  if (msa == std::string::npos) return reply;
  const std::string text = reply.substr(msa + 5, reply.find('\r', msa + 1) - msa - 5);
  return text.substr(0, 2) + ":" + (text.size() > 3 ? text.substr(3) : "");
}

/// Stands where the engine stands: AA to what begins with MSH, AR to the rest and to faults.
class FakeHandler final : public pipeline::InboundHandler {
 public:
  using Done = std::function<void(pipeline::Reply)>;

  void submit(pipeline::Inbound inbound, Done done) override {
    const bool good = inbound.bytes.starts_with("MSH|") || inbound.xml;
    pipeline::Reply reply = make(good, id_of(inbound.bytes));
    {
      std::lock_guard lock(mutex_);
      inbounds_.push_back(std::move(inbound));
    }
    give(std::move(reply), std::move(done));
  }
  void submit_fault(core::FeedName, std::string, core::Error fault, std::string prefix,
                    Done done) override {
    {
      std::lock_guard lock(mutex_);
      faults_.push_back(std::move(fault));
    }
    give(make(false, id_of(prefix)), std::move(done));
  }

  /// From now on replies wait for release().
  void hold() { holding_ = true; }
  /// Gives out what waits, the last first.
  void release() {
    holding_ = false;
    std::vector<std::pair<pipeline::Reply, Done>> held;
    {
      std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (auto it = held.rbegin(); it != held.rend(); ++it) it->second(std::move(it->first));
  }

  std::size_t received() const {
    std::lock_guard lock(mutex_);
    return inbounds_.size();
  }
  std::vector<pipeline::Inbound> inbounds() const {
    std::lock_guard lock(mutex_);
    return inbounds_;
  }
  std::vector<core::ErrorCode> faults() const {
    std::lock_guard lock(mutex_);
    std::vector<core::ErrorCode> codes;
    for (const core::Error& fault : faults_) codes.push_back(fault.code);
    return codes;
  }

  /// Changes each reply before it is given; set before anything is sent.
  std::function<void(pipeline::Reply&)> change;

 private:
  pipeline::Reply make(bool good, const std::string& id) const {
    pipeline::Reply reply;
    reply.messages.push_back(ack(good ? "AA" : "AR", id));
    reply.stored = good;
    if (change) change(reply);
    return reply;
  }
  void give(pipeline::Reply reply, Done done) {
    if (!holding_) return done(std::move(reply));
    std::lock_guard lock(mutex_);
    held_.emplace_back(std::move(reply), std::move(done));
  }

  mutable std::mutex mutex_;
  std::vector<pipeline::Inbound> inbounds_;
  std::vector<core::Error> faults_;
  std::vector<std::pair<pipeline::Reply, Done>> held_;
  std::atomic<bool> holding_{false};
};

}  // namespace test
