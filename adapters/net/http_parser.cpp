#include "http_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <core/text.hpp>

#include <algorithm>
#include <functional>
#include <type_traits>

namespace net::detail {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

// What may stay unread between two feeds of a body: a chunk's head, or the trailer as a whole.
constexpr std::size_t kChunkHeadBytesMax = 8 * 1024;
constexpr std::size_t kMethodBytesMax = 20;

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_bad_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\r' && c != '\n' && c != '\t') || byte == 0x7F;
}

std::size_t count_of(const HttpPairs& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](auto& pair) { return core::iequals(pair.first, name); }));
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 260 && std::all_of(host.begin(), host.end(), [](char c) {
    return is_token_char(c) ? std::string_view("!#$%&'*+^`|~").find(c) == std::string_view::npos
                            : c == ':' || c == '[' || c == ']';
  });
}

bool is_length(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// RFC 9112 section 6: exactly one way to find the end of the body, or none of it is believed.
HttpRefusal check_framing(const HttpPairs& headers, unsigned version) {
  const std::size_t codings = count_of(headers, "Transfer-Encoding");
  const std::size_t lengths = count_of(headers, "Content-Length");
  if (codings > 0) {
    if (version < 11) return {400, "transfer-encoding-in-1.0"};
    if (codings > 1 || !core::iequals(find_header(headers, "Transfer-Encoding"), "chunked")) {
      return {400, "transfer-encoding"};
    }
    if (lengths > 0) return {400, "transfer-encoding-and-length"};
  }
  if (lengths > 1) return {400, "content-length"};
  if (lengths == 1 && !is_length(find_header(headers, "Content-Length"))) {
    return {400, "content-length"};
  }
  return {0, {}};
}

HttpRefusal check_request_fields(const HttpPairs& headers, std::string_view method,
                                 unsigned version) {
  if (method == "TRACE" || method == "TRACK" || method == "CONNECT") return {405, "method"};
  const HttpRefusal framing = check_framing(headers, version);
  if (!framing.reason.empty()) return framing;
  const std::size_t hosts = count_of(headers, "Host");
  if (hosts > 1 || (version == 11 && hosts == 0)) return {400, "host"};
  if (hosts == 1 && !is_host(find_header(headers, "Host"))) return {400, "host"};
  const std::string_view coding = find_header(headers, "Content-Encoding");
  if (!coding.empty() && !core::iequals(coding, "identity")) return {415, "content-encoding"};
  const std::string_view expect = find_header(headers, "Expect");
  if (!expect.empty() && !core::iequals(expect, "100-continue")) return {417, "expect"};
  for (const char* name : {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}) {
    if (count_of(headers, name) > 0) return {400, "method-override"};
  }
  return {0, {}};
}

// "METHOD SP target SP HTTP/1.x", one space each.
HttpRefusal check_request_line(std::string_view line) {
  const auto parts = core::split(line, ' ');
  if (parts.size() != 3) return {400, "request-line"};
  const auto upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; };
  if (parts[0].empty() || parts[0].size() > kMethodBytesMax ||
      !std::all_of(parts[0].begin(), parts[0].end(), upper)) {
    return {400, "method"};
  }
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F; };
  if (parts[1].empty() || !std::all_of(parts[1].begin(), parts[1].end(), visible)) {
    return {400, "target"};
  }
  if (parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0") return {400, "version"};
  return {0, {}};
}

HttpRefusal refusal_of(const error_code& error) {
  if (error == http::error::body_limit) return {413, "body-too-large"};
  if (error == http::error::header_limit) return {431, "header-too-large"};
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension) {
    return {400, "chunk"};
  }
  return {400, "malformed"};
}

template <bool kIsRequest>
class BeastParser final : public HttpParser {
 public:
  BeastParser(const HttpParserLimits& limits, bool no_body) : limits_(limits) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    parser_.body_limit(limits.body_bytes_max);
    parser_.skip(no_body);
    parser_.on_chunk_header(chunk_header_);
  }

  std::size_t feed(std::string_view bytes) override {
    std::size_t consumed = 0;
    if (!head_done()) {
      consumed = feed_head(bytes);
      if (!head_done() || refusal()) return consumed;
    }
    while (!parser_.is_done() && consumed < bytes.size()) {
      error_code error;
      const std::string_view rest = bytes.substr(consumed);
      const std::size_t took = parser_.put(boost::asio::buffer(rest.data(), rest.size()), error);
      consumed += took;
      if (error && error != http::error::need_more) {
        refuse_with(refusal_of(error));
        break;
      }
      if (took == 0) {
        if (rest.size() > kChunkHeadBytesMax) refuse(400, "chunk");
        break;
      }
    }
    return consumed;
  }

  bool feed_eof() override {
    if (!head_done() || refusal()) return false;
    error_code error;
    if (!parser_.is_done()) parser_.put_eof(error);
    return !error && parser_.is_done();
  }

  bool head_done() const override { return parser_.is_header_done(); }
  bool done() const override { return parser_.is_done() && !refusal(); }
  bool keep_alive() const override { return keep_alive_; }
  bool expects_continue() const override {
    return core::iequals(find_header(headers_, "Expect"), "100-continue");
  }
  int status() const override {
    if constexpr (kIsRequest)
      return 0;
    else
      return static_cast<int>(parser_.get().result_int());
  }
  std::string method() const override {
    if constexpr (kIsRequest)
      return std::string(parser_.get().method_string());
    else
      return {};
  }
  std::string target() const override {
    if constexpr (kIsRequest)
      return std::string(parser_.get().target());
    else
      return {};
  }
  HttpPairs take_headers() override { return std::move(headers_); }
  std::string take_body() override { return std::move(parser_.get().body()); }

 private:
  void refuse_with(const HttpRefusal& why) { refuse(why.status, why.reason); }

  // Waits for the whole head, refusing what can be refused before its end, then lets Beast read it.
  std::size_t feed_head(std::string_view bytes) {
    if (refusal() || !look_at_new(bytes)) return 0;
    const std::size_t from = scanned_ < 3 ? 0 : scanned_ - 3;
    const std::size_t end = bytes.find("\r\n\r\n", from);
    scanned_ = bytes.size();
    if (end == std::string_view::npos ? bytes.size() > limits_.header_bytes_max
                                      : end + 4 > limits_.header_bytes_max) {
      refuse(431, "header-too-large");
      return 0;
    }
    if (end == std::string_view::npos) return 0;
    const std::string_view head = bytes.substr(0, end + 4);
    const HttpRefusal bytes_refused = check_head_bytes(head);
    if (!bytes_refused.reason.empty()) {
      refuse_with(bytes_refused);
      return 0;
    }
    error_code error;
    const std::size_t took = parser_.put(boost::asio::buffer(head.data(), head.size()), error);
    if (error && error != http::error::need_more) {
      refuse_with(refusal_of(error));
      return took;
    }
    if (!parser_.is_header_done()) {
      refuse(400, "malformed");
      return took;
    }
    take_head();
    return took;
  }

  bool look_at_new(std::string_view bytes) {
    const std::string_view fresh = bytes.substr(std::min(scanned_, bytes.size()));
    if (std::any_of(fresh.begin(), fresh.end(), is_bad_control)) {
      refuse(400, "control-character");
      return false;
    }
    if (!kIsRequest || line_checked_) return true;
    if (!bytes.empty() && !(bytes.front() >= 'A' && bytes.front() <= 'Z')) {
      refuse(400, "method");
      return false;
    }
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return true;
    line_checked_ = true;
    const bool crlf = end > 0 && bytes[end - 1] == '\r';
    const HttpRefusal line =
        crlf ? check_request_line(bytes.substr(0, end - 1)) : HttpRefusal{400, "bare-lf"};
    if (!line.reason.empty()) refuse_with(line);
    return line.reason.empty();
  }

  void take_head() {
    // Copied now: Beast adds the trailer's fields to the same list later, and those are not heard.
    for (const auto& field : parser_.get()) {
      headers_.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    keep_alive_ = parser_.get().keep_alive();
    if (headers_.size() > limits_.fields_max) return refuse(431, "too-many-fields");
    const unsigned version = parser_.get().version();
    HttpRefusal refused;
    if constexpr (kIsRequest) {
      refused = check_request_fields(headers_, method(), version);
    } else {
      refused = check_framing(headers_, version);
    }
    if (!refused.reason.empty()) refuse_with(refused);
  }

  const HttpParserLimits limits_;
  http::parser<kIsRequest, http::string_body> parser_;
  std::function<void(std::uint64_t, boost::beast::string_view, error_code&)> chunk_header_ =
      [this](std::uint64_t, boost::beast::string_view extensions, error_code& error) {
        if (extensions.size() > limits_.chunk_extension_bytes_max) {
          error = http::error::bad_chunk_extension;
        }
      };
  HttpPairs headers_;
  std::size_t scanned_ = 0;
  bool line_checked_ = false;
  bool keep_alive_ = false;
};

}  // namespace

HttpRefusal check_head_bytes(std::string_view head) {
  std::size_t line_start = 0;
  while (line_start < head.size()) {
    const std::size_t end = head.find('\n', line_start);
    if (end == std::string_view::npos) return {400, "bare-cr"};
    if (end == line_start || head[end - 1] != '\r') return {400, "bare-lf"};
    const std::string_view line = head.substr(line_start, end - 1 - line_start);
    if (line.find('\r') != std::string_view::npos) return {400, "bare-cr"};
    if (std::any_of(line.begin(), line.end(), is_bad_control)) return {400, "control-character"};
    if (line_start > 0 && !line.empty()) {
      if (line.front() == ' ' || line.front() == '\t') return {400, "folded-field"};
      const std::string_view name = line.substr(0, line.find(':'));
      if (name.empty() || name.size() == line.size() ||
          !std::all_of(name.begin(), name.end(), is_token_char)) {
        return {400, "field-name"};
      }
    }
    line_start = end + 1;
  }
  return {0, {}};
}

std::unique_ptr<HttpParser> HttpParser::for_request(const HttpParserLimits& limits) {
  return std::make_unique<BeastParser<true>>(limits, false);
}

std::unique_ptr<HttpParser> HttpParser::for_response(const HttpParserLimits& limits, bool no_body) {
  return std::make_unique<BeastParser<false>>(limits, no_body);
}

}  // namespace net::detail
