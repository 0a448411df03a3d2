#include <admin/him_api.hpp>

#include <core/text.hpp>
#include <fmt/format.h>
#include <him/command.hpp>

#include "answers.hpp"

namespace admin {
namespace {

using core::ErrorCode;
using net::HttpRequest;
using net::HttpResponse;

inline constexpr std::int64_t kMonthsMax = 120;

std::string step_json(const him::ChainStep& step) {
  JsonObject object;
  object.text("step", step.step).text("owner", step.owner).boolean("done", step.done);
  optional_time(object, "at", step.at);
  optional_time(object, "due", step.due);
  return std::move(object).done();
}

}  // namespace

std::string letter_json(const him::LetterRecord& letter, bool with_text) {
  JsonObject object;
  object.number("number", static_cast<std::uint64_t>(letter.number))
      .text("level", him::to_text(letter.level))
      .text("owner", letter.owner)
      .text("owner_id", letter.owner_id)
      .text("title", letter.title)
      .text("recipients", letter.recipients)
      .text("written", core::to_iso(letter.written));
  optional_time(object, "suspend_on", letter.suspend_on);
  optional_time(object, "sent", letter.sent);
  object.text("sent_how", letter.sent_how);
  object.raw("deficiencies", strings(letter.deficiencies));
  if (with_text) object.text("text", letter.text).text("html", letter.html);
  return std::move(object).done();
}

std::string jeopardy_json(const him::Jeopardy& entry) {
  JsonObject object;
  object.text("owner", entry.owner)
      .text("owner_id", entry.owner_id)
      .number("delinquent", entry.delinquent)
      .number("charts", entry.charts)
      .text("oldest_due", core::to_iso(entry.oldest_due))
      .boolean("suspended", entry.suspended);
  optional_time(object, "suspension", entry.suspension);
  return std::move(object).done();
}

std::string rate_json(const him::Rate& rate) {
  JsonObject object;
  object.number("delinquent_charts", rate.delinquent_charts)
      .number("discharges", rate.discharges)
      .number("months", static_cast<std::uint64_t>(rate.months))
      .text("from", core::to_iso(rate.from))
      .text("end", core::to_iso(rate.end))
      .raw("denominator", fmt::format("{:.2f}", static_cast<double>(rate.discharges) / rate.months))
      .raw("percent", rate.percent ? fmt::format("{:.2f}", *rate.percent) : "null")
      .text("level", rate.level);
  return std::move(object).done();
}

std::string chain_json(const him::Chain& chain) {
  JsonObject object;
  object.text("document", chain.document)
      .text("visit", chain.visit)
      .text("type", chain.type)
      .text("completion", chain.completion)
      .raw("steps", array(chain.steps, step_json));
  return std::move(object).done();
}

HimApi::HimApi(pipeline::Engine& engine, std::shared_ptr<const pipeline::Knowledge> knowledge,
               const core::Clock& clock, std::unique_ptr<store::Records> reader, him::Site site,
               Advance advance)
    : engine_(engine),
      knowledge_(std::move(knowledge)),
      clock_(clock),
      site_(std::move(site)),
      advance_(std::move(advance)),
      reader_(std::move(reader)) {}

void HimApi::add_routes(net::HttpRouter& router) {
  const auto add = [&](const char* method, const char* pattern, auto answer) {
    router.add(method, pattern,
               [this, answer](HttpRequest request) -> net::Awaitable<HttpResponse> {
                 auto work = [&] { return answer(*this, request); };
                 HttpResponse response = co_await net::offload(pool_, work);
                 co_return response;
               });
  };
  add("POST", "/api/v1/him/commands",
      [](HimApi& api, const HttpRequest& r) { return api.command(r); });
  add("GET", "/api/v1/him/letters",
      [](HimApi& api, const HttpRequest& r) { return api.letters(r); });
  add("GET", "/api/v1/him/letters/{number}",
      [](HimApi& api, const HttpRequest& r) { return api.letter(r); });
  add("GET", "/api/v1/him/jeopardy",
      [](HimApi& api, const HttpRequest& r) { return api.jeopardy(r); });
  add("GET", "/api/v1/him/rate", [](HimApi& api, const HttpRequest& r) { return api.rate(r); });
  add("GET", "/api/v1/him/chains/{visit}",
      [](HimApi& api, const HttpRequest& r) { return api.chains(r); });
  add("GET", "/api/v1/clock", [](HimApi& api, const HttpRequest&) { return api.clock(); });
  add("POST", "/api/v1/clock",
      [](HimApi& api, const HttpRequest& r) { return api.move_clock(r); });
}

core::Result<core::Instant> HimApi::time_of(const HttpRequest& request, std::string_view name) {
  const std::string* text = request.query_value(name);
  if (!text || text->empty()) return clock_.now();
  return core::from_iso(*text);
}

HttpResponse HimApi::command(const HttpRequest& request) {
  fhir::Document document;
  const auto order = fhir::parse_json(request.body, document);
  if (!order || !(*order)->is_object()) {
    return net::http_failure(ErrorCode::kBadRequest, "an order is a JSON object");
  }
  {
    std::lock_guard lock(mutex_);
    const auto good = him::check_command(*reader_, *knowledge_->rules, **order, clock_.now());
    if (!good) return failure(good.error());
  }
  std::string text;
  fhir::write_json(*order, text);
  const auto sequence = engine_.him_command(std::move(text));
  if (!sequence) return failure(sequence.error());
  JsonObject object;
  object.number("sequence", sequence->value());
  return json(std::move(object).done());
}

HttpResponse HimApi::letters(const HttpRequest& request) {
  const std::string* unsent = request.query_value("unsent");
  std::lock_guard lock(mutex_);
  const auto found = him::letters(*reader_, 0, unsent && *unsent == "true");
  if (!found) return failure(found.error());
  return json("{\"letters\":" + array(*found, [](const him::LetterRecord& one) {
                return letter_json(one, false);
              }) + "}");
}

HttpResponse HimApi::letter(const HttpRequest& request) {
  const auto number = core::to_int(request.param("number"));
  if (!number || *number < 1) return net::http_failure(ErrorCode::kBadRequest, "no such number");
  std::lock_guard lock(mutex_);
  const auto found = him::letters(*reader_, *number, false);
  if (!found) return failure(found.error());
  if (found->empty()) return net::http_failure(ErrorCode::kNotFound, "no letter has that number");
  const std::string* format = request.query_value("format");
  if (!format) return json(letter_json(found->front(), true));
  HttpResponse response;
  response.content_type =
      *format == "html" ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
  response.body = *format == "html" ? found->front().html : found->front().text;
  return response;
}

HttpResponse HimApi::jeopardy(const HttpRequest& request) {
  const auto now = time_of(request, "now");
  if (!now) return failure(now.error());
  std::lock_guard lock(mutex_);
  const auto found = him::jeopardy(*reader_, *knowledge_->rules, *now, site_);
  if (!found) return failure(found.error());
  return json("{\"jeopardy\":" + array(*found, jeopardy_json) + "}");
}

HttpResponse HimApi::rate(const HttpRequest& request) {
  const auto month = time_of(request, "month");
  if (!month) return failure(month.error());
  const std::string* text = request.query_value("months");
  const auto months = text ? core::to_int(*text) : std::optional<std::int64_t>(3);
  if (!months || *months < 1 || *months > kMonthsMax) {
    return net::http_failure(ErrorCode::kBadRequest, "months is a number from 1 to 120");
  }
  std::lock_guard lock(mutex_);
  const auto found = him::delinquency_rate(*reader_, *knowledge_->rules, *month,
                                           static_cast<int>(*months), site_);
  return found ? json(rate_json(*found)) : failure(found.error());
}

HttpResponse HimApi::chains(const HttpRequest& request) {
  const auto now = time_of(request, "now");
  if (!now) return failure(now.error());
  std::lock_guard lock(mutex_);
  const auto found = him::document_chains(*reader_, *knowledge_->rules,
                                          std::string(request.param("visit")), *now, site_);
  if (!found) return failure(found.error());
  return json("{\"chains\":" + array(*found, chain_json) + "}");
}

HttpResponse HimApi::clock() {
  JsonObject object;
  object.text("now", core::to_iso(clock_.now()))
      .boolean("simulated", static_cast<bool>(advance_));
  return json(std::move(object).done());
}

HttpResponse HimApi::move_clock(const HttpRequest& request) {
  if (!advance_) {
    return net::http_failure(ErrorCode::kConflict, "this store runs on the system clock");
  }
  fhir::Document document;
  const auto body = fhir::parse_json(request.body, document);
  const auto to = core::from_iso(body ? (*body)->text_of("now") : "");
  if (!to)
    return net::http_failure(ErrorCode::kBadRequest, "send {\"now\": \"2026-01-31T08:00:00Z\"}");
  if (const auto moved = advance_(*to); !moved) return failure(moved.error());
  return clock();
}

}  // namespace admin
