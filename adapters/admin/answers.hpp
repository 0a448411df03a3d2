#pragma once
#include <core/clock.hpp>
#include <core/error.hpp>
#include <fhir/json.hpp>
#include <net/http_message.hpp>
#include <net/http_router.hpp>
#include <net/offload.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json_object.hpp"

/// What the answers of all admin routes are made of.
namespace admin {

inline net::HttpResponse json(std::string body) {
  net::HttpResponse response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

inline net::HttpResponse failure(const core::Error& error) {
  return net::http_failure(error.code, error.detail);
}

template <class Items, class Each>
std::string array(const Items& items, const Each& each) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += each(item);
  }
  return out + "]";
}

inline std::string strings(const std::vector<std::string>& items) {
  return array(items, [](const std::string& item) {
    std::string out;
    fhir::write_json_string(item, out);
    return out;
  });
}

inline void optional_time(JsonObject& object, std::string_view name,
                          const std::optional<core::Instant>& at) {
  if (at) {
    object.text(name, core::to_iso(*at));
  } else {
    object.null(name);
  }
}

/// A route whose answer, `answer(api, request)`, reads stores and so is made on `pool`. Both live
/// as long as the router.
template <class Api, class Answer>
void add_offloaded(net::HttpRouter& router, boost::asio::thread_pool& pool, const char* method,
                   const char* pattern, Api& api, Answer answer) {
  router.add(method, pattern,
             [&pool, &api,
              answer](net::HttpRequest request) -> net::Awaitable<net::HttpResponse> {
               auto work = [&] { return answer(api, request); };
               net::HttpResponse response = co_await net::offload(pool, work);
               co_return response;
             });
}

}  // namespace admin
