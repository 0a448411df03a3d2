#include <core/text.hpp>
#include <net/http_router.hpp>

#include <algorithm>

namespace net {
namespace {

bool is_capture(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) { return is_capture(segment) && segment.ends_with("...}"); }

// Smaller is more exact, compared segment by segment.
int looseness(std::string_view segment) {
  return is_rest(segment) ? 2 : is_capture(segment) ? 1 : 0;
}

bool more_exact(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const std::size_t both = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (looseness(a[i]) != looseness(b[i])) return looseness(a[i]) < looseness(b[i]);
  }
  return a.size() > b.size();
}

bool match(const std::vector<std::string>& pattern, std::string_view path, HttpPairs& params) {
  params.clear();
  if (path.empty() || path.front() != '/') return false;
  std::string_view rest = path.substr(1);
  bool ended = false;   // whether the path's last segment is used up
  for (const std::string& segment : pattern) {
    if (is_rest(segment)) {
      params.emplace_back(segment.substr(1, segment.size() - 5), ended ? "" : std::string(rest));
      return true;
    }
    if (ended) return false;
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (is_capture(segment)) {
      if (part.empty()) return false;
      params.emplace_back(segment.substr(1, segment.size() - 2), std::string(part));
    } else if (part != segment) {
      return false;
    }
    ended = slash == std::string_view::npos;
    if (!ended) rest.remove_prefix(slash + 1);
  }
  return ended;
}

}  // namespace

void HttpRouter::add(std::string method, std::string_view pattern, HttpHandler handler) {
  Route route{std::move(method), {}, std::move(handler)};
  if (pattern.starts_with('/')) pattern.remove_prefix(1);
  for (const std::string_view segment : core::split(pattern, '/')) {
    route.segments.emplace_back(segment);
  }
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&](const Route& other) {
    return more_exact(route.segments, other.segments);
  });
  routes_.insert(at, std::move(route));
}

Awaitable<HttpResponse> HttpRouter::handle(HttpRequest request) const {
  const std::string wanted = request.method == "HEAD" ? std::string("GET") : request.method;
  const Route* found = nullptr;
  std::string allowed;
  HttpPairs params;
  for (const Route& route : routes_) {
    if (!match(route.segments, request.path, params)) continue;
    if (route.method == wanted) {
      found = &route;
      break;
    }
    if (allowed.find(route.method) == std::string::npos) {
      allowed.append(allowed.empty() ? "" : ", ").append(route.method);
    }
  }
  if (found) {
    request.params = std::move(params);
    HttpResponse response = co_await found->handler(std::move(request));
    co_return response;
  }
  if (allowed.empty()) co_return http_failure(core::ErrorCode::kNotFound);
  HttpResponse response = http_failure(core::ErrorCode::kMethodNotAllowed);
  response.headers.emplace_back("Allow", allowed);
  co_return response;
}

}  // namespace net
