#pragma once
#include <net/http_message.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace net::detail {

/// Why a message is refused: what to answer and what to count.
struct HttpRefusal {
  int status = 400;
  std::string_view reason;  ///< kebab-case, fixed
};

struct HttpParserLimits {
  std::size_t header_bytes_max;
  std::size_t fields_max;
  std::size_t body_bytes_max;
  std::size_t chunk_extension_bytes_max;
};

/// One HTTP message, fed piecewise. Beast does the reading; what Beast 1.81 lets pass and should
/// not (reliability: odd Transfer-Encoding, folded lines, long chunk extensions, doubled Host or
/// length) is checked here before and after it.
/// Thread: one at a time. Errors are final.
class HttpParser {
 public:
  static std::unique_ptr<HttpParser> for_request(const HttpParserLimits& limits);
  /// `no_body`: the answer to a HEAD.
  static std::unique_ptr<HttpParser> for_response(const HttpParserLimits& limits, bool no_body);
  virtual ~HttpParser() = default;

  /// Takes what it can. @return bytes consumed; the rest is to be offered again with more behind.
  virtual std::size_t feed(std::string_view bytes) = 0;
  /// The stream ended. @return whether the message is complete by that.
  virtual bool feed_eof() = 0;

  virtual bool head_done() const = 0;
  virtual bool done() const = 0;
  /// Set when the message is refused.
  const HttpRefusal* refusal() const { return refused_ ? &refusal_ : nullptr; }

  // Valid once head_done():
  virtual bool keep_alive() const = 0;
  virtual bool expects_continue() const = 0;
  virtual int status() const = 0;          ///< of a response
  virtual std::string method() const = 0;  ///< of a request
  virtual std::string target() const = 0;
  virtual HttpPairs take_headers() = 0;
  virtual std::string take_body() = 0;  ///< once done()

 protected:
  void refuse(int status, std::string_view reason) {
    refused_ = true;
    refusal_ = {status, reason};
  }

 private:
  bool refused_ = false;
  HttpRefusal refusal_;
};

/// The line discipline of a head, up to and with its empty line: every line ends in CRLF, no
/// control characters, no folding, no space before a colon. Empty reason = good.
HttpRefusal check_head_bytes(std::string_view head);

}  // namespace net::detail
