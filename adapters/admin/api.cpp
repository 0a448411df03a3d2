#include <admin/api.hpp>

#include <core/text.hpp>
#include <fmt/format.h>
#include <identity/conflict.hpp>
#include <pipeline/site.hpp>

#include <algorithm>

#include "answers.hpp"

namespace admin {
namespace {

using core::ErrorCode;
using net::HttpRequest;
using net::HttpResponse;

inline constexpr std::size_t kPageMax = 1000;
inline constexpr std::size_t kPageDefault = 100;

std::string query(const HttpRequest& request, std::string_view name) {
  const std::string* value = request.query_value(name);
  return value ? *value : std::string();
}

std::size_t limit_of(const HttpRequest& request) {
  const auto wanted = core::to_int(query(request, "limit"));
  if (!wanted || *wanted < 1) return kPageDefault;
  return std::min<std::size_t>(static_cast<std::size_t>(*wanted), kPageMax);
}

core::Result<core::Sequence> sequence_of(const HttpRequest& request) {
  const auto number = core::to_int(request.param("sequence"));
  if (!number || *number < 1) {
    return core::fail(ErrorCode::kBadRequest, "the sequence is not a positive number");
  }
  return core::Sequence{static_cast<std::uint64_t>(*number)};
}

std::string destination_json(const pipeline::DestinationStatus& status) {
  JsonObject object;
  object.text("name", status.name.value())
      .number("pending", status.pending)
      .number("parked", status.parked)
      .number("held", status.held)
      .number("in_flight", status.in_flight)
      .number("backing_off", status.backing_off)
      .number("delivered", status.delivered)
      .boolean("unreachable", status.breaker_open);
  optional_time(object, "oldest_pending", status.oldest_pending);
  optional_time(object, "last_delivered", status.last_delivered);
  object.text("last_error", status.last_error);
  return std::move(object).done();
}

/// What somebody decided about a held message, and which entry carried it out.
void add_decision(JsonObject& object, const identity::Conflict& conflict) {
  optional_time(object, "decided", conflict.decided);
  object.text("decided_by", conflict.decided_by).text("reason", conflict.reason);
  if (conflict.applied.value() != 0) object.number("applied", conflict.applied.value());
}

/// `held`: the conflict of a message that the overlay guard held; nullptr for all others.
std::string message_json(const store::MessageState& state, const identity::Conflict* held) {
  using State = store::MessageState::State;
  const bool decided = held && held->state != identity::ConflictState::kOpen;
  JsonObject object;
  object.number("sequence", state.sequence.value())
      .text("state", state.state == State::kApplied  ? "applied"
                     : state.state == State::kFailed ? "failed"
                     : state.state != State::kHeld   ? "skipped"
                     : decided                       ? identity::to_text(held->state)
                                                     : "held")
      .text("feed", state.feed)
      .text("control_id", state.control_id)
      .text("type", state.type)
      .text("received", core::to_iso(state.received))
      .number("resources", state.resources)
      .raw("lanes", strings(state.lanes))
      .text("error", state.error)
      .text("mapping", state.mapping_hash)
      .raw("issues", state.issues.empty() ? "[]" : state.issues);
  if (decided) add_decision(object, *held);
  return std::move(object).done();
}

core::Result<std::string> message_json(store::Records& records, const store::MessageState& state) {
  if (state.state != store::MessageState::State::kHeld) return message_json(state, nullptr);
  const auto held = identity::find_conflict(records, state.sequence);
  if (!held) return core::fail(held.error());
  return message_json(state, *held ? &**held : nullptr);
}

std::string item_json(const store::OutboxItem& item) {
  using State = store::OutboxItem::State;
  JsonObject object;
  object.number("row", item.row)
      .number("sequence", item.sequence.value())
      .number("part", item.part)
      .text("state", item.state == State::kPending  ? "pending"
                     : item.state == State::kParked ? "parked"
                                                    : "held")
      .number("attempts", item.attempts)
      .number("resources", item.resources.size())
      .raw("lanes", strings(item.lanes))
      .text("created", core::to_iso(item.created))
      .text("last_error", item.last_error);
  return std::move(object).done();
}

}  // namespace

std::string pair_json(const identity::Pair& pair) {
  std::string guards = "[";
  for (identity::Guard guard : pair.guards.list()) {
    if (guards.size() > 1) guards += ',';
    guards += "\"" + std::string(identity::to_text(guard)) + "\"";
  }
  JsonObject object;
  object.text("patient", pair.patient)
      .text("other", pair.other)
      .text("state", identity::to_text(pair.state))
      .raw("weight", fmt::format("{:.2f}", pair.weight))
      .raw("guards", guards + "]")
      .raw("match", pair.fields)
      .number("sequence", pair.sequence.value())
      .text("found", core::to_iso(pair.found))
      .text("decided_by", pair.decided_by)
      .text("proposed_by", pair.proposed_by)
      .text("survivor", pair.survivor);
  return std::move(object).done();
}

std::string unmapped_json(const mapping::Unmapped& unmapped) {
  JsonObject object;
  object.text("feed", unmapped.feed)
      .text("vocab", unmapped.vocab)
      .text("code", unmapped.code)
      .number("count", unmapped.count)
      .text("first", unmapped.first_control_id)
      .text("last", unmapped.last_control_id);
  optional_time(object, "first_seen", unmapped.first_seen);
  optional_time(object, "last_seen", unmapped.last_seen);
  return std::move(object).done();
}

std::string deficiency_json(const him::Deficiency& deficiency) {
  JsonObject object;
  object.text("id", deficiency.id)
      .text("rule", deficiency.rule)
      .text("part", deficiency.part)
      .text("patient", deficiency.patient)
      .text("patient_name", deficiency.patient_name)
      .text("mrn", deficiency.mrn)
      .text("visit", deficiency.visit)
      .text("lacking", deficiency.lacking)
      .text("lacking_code", deficiency.lacking_code)
      .text("subject", deficiency.subject)
      .text("owner", deficiency.owner)
      .text("owner_id", deficiency.owner_id)
      .text("service", deficiency.service)
      .text("service_codes", deficiency.service_codes)
      .text("unit", deficiency.unit)
      .text("state", him::to_text(deficiency.state))
      .text("severity", deficiency.severity)
      .text("source", deficiency.source)
      .text("opened", core::to_iso(deficiency.opened));
  optional_time(object, "due", deficiency.due);
  if (deficiency.hard_due) optional_time(object, "hard_due", deficiency.hard_due);
  if (deficiency.chart_due) optional_time(object, "chart_due", deficiency.chart_due);
  if (deficiency.suspend_on) optional_time(object, "suspend_on", deficiency.suspend_on);
  if (deficiency.suspended) optional_time(object, "suspended", deficiency.suspended);
  optional_time(object, "closed", deficiency.closed);
  object.text("opened_by", deficiency.opened_by).text("closed_by", deficiency.closed_by);
  if (!deficiency.decision.empty()) object.text("decision", deficiency.decision);
  return std::move(object).done();
}

Api::Api(pipeline::Engine& engine, std::shared_ptr<const pipeline::Knowledge> knowledge,
         const core::Clock& clock, std::unique_ptr<store::Records> reader)
    : engine_(engine),
      knowledge_(std::move(knowledge)),
      clock_(clock),
      reader_(std::move(reader)) {}

void Api::add_routes(net::HttpRouter& router) {
  const auto add = [&](const char* method, const char* pattern, auto answer) {
    add_offloaded(router, pool_, method, pattern, *this, answer);
  };
  add("GET", "/api/v1/status", [](Api& api, const HttpRequest&) { return api.status(); });
  add("GET", "/api/v1/messages", [](Api& api, const HttpRequest& r) { return api.messages(r); });
  add("GET", "/api/v1/messages/{sequence}",
      [](Api& api, const HttpRequest& r) { return api.message(r); });
  add("POST", "/api/v1/messages/{sequence}/replay",
      [](Api& api, const HttpRequest& r) { return api.replay(r); });
  add("GET", "/api/v1/queues/{destination}",
      [](Api& api, const HttpRequest& r) { return api.queue(r); });
  add("POST", "/api/v1/queues/{destination}/{sequence}/{part}/retry",
      [](Api& api, const HttpRequest& r) { return api.decide(r, "pending"); });
  add("POST", "/api/v1/queues/{destination}/{sequence}/{part}/skip",
      [](Api& api, const HttpRequest& r) { return api.decide(r, "delivered"); });
  add("GET", "/api/v1/mpi/pairs", [](Api& api, const HttpRequest& r) { return api.pairs(r); });
  add("POST", "/api/v1/mpi/pairs/{patient}/{other}/{decision}",
      [](Api& api, const HttpRequest& r) { return api.decide_pair(r); });
  add("GET", "/api/v1/mapping/unmapped",
      [](Api& api, const HttpRequest& r) { return api.unmapped(r); });
  add("GET", "/api/v1/deficiencies",
      [](Api& api, const HttpRequest& r) { return api.deficiencies(r); });
}

HttpResponse Api::status() {
  const pipeline::EngineStatus status = engine_.status();
  JsonObject object;
  object.text("ready", engine_.not_ready().empty() ? "yes" : engine_.not_ready())
      .number("received", status.journal.head.value())
      .number("applied", status.applied.value())
      .number("lag", status.journal.head.value() - status.applied.value())
      .number("journal_bytes", status.journal.bytes)
      .number("journal_segments", status.journal.segments)
      .number("disk_free_bytes", status.journal.disk_free_bytes)
      .number("open_deficiencies", status.open_deficiencies)
      .text("trouble", status.trouble)
      .raw("destinations", array(status.destinations, destination_json));
  return json(std::move(object).done());
}

HttpResponse Api::messages(const HttpRequest& request) {
  const auto before = core::to_int(query(request, "before"));
  const core::Sequence limit_sequence{
      before && *before > 0 ? static_cast<std::uint64_t>(*before) : std::uint64_t{1} << 62};
  std::lock_guard lock(mutex_);
  auto found = reader_->messages(limit_of(request), limit_sequence,
                                 query(request, "failed") == "true");
  if (!found) return failure(found.error());
  std::string list;
  for (const store::MessageState& state : *found) {
    const auto one = message_json(*reader_, state);
    if (!one) return failure(one.error());
    list += (list.empty() ? "" : ",") + *one;
  }
  return json("{\"messages\":[" + list + "]}");
}

HttpResponse Api::message(const HttpRequest& request) {
  auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  std::lock_guard lock(mutex_);
  auto found = reader_->message(*sequence);
  if (!found) return failure(found.error());
  if (!*found) return net::http_failure(ErrorCode::kNotFound, "no message has that sequence");
  const auto one = message_json(*reader_, **found);
  return one ? json(*one) : failure(one.error());
}

HttpResponse Api::replay(const HttpRequest& request) {
  auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  auto replayed = engine_.replay(*sequence);
  if (!replayed) return failure(replayed.error());
  JsonObject object;
  object.number("original", sequence->value()).number("sequence", replayed->value());
  return json(std::move(object).done());
}

HttpResponse Api::queue(const HttpRequest& request) {
  const core::DestinationName name{std::string(request.param("destination"))};
  const auto after = core::to_int(query(request, "after")).value_or(0);
  std::lock_guard lock(mutex_);
  auto items = query(request, "parked") == "true"
                   ? reader_->parked(name, after, limit_of(request))
                   : reader_->pending(name, after, limit_of(request));
  if (!items) return failure(items.error());
  return json("{\"items\":" + array(*items, item_json) + "}");
}

HttpResponse Api::decide(const HttpRequest& request, const std::string& state) {
  auto sequence = sequence_of(request);
  if (!sequence) return failure(sequence.error());
  const auto part = core::to_int(request.param("part"));
  if (!part || *part < 0) return net::http_failure(ErrorCode::kBadRequest, "bad part");
  fhir::Document document;
  auto body = fhir::parse_json(request.body, document);
  const std::string reason(body ? (*body)->text_of("reason") : "");
  if (state == "delivered" && reason.empty()) {
    return net::http_failure(ErrorCode::kBadRequest, "skipping needs a {\"reason\": \"...\"}");
  }
  auto decided = engine_.decide(core::DestinationName{std::string(request.param("destination"))},
                                *sequence, static_cast<int>(*part), state, reason);
  if (!decided) return failure(decided.error());
  return json("{\"ok\":true}");
}

HttpResponse Api::unmapped(const HttpRequest& request) {
  std::vector<mapping::Unmapped> found = engine_.unmapped().list();
  if (const std::string feed = query(request, "feed"); !feed.empty()) {
    std::erase_if(found, [&](const mapping::Unmapped& one) { return one.feed != feed; });
  }
  JsonObject object;
  object.raw("unmapped", array(found, unmapped_json))
      .number("dropped", engine_.unmapped().dropped());
  return json(std::move(object).done());
}

HttpResponse Api::pairs(const HttpRequest& request) {
  std::lock_guard lock(mutex_);
  auto found = identity::list_pairs(*reader_, query(request, "all") == "true", limit_of(request));
  if (!found) return failure(found.error());
  return json("{\"pairs\":" + array(*found, pair_json) + "}");
}

HttpResponse Api::decide_pair(const HttpRequest& request) {
  fhir::Document document;
  auto body = fhir::parse_json(request.body, document);
  const std::string by(body ? (*body)->text_of("by") : "");
  if (by.empty()) {
    return net::http_failure(ErrorCode::kBadRequest, "a decision needs a {\"by\": \"...\"}");
  }
  auto decided = engine_.decide_pair(std::string(request.param("patient")),
                                     std::string(request.param("other")),
                                     std::string(request.param("decision")), by,
                                     std::string((*body)->text_of("survivor")));
  if (!decided) return failure(decided.error());
  return json("{\"ok\":true}");
}

HttpResponse Api::deficiencies(const HttpRequest& request) {
  him::ListFilter filter;
  filter.rule = query(request, "rule");
  filter.patient = query(request, "patient");
  filter.visit = query(request, "visit");
  filter.mrn = query(request, "mrn");
  filter.owner = query(request, "owner");
  filter.service = query(request, "service");
  filter.unit = query(request, "unit");
  filter.open_only = query(request, "open") == "true";
  filter.places = true;
  if (const std::string age = query(request, "older_than"); !age.empty()) {
    filter.older_than = him::age_from(age);
    if (!filter.older_than) {
      return net::http_failure(ErrorCode::kBadRequest, "older_than is an age such as 30d");
    }
  }
  core::Instant now = clock_.now();
  if (const std::string text = query(request, "now"); !text.empty()) {
    auto at = core::from_iso(text);
    if (!at) return failure(at.error());
    now = *at;
  }
  std::lock_guard lock(mutex_);
  auto found = him::list(*reader_, *knowledge_->rules, filter, now,
                         pipeline::him_site(engine_.config()));
  if (!found) return failure(found.error());
  if (query(request, "format") == "csv") {
    HttpResponse response;
    response.content_type = "text/csv; charset=utf-8; header=present";
    response.body = deficiencies_csv(*found, now);
    return response;
  }
  return json("{\"deficiencies\":" + array(*found, deficiency_json) + "}");
}

}  // namespace admin
