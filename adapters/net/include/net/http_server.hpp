#pragma once
#include <core/metrics.hpp>
#include <net/byte_stream.hpp>
#include <net/http_message.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace net {

/// Answers a request. Runs on the connection's executor and must not block it. An exception is our
/// own bug: answered with 500, logged, and the connection closes.
using HttpHandler = std::function<Awaitable<HttpResponse>(HttpRequest)>;

struct HttpLimits {
  std::size_t header_bytes_max = 32 * 1024;       ///< request line and fields; beyond: 431
  std::size_t target_bytes_max = 8 * 1024;        ///< beyond: 414
  std::size_t fields_max = 100;                   ///< beyond: 431
  std::size_t body_bytes_max = 16 * 1024 * 1024;  ///< beyond: 413
  std::size_t chunk_extension_bytes_max = 256;    ///< of one chunk; beyond: 400
  std::size_t requests_per_connection_max = 1'000'000;
  std::chrono::milliseconds header_deadline{10'000};  ///< from its first byte to its end
  std::chrono::milliseconds body_deadline{60'000};    ///< from the header's end to the body's end
  std::chrono::milliseconds write_deadline{30'000};
  std::chrono::milliseconds idle_deadline{75'000};  ///< between requests
};

/// HTTP/1.1 over any ByteStream (RFC 9110, RFC 9112): keep-alive, pipelining (answered in order,
/// one at a time), chunked and counted bodies, Expect: 100-continue, HEAD answered by the GET
/// handler.
///
/// Refused with a 4xx and a closed connection, before any handler runs: bare CR or LF, folded or
/// spaced field names, control characters, versions other than 1.0 and 1.1, no or two Hosts, any
/// Transfer-Encoding but one plain "chunked" in 1.1, Transfer-Encoding beside Content-Length, odd
/// or repeated lengths, content codings, TRACE, CONNECT, method override fields, malformed targets.
/// No input gives a 5xx.
///
/// Metrics: chartwire_http_requests_total{listener,code="2xx"},
/// chartwire_http_refused_total{listener,reason}.
/// Thread: serve() once per connection on its executor; one server serves many at a time.
class HttpServer : public std::enable_shared_from_this<HttpServer> {
 public:
  /// `name` is the listener's, for metrics and log; `metrics` outlives the server.
  static std::shared_ptr<HttpServer> create(std::string name, HttpHandler handler,
                                            HttpLimits limits, core::Metrics& metrics);

  /// Serves one connection until either side closes it. Keeps the server alive meanwhile.
  Awaitable<void> serve(std::shared_ptr<ByteStream> stream);

  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  ~HttpServer();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace net
