#pragma once
#include <core/error.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net {

/// Header fields, query pairs and path parameters: in their order, repetitions kept.
using HttpPairs = std::vector<std::pair<std::string, std::string>>;

/// The first value of a field, its name compared without case; empty when absent.
std::string_view find_header(const HttpPairs& headers, std::string_view name);

/// A request as a handler sees it: complete, framed unambiguously (RFC 9112), decoded once.
/// Value type; the handler owns it.
struct HttpRequest {
  std::string method;  ///< upper case as written: "GET"
  std::string target;  ///< as it came; never log it: a query may name a patient
  std::string path;    ///< percent-decoded, valid UTF-8, no control characters, no "." or ".."
  HttpPairs query;     ///< decoded ("+" is a space), in written order
  HttpPairs headers;
  HttpPairs params;  ///< what the router's pattern captured
  std::string body;
  std::string peer;  ///< "127.0.0.1:51234"

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
  /// @return the captured part of the path, empty when the pattern has no such name.
  std::string_view param(std::string_view name) const;
  /// @return the first query value of that name or nullptr.
  const std::string* query_value(std::string_view name) const;
};

/// An answer, given by a handler or received by a client. Content-Length, Connection and, unless
/// the handler set them, X-Content-Type-Options: nosniff and Cache-Control: no-store are added by
/// the server.
struct HttpResponse {
  int status = 200;
  HttpPairs headers;
  std::string content_type;
  std::string body;

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

/// "Not Found" for 404; "Status" for one not in the table.
std::string_view http_reason(int status);

/// The answer to a failure: its catalogue status and
/// {"error":"slug","message":"...","detail":"..."}. `detail` reaches the client, so it may hold no
/// internals and no patient data.
HttpResponse http_failure(core::ErrorCode code, std::string_view detail = {});

/// Splits and decodes a request target. @return false when it is malformed: bad percent encoding,
/// encoded slash or control character, backslash, dot segment, not UTF-8, too many query pairs.
bool decode_target(std::string_view target, std::string& path, HttpPairs& query);

inline constexpr std::size_t kHttpQueryPairsMax = 200;

}  // namespace net
