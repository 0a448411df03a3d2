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
  optional_time(object, "cancelled", letter.cancelled);
  object.text("cancelled_why", letter.cancelled_why);
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

std::string audit_line_json(const him::AuditLine& line) {
  JsonObject object;
  object.text("finding", him::to_text(line.finding))
      .text("rule", line.rule)
      .text("part", line.part)
      .text("title", line.title)
      .text("clause", line.source)
      .text("severity", line.severity)
      .text("subject", line.subject)
      .text("about", line.about)
      .text("lacking", line.lacking)
      .text("owner", line.owner)
      .text("state", line.state);
  optional_time(object, "due", line.due);
  optional_time(object, "from", line.from);
  object.text("deficiency", line.deficiency).text("why", line.why);
  return std::move(object).done();
}

std::string review_file_json(const him::ReviewFile& file) {
  JsonObject object;
  object.text("standing", file.standing())
      .text("visit", file.visit)
      .text("encounter", file.encounter)
      .text("patient", file.patient)
      .text("ended", core::to_iso(file.ended))
      .number("plan", file.plan)
      .text("reviewer", file.reviewer);
  optional_time(object, "reviewed", file.reviewed);
  object.text("reviewed_by", file.reviewed_by)
      .text("note", file.note)
      .number("open_items", file.open_items);
  return std::move(object).done();
}

std::string review_plan_json(const him::ReviewPlan& plan) {
  JsonObject object;
  object.number("number", plan.number)
      .text("from", core::to_iso(plan.period.from))
      .text("end", core::to_iso(plan.period.end))
      .text("sample", plan.sample)
      .text("reviewer", plan.reviewer)
      .text("planned", core::to_iso(plan.planned))
      .text("planned_by", plan.planned_by)
      .number("population", plan.population)
      .number("chosen", plan.chosen);
  return std::move(object).done();
}

std::string provider_json(const him::Provider& provider) {
  JsonObject object;
  object.text("id", provider.id)
      .text("name", provider.name)
      .raw("aliases", array(provider.aliases, [](const him::Provider::Alias& one) {
             JsonObject alias;
             alias.text("id", one.id).text("how", one.how).text("joined",
                                                               core::to_iso(one.joined));
             return std::move(alias).done();
           }));
  return std::move(object).done();
}

std::string coverage_json(const him::ReviewCoverage& coverage) {
  JsonObject object;
  object.text("from", core::to_iso(coverage.period.from))
      .text("end", core::to_iso(coverage.period.end))
      .number("population", coverage.population)
      .number("reviewed", coverage.reviewed)
      .number("open", coverage.open)
      .number("unseen", coverage.unseen)
      .boolean("complete", coverage.unseen == 0);
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
    add_offloaded(router, pool_, method, pattern, *this, answer);
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
  add("GET", "/api/v1/him/audit/{visit}",
      [](HimApi& api, const HttpRequest& r) { return api.audit(r); });
  add("GET", "/api/v1/him/review", [](HimApi& api, const HttpRequest& r) { return api.review(r); });
  add("GET", "/api/v1/him/review/coverage",
      [](HimApi& api, const HttpRequest& r) { return api.coverage(r); });
  add("GET", "/api/v1/him/review/plans",
      [](HimApi& api, const HttpRequest&) { return api.plans(); });
  add("GET", "/api/v1/him/providers",
      [](HimApi& api, const HttpRequest&) { return api.providers(); });
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
    const auto good = him::check_command(*reader_, *knowledge_->rules, **order, clock_.now(),
                                         site_.zone);
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

HttpResponse HimApi::audit(const HttpRequest& request) {
  const auto now = time_of(request, "now");
  if (!now) return failure(now.error());
  const std::string* every = request.query_value("all");
  std::lock_guard lock(mutex_);
  const auto found = him::audit(*reader_, *knowledge_->rules, std::string(request.param("visit")),
                                *now, site_, every && *every == "true");
  if (!found) return failure(found.error());
  JsonObject object;
  object.text("visit", found->visit)
      .text("encounter", found->encounter)
      .text("patient", found->patient)
      .text("mrn", found->mrn)
      .boolean("passed", found->passed())
      .raw("lines", array(found->lines, audit_line_json));
  return json(std::move(object).done());
}

core::Result<him::ReviewPeriod> HimApi::period_of(const HttpRequest& request) const {
  const auto word = [&request](std::string_view name) -> std::string_view {
    const std::string* text = request.query_value(name);
    return text ? std::string_view(*text) : std::string_view();
  };
  return him::review_period(word("quarter"), word("from"), word("to"), site_.zone);
}

HttpResponse HimApi::review(const HttpRequest& request) {
  const auto period = period_of(request);
  if (!period) return failure(period.error());
  std::lock_guard lock(mutex_);
  const auto found = him::review_files(*reader_, *period);
  if (!found) return failure(found.error());
  return json("{\"files\":" + array(*found, review_file_json) + "}");
}

HttpResponse HimApi::coverage(const HttpRequest& request) {
  const auto period = period_of(request);
  if (!period) return failure(period.error());
  std::lock_guard lock(mutex_);
  const auto found = him::review_files(*reader_, *period);
  if (!found) return failure(found.error());
  return json(coverage_json(him::coverage_of(*period, *found)));
}

HttpResponse HimApi::plans() {
  std::lock_guard lock(mutex_);
  const auto found = him::review_plans(*reader_);
  if (!found) return failure(found.error());
  return json("{\"plans\":" + array(*found, review_plan_json) + "}");
}

HttpResponse HimApi::providers() {
  std::lock_guard lock(mutex_);
  const auto found = him::providers(*reader_);
  if (!found) return failure(found.error());
  return json("{\"providers\":" + array(*found, provider_json) + "}");
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
