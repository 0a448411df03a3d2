#pragma once
#include <core/ids.hpp>
#include <net/http_router.hpp>
#include <pipeline/inbound.hpp>

#include <string>
#include <vector>

namespace hl7http {

/// `POST /hl7/v2/<feed>` (HAPI "HL7 over HTTP" 1.0): the body is one message or batch, the answer
/// its
/// acknowledgement in the same encoding. 200 whatever the acknowledgement says; 204 when the sender
/// asked for none; 404 unknown feed, 415 other content types, 400 empty body. A charset parameter
/// overrides MSH-18.
/// Thread: any; the handler outlives it, and it outlives the router's use.
class Endpoint {
 public:
  Endpoint(pipeline::InboundHandler& handler, std::vector<core::FeedName> feeds);
  void add_routes(net::HttpRouter& router);

 private:
  net::Awaitable<net::HttpResponse> post(net::HttpRequest request);

  pipeline::InboundHandler& handler_;
  std::vector<core::FeedName> feeds_;
};

/// "application/hl7-v2+er7; charset=utf-8" in its parts; an unknown type has neither flag.
struct ContentType {
  bool er7 = false, xml = false;
  std::string charset;
};
ContentType parse_content_type(std::string_view text);

}  // namespace hl7http
