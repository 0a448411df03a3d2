#include <hl7http/endpoint.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <core/text.hpp>

#include <algorithm>
#include <memory>

namespace hl7http {
namespace {

using core::ErrorCode;
using net::HttpRequest;
using net::HttpResponse;

/// Hands a message in and comes back on the caller's executor with the reply.
net::Awaitable<pipeline::Reply> submit(pipeline::InboundHandler& handler,
                                       pipeline::Inbound inbound) {
  const boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
  auto start = [&handler, home](auto completion, pipeline::Inbound message) {
    // The completion is move-only; std::function wants a copyable callable.
    auto shared = std::make_shared<decltype(completion)>(std::move(completion));
    handler.submit(std::move(message), [shared, home](pipeline::Reply reply) {
      boost::asio::dispatch(home, [shared, reply = std::move(reply)]() mutable {
        (*shared)(std::move(reply));
      });
    });
  };
  using Token = const boost::asio::use_awaitable_t<>&;
  auto wait = boost::asio::async_initiate<Token, void(pipeline::Reply)>(
      std::move(start), boost::asio::use_awaitable, std::move(inbound));
  pipeline::Reply reply = co_await std::move(wait);
  co_return reply;
}

}  // namespace

ContentType parse_content_type(std::string_view text) {
  ContentType type;
  const std::vector<std::string_view> parts = core::split(text, ';');
  const std::string name = core::ascii_lower(core::trim(parts.empty() ? text : parts.front()));
  type.er7 = name == "application/hl7-v2+er7" || name == "application/hl7-v2" ||
             name == "x-application/hl7-v2+er7";
  type.xml = name == "application/hl7-v2+xml" || name == "x-application/hl7-v2+xml";
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = core::trim(parts[i]);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    if (!core::iequals(core::trim(part.substr(0, equals)), "charset")) continue;
    std::string_view value = core::trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    type.charset = std::string(value);
  }
  return type;
}

Endpoint::Endpoint(pipeline::InboundHandler& handler, std::vector<core::FeedName> feeds)
    : handler_(handler), feeds_(std::move(feeds)) {}

void Endpoint::add_routes(net::HttpRouter& router) {
  router.add("POST", "/hl7/v2/{feed}",
             [this](HttpRequest request) { return post(std::move(request)); });
}

net::Awaitable<HttpResponse> Endpoint::post(HttpRequest request) {
  const core::FeedName feed{std::string(request.param("feed"))};
  if (std::find(feeds_.begin(), feeds_.end(), feed) == feeds_.end()) {
    co_return net::http_failure(ErrorCode::kNotFound, "no such feed");
  }
  const ContentType type = parse_content_type(request.header("Content-Type"));
  if (!type.er7 && !type.xml) {
    co_return net::http_failure(ErrorCode::kUnsupportedMediaType,
                                "send application/hl7-v2+er7 or application/hl7-v2+xml");
  }
  if (request.body.empty()) co_return net::http_failure(ErrorCode::kBadRequest, "empty body");
  pipeline::Inbound inbound;
  inbound.feed = feed;
  inbound.peer = request.peer;
  inbound.bytes = std::move(request.body);
  inbound.content_charset = type.charset;
  inbound.xml = type.xml;
  pipeline::Reply reply = co_await submit(handler_, std::move(inbound));
  HttpResponse response;
  response.status = reply.messages.empty() ? 204 : 200;
  if (!reply.messages.empty()) {
    response.content_type =
        type.xml ? "application/hl7-v2+xml; charset=utf-8" : "application/hl7-v2+er7";
    for (const std::string& message : reply.messages) response.body += message;
  }
  co_return response;
}

}  // namespace hl7http
