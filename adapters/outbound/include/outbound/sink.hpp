#pragma once
#include <core/clock.hpp>
#include <core/metrics.hpp>
#include <net/listener.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace outbound {

/// How a sink misbehaves on purpose. Rates are shares of the requests that would change something.
struct SinkFaults {
  double fail_rate = 0;            ///< 0..1, answered with fail_status and not accepted
  int fail_status = 503;           ///< 400..599
  std::uint64_t fail_first = 0;    ///< the first n requests fail whatever the rate
  std::string retry_after;         ///< sent with failures when not empty, as written
  std::string reject_text;         ///< a request that contains it gets 422, always (poison)
  std::chrono::milliseconds delay{0};   ///< before each answer
};

struct SinkOptions {
  std::string bind = "127.0.0.1";
  std::uint16_t port = 0;                       ///< 0: the system chooses
  std::string base = "/fhir";                   ///< no trailing slash; "" = root
  std::size_t resources_max = 100'000;          ///< kept in memory; older ones make room
  std::size_t resource_bytes_max = 256u << 20;  ///< of all kept ones together
  std::size_t body_bytes_max = 64u << 20;       ///< of one request
  std::uint32_t seed = 1;                       ///< of the fail rate
  SinkFaults faults;
};

struct SinkStats {
  std::uint64_t requests = 0;         ///< that would change something, failed ones included
  std::uint64_t transactions = 0;     ///< accepted
  std::uint64_t entries = 0;          ///< in them, and single writes
  std::uint64_t created = 0, updated = 0, unchanged = 0, deleted = 0;
  std::uint64_t refused = 0;          ///< malformed: 4xx
  std::uint64_t failed = 0;           ///< on purpose
  std::uint64_t bytes = 0;            ///< of accepted bodies
  std::uint64_t evicted = 0;          ///< resources that made room
  std::uint64_t last_sequence = 0;    ///< highest X-Chartwire-Sequence
  std::size_t kept = 0;
  std::map<std::string, std::uint64_t> received_by_type;
  std::map<std::string, std::uint64_t> kept_by_type;

  std::string json() const;           ///< one line
};

/// `chartwire sink`: a receiving end that takes FHIR transactions and shows what came. It is a
/// demonstration and a test double, not a repository: nothing is validated beyond what storing by
/// type and id needs, nothing is searched, nothing outlives it.
///
///   POST {base}               transaction Bundle of PUT Type/id, POST Type, DELETE Type/id
///   POST {base}/Type          PUT, GET, DELETE {base}/Type/id
///   GET {base}/Type           the newest 20 of that type as a searchset
///   GET {base}/metadata       a small CapabilityStatement that says what this is
///   GET /stats                SinkStats as JSON
///
/// A resource sent again with the same text keeps its version. A transaction is taken as a whole
/// or refused as a whole (400 with an OperationOutcome). Thread: any but the io threads.
class Sink {
 public:
  static core::Result<std::unique_ptr<Sink>> open(net::Runtime& runtime, core::Metrics& metrics,
                                                  const core::Clock& clock, SinkOptions options);
  ~Sink();   ///< stop() without grace

  void stop(std::chrono::milliseconds grace);
  /// Down: the port is closed and connections are cut. Up again: the same port, all data kept.
  core::Status set_down(bool down);
  void set_faults(SinkFaults faults);
  SinkStats stats() const;
  std::uint16_t port() const;
  /// The kept text of a resource as it came; empty when there is none.
  std::string resource(const std::string& type, const std::string& id) const;

  struct Impl;

 private:
  explicit Sink(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace outbound
