#include "mpi_actions.hpp"

#include <admin/mpi_api.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <him/deficiency.hpp>

#include <algorithm>

namespace cli {
namespace {

constexpr std::size_t kUnmergesMax = 1000;

std::string body_of(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    if (out.size() > 1) out += ',';
    fhir::write_json_string(name, out);
    out += ':';
    fhir::write_json_string(value, out);
  }
  return out + "}";
}

/// Asks the running engine. nullopt after a complaint, with the exit code set.
std::optional<std::string> ask(const MpiOrder& order, Context& context, const std::string& target,
                               const std::string& body) {
  context.exit = kUsage;
  auto config = order.config.read();
  if (!config) return {};
  auto running = find_running(*config);
  if (!running) {
    complain("no engine is running on this store");
    context.exit = kUnreachable;
    return {};
  }
  auto answer = call_engine(*running, "POST", target, body);
  if (answer) {
    context.exit = kOk;
    return std::move(*answer);
  }
  complain(answer.error().text());
  const core::ErrorCode code = answer.error().code;
  context.exit = code == core::ErrorCode::kUnreachable       ? kUnreachable
                 : code == core::ErrorCode::kRefusedByPolicy ? kRefused
                                                             : kFindings;
  return {};
}

std::unique_ptr<store::Records> look(const MpiOrder& order, Context& context) {
  context.exit = kUsage;
  auto config = order.config.read();
  if (!config) return nullptr;
  auto knowledge = load_knowledge(data_for(*config), {});
  if (!knowledge) return nullptr;
  context.exit = kUnreachable;
  return open_records(*config, knowledge->r4);
}

void print_items(store::Records& records, core::Sequence sequence, Context& context) {
  auto items = identity::list_unmerge_items(records, sequence);
  if (!items) return complain(items.error().text());
  for (const auto& item : *items) {
    print(context.json ? admin::unmerge_item_json(item)
                       : fmt::format("{}/{}  {}  with Patient/{}  {}", item.type, item.id,
                                     identity::to_text(item.doubt), item.patient,
                                     item.decided_by.empty() ? "open" : "by " + item.decided_by));
  }
  context.exit = kOk;
}

}  // namespace

void mpi_decide(const MpiOrder& order, Context& context) {
  (void)ask(order, context,
            fmt::format("/api/v1/mpi/pairs/{}/{}/{}", order.patient, order.other, order.decision),
            body_of({{"by", order.by}, {"survivor", order.survivor}}));
}

void mpi_unmerge(const MpiOrder& order, Context& context) {
  auto answer = ask(order, context, "/api/v1/mpi/unmerges",
                    body_of({{"patient", order.patient}, {"by", order.by},
                             {"reason", order.reason}}));
  if (!answer) return;
  fhir::Document document;
  auto tree = fhir::parse_json(*answer, document);
  const auto sequence = core::to_int(tree ? (*tree)->text_of("sequence") : "").value_or(0);
  print(context.json ? *answer : fmt::format("unmerge {}", sequence));
  auto records = look(order, context);
  if (records == nullptr || context.json) return;
  print_items(*records, core::Sequence{static_cast<std::uint64_t>(sequence)}, context);
}

void mpi_unmerges(const MpiOrder& order, Context& context) {
  auto records = look(order, context);
  if (records == nullptr) return;
  if (order.sequence != 0) return print_items(*records, core::Sequence{order.sequence}, context);
  auto found = identity::list_unmerges(*records, kUnmergesMax);
  if (!found) return complain(found.error().text());
  for (const auto& one : *found) {
    print(context.json
              ? admin::unmerge_json(one)
              : fmt::format("{}  {}  Patient/{} out of Patient/{}  by {}: {}",
                            one.sequence.value(), core::to_iso(one.at).substr(0, 16), one.retired,
                            one.survivor, one.by, one.reason));
  }
  context.exit = kOk;
}

void mpi_settle(const MpiOrder& order, Context& context) {
  if (std::count(order.item.begin(), order.item.end(), '/') != 1) {
    complain("name the resource as Type/id");
    context.exit = kUsage;
    return;
  }
  (void)ask(order, context,
            fmt::format("/api/v1/mpi/unmerges/{}/items/{}", order.sequence, order.item),
            body_of({{"by", order.by}, {"to", order.to}}));
}

void mpi_repair(const MpiOrder& order, Context& context) {
  auto records = look(order, context);
  if (records == nullptr) return;
  auto found = identity::list_repairs(*records, core::Sequence{order.sequence});
  if (!found) return complain(found.error().text());
  for (const auto& message : *found) {
    std::string body = message.body;
    std::replace(body.begin(), body.end(), '\r', '\n');
    print(body);
  }
  context.exit = found->empty() ? kFindings : kOk;
}

void mpi_conflicts(const MpiOrder& order, Context& context) {
  context.exit = kUsage;
  auto config = order.config.read();
  if (!config) return;
  auto knowledge = load_knowledge(data_for(*config), {});
  if (!knowledge) return;
  context.exit = kUnreachable;
  auto records = open_records(*config, knowledge->r4);
  if (records == nullptr) return;
  auto found = identity::list_conflicts(*records, order.all);
  if (!found) return complain(found.error().text());
  context.exit = kOk;
  for (const identity::Conflict& one : *found) {
    const identity::SideBySide sides = identity::side_by_side(knowledge->mpi, one);
    if (context.json) {
      print(admin::conflict_json(one, sides));
      continue;
    }
    print(fmt::format("{}  {}  {} {}  Patient/{}  changes {}{}", one.sequence.value(),
                      identity::to_text(one.state), one.type, core::to_iso(one.held).substr(0, 16),
                      one.patient, one.changed,
                      one.decided_by.empty() ? "" : "  by " + one.decided_by));
    for (const identity::ComparedField& field : sides.fields) {
      print(fmt::format("    {:<14} {:<28} {:<28} {:<8} {:>+7.2f}", field.field, field.stored,
                        field.incoming, field.level, field.weight));
    }
  }
}

void mpi_conflict(const MpiOrder& order, Context& context) {
  (void)ask(order, context,
            fmt::format("/api/v1/mpi/conflicts/{}/{}", order.sequence, order.decision),
            body_of({{"by", order.by}, {"reason", order.reason}}));
}

void mpi_rates(const MpiOrder& order, Context& context) {
  auto records = look(order, context);
  if (records == nullptr) return;
  auto found = identity::rates(*records);
  if (!found) return complain(found.error().text());
  auto overlays = him::count_open(*records, "R48");
  if (!overlays) return complain(overlays.error().text());
  context.exit = kOk;
  if (context.json) return print(admin::rates_json(*found, *overlays));
  const auto line = [&](std::string_view what, std::uint64_t count) {
    print(found->patients == 0
              ? fmt::format("{:<12} {:>8}  n/a", what, count)
              : fmt::format("{:<12} {:>8}  {:.3f} % of {}", what, count,
                            100.0 * static_cast<double>(count) /
                                static_cast<double>(found->patients),
                            found->patients));
  };
  line("duplicates", found->duplicates);
  line("overlaps", found->overlaps);
  line("overlays", *overlays);
  print(fmt::format("{} pairs wait for a decision, {} are linked", found->open_pairs,
                    found->linked));
}

}  // namespace cli
