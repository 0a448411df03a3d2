#include "http_io.hpp"
#include "http_parser.hpp"

#include <core/log.hpp>
#include <core/text.hpp>
#include <net/http_server.hpp>

#include <fmt/format.h>

#include <array>
#include <exception>

namespace net {
namespace {

using detail::Deadline;
using detail::HttpBuffer;
using detail::HttpParser;
using detail::HttpRefusal;

// Up to here head and body go out as one write; beyond, copying costs more than a second call.
constexpr std::size_t kHttpJoinBytesMax = 64 * 1024;
// After a refusal the rest of what the client sends is read and forgotten, this much and this long,
// because closing on unread bytes resets the connection and may take the answer with it.
constexpr std::size_t kHttpLingerBytesMax = 1024 * 1024;
constexpr std::chrono::milliseconds kHttpLinger{500};

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string make_head(const HttpResponse& response, bool keep_alive) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, http_reason(response.status));
  if (!response.content_type.empty()) {
    detail::append_header(out, "Content-Type", response.content_type);
  }
  for (const auto& [name, value] : response.headers) detail::append_header(out, name, value);
  if (response.header("X-Content-Type-Options").empty()) {
    out += "X-Content-Type-Options: nosniff\r\n";
  }
  if (response.header("Cache-Control").empty()) out += "Cache-Control: no-store\r\n";
  if (has_body(response.status)) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  }
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return out;
}

HttpResponse refusal_answer(const HttpRefusal& why) {
  HttpResponse out;
  out.status = why.status;
  out.content_type = "application/json";
  out.body = fmt::format("{{\"error\":\"bad-request\",\"message\":\"{}\",\"detail\":\"{}\"}}\n",
                         http_reason(why.status), why.reason);
  return out;
}

}  // namespace

struct HttpServer::Impl {
  std::string name;
  HttpHandler handler;
  HttpLimits limits;
  core::Metrics& metrics;
  std::array<core::Counter*, 6> answered{};  ///< by hundreds of the status

  Impl(std::string n, HttpHandler h, HttpLimits l, core::Metrics& m)
      : name(std::move(n)), handler(std::move(h)), limits(l), metrics(m) {
    for (std::size_t i = 2; i < answered.size(); ++i) {
      answered[i] = &metrics.counter("chartwire_http_requests_total", "HTTP requests answered.",
                                     {{"listener", name}, {"code", fmt::format("{}xx", i)}});
    }
  }
  void count_refusal(std::string_view reason) {
    metrics
        .counter("chartwire_http_refused_total", "HTTP requests refused before any handler.",
                 {{"listener", name}, {"reason", std::string(reason)}})
        .add();
  }
};

namespace {

/// One connection's state: what was read, and what is being answered.
class Connection {
 public:
  Connection(HttpServer::Impl& server, std::shared_ptr<ByteStream> stream)
      : server_(server), stream_(std::move(stream)) {}

  Awaitable<void> run();

 private:
  enum class Got { kRequest, kRefused, kEnd };

  Awaitable<Got> read_request();
  Awaitable<Got> read_until(bool (HttpParser::*ready)() const, std::chrono::milliseconds limit,
                            std::string_view late);
  Awaitable<bool> skip_blank_lines();
  Awaitable<HttpResponse> call_handler();
  Awaitable<bool> answer(const HttpResponse& response);
  Awaitable<void> refuse(HttpRefusal why);

  HttpServer::Impl& server_;
  std::shared_ptr<ByteStream> stream_;
  HttpBuffer buffer_;
  std::unique_ptr<HttpParser> parser_;
  HttpRequest request_;
  HttpRefusal refusal_;
  bool head_only_ = false;
  bool keep_alive_ = false;
};

// Some clients end a body with an extra line end; RFC 9112, 2.2 says to overlook it.
Awaitable<bool> Connection::skip_blank_lines() {
  for (int skipped = 0; skipped < 3; ++skipped) {
    while (buffer_.empty() || buffer_.view() == "\r") {
      const core::Result<std::size_t> got =
          co_await buffer_.fill(*stream_, server_.limits.idle_deadline);
      if (!got || *got == 0) co_return false;
    }
    if (!buffer_.view().starts_with("\r\n")) break;
    buffer_.consume(2);
  }
  co_return true;
}

Awaitable<Connection::Got> Connection::read_until(bool (HttpParser::*ready)() const,
                                                  std::chrono::milliseconds limit,
                                                  std::string_view late) {
  const Deadline deadline(limit);
  while (true) {
    buffer_.consume(parser_->feed(buffer_.view()));
    if (parser_->refusal()) {
      refusal_ = *parser_->refusal();
      co_return Got::kRefused;
    }
    if ((*parser_.*ready)()) co_return Got::kRequest;
    if (deadline.passed()) {
      refusal_ = {408, late};
      co_return Got::kRefused;
    }
    const core::Result<std::size_t> got = co_await buffer_.fill(*stream_, deadline.left());
    if (!got && got.error().code == core::ErrorCode::kTimeout) server_.count_refusal(late);
    if (!got || *got == 0) co_return Got::kEnd;
  }
}

Awaitable<Connection::Got> Connection::read_request() {
  const HttpLimits& limits = server_.limits;
  keep_alive_ = false;
  head_only_ = false;
  parser_.reset();
  const bool begun = co_await skip_blank_lines();
  if (!begun) co_return Got::kEnd;
  parser_ = HttpParser::for_request({limits.header_bytes_max, limits.fields_max,
                                     limits.body_bytes_max, limits.chunk_extension_bytes_max});
  const Got head =
      co_await read_until(&HttpParser::head_done, limits.header_deadline, "header-timeout");
  if (head != Got::kRequest) co_return head;
  request_ = HttpRequest{};
  request_.method = parser_->method();
  request_.target = parser_->target();
  request_.peer = stream_->peer();
  head_only_ = request_.method == "HEAD";
  if (request_.target.size() > limits.target_bytes_max) {
    refusal_ = {414, "target-too-long"};
    co_return Got::kRefused;
  }
  if (!decode_target(request_.target, request_.path, request_.query)) {
    refusal_ = {400, "target"};
    co_return Got::kRefused;
  }
  if (parser_->expects_continue() && !parser_->done() && buffer_.empty()) {
    const core::Result<void> sent =
        co_await stream_->write_all("HTTP/1.1 100 Continue\r\n\r\n", limits.write_deadline);
    if (!sent) co_return Got::kEnd;
  }
  const Got body = co_await read_until(&HttpParser::done, limits.body_deadline, "body-timeout");
  if (body != Got::kRequest) co_return body;
  request_.headers = parser_->take_headers();
  request_.body = parser_->take_body();
  keep_alive_ = parser_->keep_alive();
  co_return Got::kRequest;
}

Awaitable<HttpResponse> Connection::call_handler() {
  std::string what;
  try {
    HttpResponse response = co_await server_.handler(std::move(request_));
    if (response.status >= 200 && response.status <= 599) co_return response;
    what = fmt::format("status {}", response.status);
  } catch (const std::exception& error) {
    what = error.what();
  }
  core::log_error("http-handler-failed", {{"listener", server_.name}, {"error", what}});
  keep_alive_ = false;
  co_return http_failure(core::ErrorCode::kInternal);
}

Awaitable<bool> Connection::answer(const HttpResponse& response) {
  server_.answered[static_cast<std::size_t>(response.status / 100)]->add();
  std::string head = make_head(response, keep_alive_);
  const bool with_body = has_body(response.status) && !head_only_ && !response.body.empty();
  const bool joined = with_body && response.body.size() <= kHttpJoinBytesMax;
  if (joined) head += response.body;
  const auto limit = server_.limits.write_deadline;
  core::Result<void> sent = co_await stream_->write_all(head, limit);
  if (sent && with_body && !joined) sent = co_await stream_->write_all(response.body, limit);
  co_return sent.has_value();
}

Awaitable<void> Connection::refuse(HttpRefusal why) {
  server_.count_refusal(why.reason);
  keep_alive_ = false;
  const HttpResponse response = refusal_answer(why);
  bool going_on = co_await answer(response);
  const Deadline deadline(kHttpLinger);
  std::size_t drained = 0;
  while (going_on && drained < kHttpLingerBytesMax && !deadline.passed()) {
    buffer_.clear();
    const core::Result<std::size_t> got = co_await buffer_.fill(*stream_, deadline.left());
    going_on = got.has_value() && *got > 0;
    drained += got.value_or(0);
  }
}

Awaitable<void> Connection::run() {
  for (std::size_t served = 1;; ++served) {
    const Got got = co_await read_request();
    if (got == Got::kRefused) co_await refuse(refusal_);
    if (got != Got::kRequest) break;
    if (served >= server_.limits.requests_per_connection_max) keep_alive_ = false;
    const HttpResponse response = co_await call_handler();
    const bool sent = co_await answer(response);
    if (!sent || !keep_alive_) break;
  }
  stream_->close();
}

}  // namespace

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

std::shared_ptr<HttpServer> HttpServer::create(std::string name, HttpHandler handler,
                                               HttpLimits limits, core::Metrics& metrics) {
  return std::make_shared<HttpServer>(
      std::make_unique<Impl>(std::move(name), std::move(handler), limits, metrics));
}

Awaitable<void> HttpServer::serve(std::shared_ptr<ByteStream> stream) {
  const std::shared_ptr<HttpServer> self = shared_from_this();
  Connection connection(*impl_, std::move(stream));
  co_await connection.run();
}

}  // namespace net
