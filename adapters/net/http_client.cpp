#include "http_io.hpp"
#include "http_parser.hpp"

#include <core/text.hpp>
#include <net/http_client.hpp>
#include <net/tcp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace net {
namespace {

using detail::Deadline;
using detail::HttpBuffer;
using detail::HttpParser;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kHttpJoinBytesMax = 64 * 1024;
constexpr int kInterimAnswersMax = 8;
constexpr std::size_t kResponseFieldsMax = 200;

tl::unexpected<core::Error> bad_url(const char* why) {
  return core::fail(core::ErrorCode::kBadConfig, why);
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}
bool is_path_char(char c) {
  return c > 0x20 && c < 0x7F &&
         std::string_view("\"<>\\^`{|}?#").find(c) == std::string_view::npos;
}

// Takes "host", "host:port" or "[v6]:port" apart; false when it is none of them.
bool take_authority(std::string_view text, HttpUrl& out) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    out.host = text.substr(1, end - 1);
    if (out.host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) return false;
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':') return false;
    port = text.empty() ? text : text.substr(1);
    if (!text.empty() && port.empty()) return false;
  } else {
    const std::size_t colon = text.find(':');
    out.host = core::ascii_lower(text.substr(0, colon));
    if (out.host.empty() || !std::all_of(out.host.begin(), out.host.end(), is_host_char)) {
      return false;
    }
    if (colon != std::string_view::npos) {
      port = text.substr(colon + 1);
      if (port.empty()) return false;
    }
  }
  if (port.empty()) return true;
  const auto number = core::to_int(port);
  if (!number || *number < 1 || *number > 65535) return false;
  out.port = static_cast<std::uint16_t>(*number);
  return true;
}

core::Error lost(const HttpUrl& origin, core::ErrorCode code, std::string detail) {
  return {code, std::move(detail), origin.host_header()};
}

}  // namespace

core::Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  HttpUrl out;
  if (core::iequals(text.substr(0, 7), "http://")) {
    text.remove_prefix(7);
  } else if (core::iequals(text.substr(0, 8), "https://")) {
    text.remove_prefix(8);
    out.tls = true;
    out.port = 443;
  } else {
    return bad_url("a URL begins with http:// or https://");
  }
  const std::size_t slash = text.find_first_of("/?#");
  const std::string_view authority = text.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) return bad_url("a URL may not hold a user");
  if (!take_authority(authority, out)) return bad_url("the URL's host or port is wrong");
  if (slash != std::string_view::npos) {
    std::string_view path = text.substr(slash);
    if (path.find_first_of("?#") != std::string_view::npos) {
      return bad_url("a base URL has no query and no fragment");
    }
    if (!std::all_of(path.begin(), path.end(), is_path_char)) {
      return bad_url("the URL's path holds a character to be percent-encoded");
    }
    while (path.ends_with('/')) path.remove_suffix(1);
    out.path = path;
  }
  return out;
}

std::string HttpUrl::host_header() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

struct HttpClient::Impl {
  HttpUrl origin;
  HttpClientOptions options;
  HttpConnect connect;
  std::shared_ptr<ByteStream> stream;
  HttpBuffer buffer;
  Clock::time_point idle_since{};
  std::size_t opened = 0;
  bool closed_by_us = false;

  /// What one try came to. `untouched`: the server had closed the kept connection before a byte.
  struct Try {
    core::Result<HttpResponse> result;
    bool untouched = false;
  };

  void drop() {
    if (stream) stream->close();
    stream.reset();
    buffer.clear();
  }
  std::string make_head(const HttpCall& call) const;
  Awaitable<core::Result<void>> open();
  Awaitable<Try> attempt(const HttpCall& call, bool reused);
  Awaitable<Try> receive(bool head_only);
  Awaitable<core::Result<void>> send(const HttpCall& call);
};

std::string HttpClient::Impl::make_head(const HttpCall& call) const {
  std::string out;
  out.reserve(512 + (call.body.size() <= kHttpJoinBytesMax ? call.body.size() : 0));
  out.append(call.method).append(" ").append(call.target).append(" HTTP/1.1\r\n");
  detail::append_header(out, "Host", origin.host_header());
  for (const auto& [name, value] : call.headers) detail::append_header(out, name, value);
  if (!call.body.empty() || (call.method != "GET" && call.method != "HEAD")) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", call.body.size());
  }
  out += "\r\n";
  return out;
}

Awaitable<core::Result<void>> HttpClient::Impl::open() {
  core::Result<std::shared_ptr<ByteStream>> made =
      co_await connect(origin.host, origin.port, options.connect_deadline);
  if (!made) co_return core::fail(std::move(made.error()));
  if (closed_by_us) {
    (*made)->close();
    co_return core::fail(lost(origin, core::ErrorCode::kUnreachable, "closed"));
  }
  stream = std::move(*made);
  ++opened;
  co_return core::Result<void>{};
}

Awaitable<core::Result<void>> HttpClient::Impl::send(const HttpCall& call) {
  std::string head = make_head(call);
  const bool joined = call.body.size() <= kHttpJoinBytesMax;
  if (joined) head += call.body;
  const std::shared_ptr<ByteStream> kept = stream;
  core::Result<void> sent = co_await kept->write_all(head, options.write_deadline);
  if (sent && !joined) sent = co_await kept->write_all(call.body, options.write_deadline);
  co_return sent;
}

Awaitable<HttpClient::Impl::Try> HttpClient::Impl::receive(bool head_only) {
  using core::ErrorCode;
  const std::shared_ptr<ByteStream> kept = stream;
  const Deadline deadline(options.read_deadline);
  std::unique_ptr<HttpParser> parser;
  bool any = false;
  const auto failed = [&](ErrorCode code, std::string detail) {
    return Try{core::fail(lost(origin, code, std::move(detail))), !any};
  };
  for (int interim = 0; interim <= kInterimAnswersMax; ++interim) {
    parser = HttpParser::for_response({options.header_bytes_max, kResponseFieldsMax,
                                       options.body_bytes_max, options.header_bytes_max},
                                      head_only);
    while (!parser->done()) {
      buffer.consume(parser->feed(buffer.view()));
      if (const auto* refusal = parser->refusal()) {
        co_return refusal->status == 413
            ? failed(ErrorCode::kPayloadTooLarge, "answer too large")
            : failed(ErrorCode::kUnreachable, fmt::format("malformed answer: {}", refusal->reason));
      }
      if (parser->done()) break;
      if (deadline.passed()) co_return failed(ErrorCode::kTimeout, "no answer in time");
      const core::Result<std::size_t> got = co_await buffer.fill(*kept, deadline.left());
      if (!got && got.error().code == ErrorCode::kTimeout) {
        any = true;  // a silent server is no closed connection
        co_return failed(ErrorCode::kTimeout, "no answer in time");
      }
      if (!got || *got == 0) {
        if (got && parser->feed_eof()) break;
        co_return failed(ErrorCode::kUnreachable, "connection closed before the answer's end");
      }
      any = true;
    }
    if (parser->status() >= 200) break;
  }
  if (parser->status() < 200) co_return failed(ErrorCode::kUnreachable, "only interim answers");
  HttpResponse response;
  response.status = parser->status();
  response.headers = parser->take_headers();
  response.content_type = std::string(response.header("Content-Type"));
  response.body = parser->take_body();
  // Bytes behind the answer belong to no request of ours: such a connection is not trusted again.
  if (!parser->keep_alive() || !buffer.empty() || kept->closed()) drop();
  idle_since = Clock::now();
  co_return Try{std::move(response), false};
}

Awaitable<HttpClient::Impl::Try> HttpClient::Impl::attempt(const HttpCall& call, bool reused) {
  const core::Result<void> sent = co_await send(call);
  if (!sent) {
    // The answer (say, 413) may be there although the body no longer went out; a kept connection
    // that fails at once was closed meanwhile.
    const bool timeout = sent.error().code == core::ErrorCode::kTimeout;
    drop();
    co_return Try{core::fail(lost(origin, sent.error().code, sent.error().detail)),
                  reused && !timeout};
  }
  Try got = co_await receive(call.method == "HEAD");
  got.untouched = got.untouched && reused;
  if (!got.result) drop();
  co_return got;
}

HttpClient::HttpClient(HttpUrl origin, HttpClientOptions options, HttpConnect connect)
    : impl_(std::make_unique<Impl>()) {
  impl_->origin = std::move(origin);
  impl_->options = options;
  impl_->connect = connect ? std::move(connect) : HttpConnect(connect_tcp);
}
HttpClient::~HttpClient() {
  if (impl_) impl_->drop();
}
HttpClient::HttpClient(HttpClient&&) noexcept = default;

Awaitable<core::Result<HttpResponse>> HttpClient::request(HttpCall call) {
  Impl& my = *impl_;
  my.closed_by_us = false;
  if (my.stream && (my.stream->closed() || Clock::now() - my.idle_since > my.options.idle_max)) {
    my.drop();
  }
  bool reused = my.stream != nullptr;
  if (!reused) {
    core::Result<void> opened = co_await my.open();
    if (!opened) co_return core::fail(std::move(opened.error()));
  }
  Impl::Try got = co_await my.attempt(call, reused);
  if (!got.result && got.untouched && call.idempotent && !my.closed_by_us) {
    core::Result<void> opened = co_await my.open();
    if (!opened) co_return core::fail(std::move(opened.error()));
    got = co_await my.attempt(call, false);
  }
  co_return std::move(got.result);
}

void HttpClient::close() {
  impl_->closed_by_us = true;
  impl_->drop();
}

const HttpUrl& HttpClient::origin() const { return impl_->origin; }
std::size_t HttpClient::connections_opened() const { return impl_->opened; }

}  // namespace net
