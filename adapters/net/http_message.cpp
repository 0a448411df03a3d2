#include <core/text.hpp>
#include <net/http_message.hpp>

#include <fmt/format.h>

#include <optional>

namespace net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Part { kPath, kQuery };

// One decoding, never a second: what "%252e" means is "%2e".
std::optional<std::string> percent_decode(std::string_view text, Part part) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    const bool encoded = c == '%';
    if (encoded) {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && part == Part::kQuery) {
      c = ' ';
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return std::nullopt;
    // A slash that appears only after decoding would move the borders between segments.
    if (part == Part::kPath && (c == '\\' || (encoded && c == '/'))) return std::nullopt;
    out += c;
  }
  if (!core::is_valid_utf8(out)) return std::nullopt;
  return out;
}

bool has_dot_segment(std::string_view path) {
  for (const std::string_view segment : core::split(path, '/')) {
    // ";" parameters are cut off as some servers do, so "..;x" counts as "..".
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return true;
  }
  return false;
}

bool decode_query(std::string_view text, HttpPairs& query) {
  if (text.empty()) return true;
  for (const std::string_view pair : core::split(text, '&')) {
    if (pair.empty()) continue;
    if (query.size() >= kHttpQueryPairsMax) return false;
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), Part::kQuery);
    auto value = equals == std::string_view::npos
                     ? std::optional<std::string>("")
                     : percent_decode(pair.substr(equals + 1), Part::kQuery);
    if (!name || !value) return false;
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

// A client that takes us for a proxy sends the whole URL (RFC 9112, 3.2.2): the path counts.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!core::iequals(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t slash = target.find_first_of("/?", scheme.size());
    if (slash == std::string_view::npos) return "/";
    return target[slash] == '/' ? target.substr(slash) : std::string_view{};
  }
  return target;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : core::scrub_utf8(text)) {
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string_view find_header(const HttpPairs& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (core::iequals(key, name)) return value;
  }
  return {};
}

std::string_view HttpRequest::param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

const std::string* HttpRequest::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view http_reason(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

HttpResponse http_failure(core::ErrorCode code, std::string_view detail) {
  const core::ErrorEntry& row = core::entry(code);
  HttpResponse out;
  out.status = row.http;
  out.content_type = "application/json";
  out.body =
      fmt::format(R"({{"error":{},"message":{})", json_text(row.slug), json_text(row.meaning));
  if (!detail.empty()) out.body += fmt::format(R"(,"detail":{})", json_text(detail));
  out.body += "}\n";
  return out;
}

bool decode_target(std::string_view target, std::string& path, HttpPairs& query) {
  path.clear();
  query.clear();
  if (target == "*") {
    path = "*";
    return true;
  }
  target = origin_form(target);
  if (target.empty() || target.front() != '/' || target.find('#') != std::string_view::npos) {
    return false;
  }
  const std::size_t mark = target.find('?');
  auto decoded = percent_decode(target.substr(0, mark), Part::kPath);
  if (!decoded || has_dot_segment(*decoded)) return false;
  path = std::move(*decoded);
  return mark == std::string_view::npos || decode_query(target.substr(mark + 1), query);
}

}  // namespace net
