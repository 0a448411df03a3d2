#pragma once
#include <net/http_server.hpp>

#include <string>
#include <vector>

namespace net {

/// Chooses a handler by method and path. Patterns are segments: "/fhir/r4/{type}/{id}" captures one
/// segment each (never empty) into HttpRequest::params, a last "{rest...}" captures what remains
/// (it may be empty). A fixed segment wins over a capture, a capture over a rest, whatever the
/// order of adding. No match: 404; another method only: 405 with Allow. Thread: add everything
/// first; afterwards handle() from any.
class HttpRouter {
 public:
  void add(std::string method, std::string_view pattern, HttpHandler handler);

  /// The router must outlive the returned coroutine.
  Awaitable<HttpResponse> handle(HttpRequest request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    HttpHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace net
