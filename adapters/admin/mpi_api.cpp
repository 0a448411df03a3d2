#include <admin/mpi_api.hpp>
#include <core/text.hpp>
#include <fmt/format.h>
#include <him/deficiency.hpp>

#include "answers.hpp"

namespace admin {
namespace {

using core::ErrorCode;
using net::HttpRequest;
using net::HttpResponse;

constexpr std::size_t kUnmergesMax = 1000;
constexpr std::string_view kOverlayRule = "R48";

core::Result<core::Sequence> sequence_of(const HttpRequest& request) {
  const auto number = core::to_int(request.param("sequence"));
  if (!number || *number < 1) return core::fail(ErrorCode::kBadRequest, "bad sequence");
  return core::Sequence{static_cast<std::uint64_t>(*number)};
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "null"
                    : fmt::format("{:.3f}", 100.0 * static_cast<double>(part) /
                                                static_cast<double>(whole));
}

}  // namespace

std::string unmerge_json(const identity::UnmergeRecord& record) {
  JsonObject object;
  object.number("sequence", record.sequence.value())
      .number("merged", record.merged.value())
      .text("retired", record.retired)
      .text("survivor", record.survivor)
      .text("at", core::to_iso(record.at))
      .text("by", record.by)
      .text("reason", record.reason);
  return std::move(object).done();
}

std::string unmerge_item_json(const identity::UnmergeItem& item) {
  JsonObject object;
  object.text("type", item.type)
      .text("id", item.id)
      .text("patient", item.patient)
      .text("doubt", identity::to_text(item.doubt))
      .text("decided_by", item.decided_by);
  return std::move(object).done();
}

std::string rates_json(const identity::Rates& rates, std::uint64_t overlays) {
  JsonObject object;
  object.number("patients", rates.patients)
      .number("open_pairs", rates.open_pairs)
      .number("linked_pairs", rates.linked)
      .number("duplicates", rates.duplicates)
      .raw("duplicate_percent", percent(rates.duplicates, rates.patients))
      .number("overlaps", rates.overlaps)
      .raw("overlap_percent", percent(rates.overlaps, rates.patients))
      .number("overlays", overlays)
      .raw("overlay_percent", percent(overlays, rates.patients));
  return std::move(object).done();
}

std::string conflict_json(const identity::Conflict& conflict, const identity::SideBySide& sides) {
  JsonObject object;
  object.number("sequence", conflict.sequence.value())
      .text("state", identity::to_text(conflict.state))
      .text("patient", conflict.patient)
      .text("message", conflict.message)
      .text("type", conflict.type)
      .text("changed", conflict.changed)
      .text("held", core::to_iso(conflict.held));
  optional_time(object, "decided", conflict.decided);
  object.text("decided_by", conflict.decided_by)
      .text("reason", conflict.reason)
      .number("applied", conflict.applied.value())
      .raw("weight", sides.weight ? fmt::format("{:.2f}", *sides.weight) : "null")
      .raw("fields", array(sides.fields, [](const identity::ComparedField& one) {
             JsonObject field;
             field.text("field", one.field)
                 .text("stored", one.stored)
                 .text("incoming", one.incoming)
                 .text("level", one.level)
                 .raw("weight", fmt::format("{:.2f}", one.weight));
             return std::move(field).done();
           }));
  return std::move(object).done();
}

MpiApi::MpiApi(pipeline::Engine& engine, std::unique_ptr<store::Records> reader,
               std::shared_ptr<const identity::Model> model)
    : engine_(engine), reader_(std::move(reader)), model_(std::move(model)) {}

void MpiApi::add_routes(net::HttpRouter& router) {
  const auto add = [&](const char* method, const char* pattern, auto answer) {
    add_offloaded(router, pool_, method, pattern, *this, answer);
  };
  add("GET", "/api/v1/mpi/rates", [](MpiApi& api, const HttpRequest&) { return api.rates(); });
  add("GET", "/api/v1/mpi/unmerges",
      [](MpiApi& api, const HttpRequest&) { return api.unmerges(); });
  add("POST", "/api/v1/mpi/unmerges",
      [](MpiApi& api, const HttpRequest& r) { return api.unmerge(r); });
  add("GET", "/api/v1/mpi/unmerges/{sequence}",
      [](MpiApi& api, const HttpRequest& r) { return api.show(r); });
  add("GET", "/api/v1/mpi/unmerges/{sequence}/messages",
      [](MpiApi& api, const HttpRequest& r) { return api.messages(r); });
  add("GET", "/api/v1/mpi/conflicts",
      [](MpiApi& api, const HttpRequest& r) { return api.conflicts(r); });
  add("POST", "/api/v1/mpi/conflicts/{sequence}/accept",
      [](MpiApi& api, const HttpRequest& r) { return api.decide(r, "accept"); });
  add("POST", "/api/v1/mpi/conflicts/{sequence}/reject",
      [](MpiApi& api, const HttpRequest& r) { return api.decide(r, "reject"); });
  add("POST", "/api/v1/mpi/unmerges/{sequence}/items/{type}/{id}",
      [](MpiApi& api, const HttpRequest& r) { return api.settle(r); });
}

HttpResponse MpiApi::rates() {
  std::lock_guard lock(mutex_);
  const auto found = identity::rates(*reader_);
  if (!found) return failure(found.error());
  const auto overlays = him::count_open(*reader_, kOverlayRule);
  return overlays ? json(rates_json(*found, *overlays)) : failure(overlays.error());
}

HttpResponse MpiApi::unmerges() {
  std::lock_guard lock(mutex_);
  const auto found = identity::list_unmerges(*reader_, kUnmergesMax);
  if (!found) return failure(found.error());
  return json("{\"unmerges\":" + array(*found, unmerge_json) + "}");
}

HttpResponse MpiApi::unmerge(const HttpRequest& request) {
  fhir::Document document;
  const auto body = fhir::parse_json(request.body, document);
  const std::string by(body ? (*body)->text_of("by") : "");
  const std::string reason(body ? (*body)->text_of("reason") : "");
  if (by.empty() || reason.empty()) {
    return net::http_failure(ErrorCode::kBadRequest,
                             "send {\"patient\": ID, \"by\": WHO, \"reason\": WHY}");
  }
  const auto done = engine_.unmerge(std::string((*body)->text_of("patient")), by, reason);
  if (!done) return failure(done.error());
  JsonObject object;
  object.number("sequence", done->value());
  return json(std::move(object).done());
}

HttpResponse MpiApi::show(const HttpRequest& request) {
  const auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  std::lock_guard lock(mutex_);
  const auto all = identity::list_unmerges(*reader_, kUnmergesMax);
  if (!all) return failure(all.error());
  for (const auto& one : *all) {
    if (one.sequence != *sequence) continue;
    const auto items = identity::list_unmerge_items(*reader_, *sequence);
    if (!items) return failure(items.error());
    return json("{\"unmerge\":" + unmerge_json(one) +
                ",\"items\":" + array(*items, unmerge_item_json) + "}");
  }
  return net::http_failure(ErrorCode::kNotFound, "no unmerge has that sequence");
}

HttpResponse MpiApi::conflicts(const HttpRequest& request) {
  const std::string* all = request.query_value("all");
  std::lock_guard lock(mutex_);
  const auto found = identity::list_conflicts(*reader_, all && *all == "true");
  if (!found) return failure(found.error());
  return json("{\"conflicts\":" + array(*found, [this](const identity::Conflict& one) {
                return conflict_json(one, identity::side_by_side(model_, one));
              }) + "}");
}

namespace {

/// A decision as it was posted: a JSON object that says who made it.
struct Decision {
  std::string by;
  fhir::Document document;
  const fhir::Node* body = nullptr;

  std::string text(std::string_view name) const { return std::string(body->text_of(name)); }
};

/// nullptr: nobody is named.
std::unique_ptr<Decision> decision_in(const HttpRequest& request) {
  auto out = std::make_unique<Decision>();
  const auto body = fhir::parse_json(request.body, out->document);
  if (!body) return nullptr;
  out->body = *body;
  out->by = out->text("by");
  return out->by.empty() ? nullptr : std::move(out);
}

HttpResponse nobody_decided() {
  return net::http_failure(ErrorCode::kBadRequest, "a decision needs a {\"by\": \"...\"}");
}

}  // namespace

HttpResponse MpiApi::decide(const HttpRequest& request, const std::string& decision) {
  const auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  const auto made = decision_in(request);
  if (!made) return nobody_decided();
  const auto done =
      engine_.decide_conflict(*sequence, decision, made->by, made->text("reason"));
  return done ? json("{\"ok\":true}") : failure(done.error());
}

HttpResponse MpiApi::messages(const HttpRequest& request) {
  const auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  std::lock_guard lock(mutex_);
  const auto found = identity::list_repairs(*reader_, *sequence);
  if (!found) return failure(found.error());
  HttpResponse response;
  response.content_type = "application/hl7-v2+er7; charset=utf-8";
  for (const auto& message : *found) response.body += message.body;
  return response;
}

HttpResponse MpiApi::settle(const HttpRequest& request) {
  const auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  const auto made = decision_in(request);
  if (!made) return nobody_decided();
  const auto done =
      engine_.settle_unmerge(*sequence, std::string(request.param("type")),
                             std::string(request.param("id")), made->text("to"), made->by);
  return done ? json("{\"ok\":true}") : failure(done.error());
}

}  // namespace admin
