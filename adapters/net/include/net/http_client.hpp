#pragma once
#include <net/byte_stream.hpp>
#include <net/http_message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace net {

/// An http(s) URL of the configuration, in parts.
struct HttpUrl {
  bool tls = false;
  std::string host;          ///< without brackets
  std::uint16_t port = 80;
  std::string path;          ///< "" or "/fhir", as written, no trailing slash

  /// kBadConfig for other schemes, user info, query, fragment, empty host, bad port, or characters
  /// that no URL has.
  static core::Result<HttpUrl> parse(std::string_view text);
  std::string host_header() const;   ///< "host", "host:8080", "[::1]:8080"
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_deadline{5'000};
  std::chrono::milliseconds write_deadline{30'000};
  std::chrono::milliseconds read_deadline{30'000};   ///< from the request's end to the answer's end
  std::chrono::milliseconds idle_max{50'000};        ///< an older idle connection is not used again
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = 16 * 1024 * 1024;
};

struct HttpCall {
  std::string method = "GET";
  std::string target = "/";          ///< path and query, encoded by the caller
  HttpPairs headers;                 ///< Host, Content-Length and Connection are added
  std::string_view body;             ///< must live until the answer is there
  /// The caller's word that sending it twice does no harm.
  bool idempotent = false;
};

/// Opens the connections of a client: connect_tcp, a TLS one, or memory in tests.
using HttpConnect = std::function<Awaitable<core::Result<std::shared_ptr<ByteStream>>>(
    std::string host, std::uint16_t port, std::chrono::milliseconds deadline)>;

/// One kept-alive connection to one origin. Follows no redirect, sends no cookie, takes no coding.
/// A kept connection which the server had closed meanwhile is replaced once, silently, when no byte
/// of an answer had come and the call is idempotent.
///
/// Errors: kUnreachable (cannot connect, connection lost, answer malformed), kTimeout,
/// kPayloadTooLarge. Any HTTP status is a value. After an error the next call connects anew.
/// Thread: one executor, one call at a time.
class HttpClient {
 public:
  /// `connect` empty: plain TCP.
  HttpClient(HttpUrl origin, HttpClientOptions options, HttpConnect connect = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  /// The client must outlive the returned coroutine.
  Awaitable<core::Result<HttpResponse>> request(HttpCall call);
  /// Ends a call in flight with kUnreachable, and the connection. From the executor only.
  void close();
  const HttpUrl& origin() const;
  std::size_t connections_opened() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace net
