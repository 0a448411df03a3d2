#include <core/text.hpp>
#include <outbound/fhir_destination.hpp>

#include <fmt/format.h>
#include <rapidjson/document.h>

namespace outbound {
namespace {

using pipeline::DeliveryOutcome;
using Kind = DeliveryOutcome::Kind;

// Iterative, so that depth costs heap and not stack: the body comes from outside.
constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag;

std::string_view text_member(const rapidjson::Value& object, const char* name) {
  const auto at = object.FindMember(name);
  if (at == object.MemberEnd() || !at->value.IsString()) return {};
  return {at->value.GetString(), at->value.GetStringLength()};
}

// The three digits at the front of Bundle.entry.response.status ("201 Created"); 0 when absent.
int entry_status(const rapidjson::Value& entry) {
  if (!entry.IsObject()) return 0;
  const auto response = entry.FindMember("response");
  if (response == entry.MemberEnd() || !response->value.IsObject()) return 0;
  const auto code = core::to_int(text_member(response->value, "status").substr(0, 3));
  return code && *code >= 100 && *code <= 599 ? static_cast<int>(*code) : 0;
}

DeliveryOutcome judge_bundle(const std::string& body, int status) {
  DeliveryOutcome out{Kind::kTransient, status, {}, {}};
  rapidjson::Document document;
  document.Parse<kParseFlags>(body.data(), body.size());
  if (document.HasParseError() || !document.IsObject() ||
      text_member(document, "resourceType") != "Bundle") {
    out.reason = fmt::format("http {} without a Bundle", status);
    return out;
  }
  const auto entries = document.FindMember("entry");
  if (entries != document.MemberEnd() && entries->value.IsArray()) {
    for (const auto& entry : entries->value.GetArray()) {
      const int code = entry_status(entry);
      if (code < 300) continue;
      out.reason = fmt::format("an entry was answered {}", code);
      out.kind = code < 500 && code != 409 && code != 429 ? Kind::kPermanent : Kind::kTransient;
      return out;
    }
  }
  out.kind = Kind::kDelivered;
  return out;
}

/// 401 and 407 speak of our credentials, not of the message: parking everything until somebody
/// mends them would only make more to mend.
bool is_credentials(int status) { return status == 401 || status == 407; }

bool is_transient(int status) {
  return status >= 500 || is_credentials(status) || status == 408 || status == 425 ||
         status == 429 || (status >= 300 && status < 400);
}

}  // namespace

DeliveryOutcome classify(const net::HttpResponse& response, core::Instant now) {
  const int status = response.status;
  if (status == 200 && !response.body.empty()) return judge_bundle(response.body, status);
  DeliveryOutcome out{Kind::kPermanent, status, {}, {}};
  if (status >= 200 && status < 300) {
    out.kind = Kind::kDelivered;
    return out;
  }
  out.reason = fmt::format("http {}", status);
  if (status >= 300 && status < 400) out.reason += " (redirects are not followed)";
  if (is_credentials(status)) out.reason += " (the destination refuses our credentials)";
  if (is_transient(status)) {
    out.kind = Kind::kTransient;
    out.retry_after = parse_retry_after(response.header("Retry-After"), now);
  }
  return out;
}

}  // namespace outbound
