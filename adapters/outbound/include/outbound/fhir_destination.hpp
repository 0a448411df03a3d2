#pragma once
#include <core/clock.hpp>
#include <net/http_client.hpp>
#include <net/runtime.hpp>
#include <pipeline/destination.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace outbound {

inline constexpr std::size_t kFhirConnectionsMax = 256;
inline constexpr std::size_t kFhirPendingMax = 100'000;
inline constexpr std::chrono::hours kRetryAfterMax{24};

struct FhirDestinationOptions {
  std::string name;                  ///< from the configuration; in the log
  std::string url;                   ///< FHIR base, "http://127.0.0.1:9090/fhir"
  std::size_t connections = 16;      ///< 1 .. kFhirConnectionsMax; as many Bundles are in flight
  net::HttpClientOptions http;
  net::HttpPairs headers;            ///< added to each request (credentials)
  net::HttpConnect connect;          ///< empty: plain TCP; needed for https
  bool plaintext_off_loopback = false;  ///< patients' data leave unencrypted: the operator said so
};

/// A FHIR server as a destination: one POST of a transaction Bundle to the base URL for each
/// delivery (http://hl7.org/fhir/R4/http.html#transaction), with X-Chartwire-Sequence and
/// traceparent. The Bundle holds PUTs, so sending it twice does no harm.
///
/// Deliveries wait for a free connection in the order they came; a delivery whose connection breaks
/// is transient, and what of the order must be kept then is the caller's to keep.
/// Thread: deliver() and close() from any. `done` runs on an io thread, on the caller's when
/// refused at once. The destructor waits for deliveries in flight: not from an io thread. Runtime
/// and clock outlive it.
class FhirDestination final : public pipeline::Destination {
 public:
  /// kBadConfig: URL, connections, https without `connect`. kRefusedByPolicy: plain http off
  /// loopback without the switch, link-local addresses (cloud metadata).
  static core::Result<std::unique_ptr<FhirDestination>> create(net::Runtime& runtime,
                                                               const core::Clock& clock,
                                                               FhirDestinationOptions options);
  ~FhirDestination() override;

  void deliver(pipeline::Delivery delivery,
               std::function<void(pipeline::DeliveryOutcome)> done) override;
  void close() override;

  struct State;

 private:
  explicit FhirDestination(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

/// What an answer means. Delivered: 2xx; a 200 with a body must be a Bundle whose entries all went
/// well, else it came from something that is no FHIR server (transient) or an entry was refused.
/// Transient: 3xx (not followed), 408, 425, 429, 5xx, with Retry-After. Permanent: other 4xx.
pipeline::DeliveryOutcome classify(const net::HttpResponse& response, core::Instant now);

/// Retry-After (RFC 9110, 10.2.3): seconds, or a date in any of the three forms of HTTP; never
/// negative, never above kRetryAfterMax; nullopt when absent or unreadable.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           core::Instant now);

}  // namespace outbound
