#include "coverage.hpp"

#include <map>

#include <fmt/format.h>

#include "ig_coverage.hpp"
#include "workbench.hpp"

namespace cli {
namespace {

using ig::Count;
using ig::Judged;
using ig::Kind;
using ig::Verdict;

constexpr std::string_view kKinds[] = {"message", "segment", "datatype", "code"};
constexpr std::string_view kVerdicts[] = {"carried", "corrected", "declined", "unaccounted"};

std::string_view name(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view name(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }

/// Messages run, and those that could not be.
struct Ran {
  std::size_t messages = 0, refused = 0;
};

void run_one(mapping::Mapper& mapper, const mapping::Environment& environment,
             std::string_view text, ig::Evidence& evidence, Ran& ran) {
  auto message = hl7::Message::parse(std::string(text));
  mapping::MapOptions options;
  options.lineage = true;
  const auto output = message ? mapper.map(*message, environment, options)
                              : core::Result<const mapping::MapOutput*>(
                                    core::fail(message.error()));
  if (!output) {
    ++ran.refused;
    return;
  }
  ++ran.messages;
  evidence.add(*message, **output);
}

Ran run_messages(const Workbench& bench, const std::vector<std::string>& paths,
                 ig::Evidence& evidence) {
  Ran ran;
  mapping::Mapper mapper(bench.set);
  for (const mapping::TestMessage& test : mapping::test_messages(*bench.set)) {
    run_one(mapper, test.environment, test.text, evidence, ran);
  }
  for (const std::string& path : paths) {
    for (const std::string& file : message_files(path)) {
      const mapping::Environment environment = environment_beside(file, bench.environment);
      const auto read = each_message(file, bench.charset, [&](std::string_view text) {
        run_one(mapper, environment, text, evidence, ran);
      });
      if (!read) ++ran.refused;
    }
  }
  return ran;
}

void print_count(const Context& context, std::string_view kind, std::string_view table,
                 const Count& count) {
  if (context.json) {
    std::string line = "{";
    json_member(line, "kind", kind);
    json_member(line, "table", table);
    print(line + fmt::format(",\"rows\":{},\"carried\":{},\"corrected\":{},\"declined\":{},"
                             "\"unaccounted\":{}}}",
                             count.rows, count.carried, count.corrected, count.declined,
                             count.unaccounted));
    return;
  }
  print(fmt::format("{:<9} {:<46} {:>5} rows {:>5} carried {:>4} corrected {:>4} declined {:>5} "
                    "unaccounted",
                    kind, table, count.rows, count.carried, count.corrected, count.declined,
                    count.unaccounted));
}

void print_row(const Context& context, const Judged& judged) {
  const ig::Row& row = *judged.row;
  if (context.json) {
    std::string line = "{";
    json_member(line, "verdict", name(judged.verdict));
    json_member(line, "kind", name(row.kind));
    json_member(line, "table", row.table);
    json_member(line, "source", row.identifier);
    json_member(line, "target", row.target);
    if (!row.assignment.empty()) json_member(line, "assignment", row.assignment);
    if (!row.calls.empty()) json_member(line, "map", row.calls);
    if (!judged.note.empty()) json_member(line, "note", judged.note);
    print(line + fmt::format(",\"line\":{}}}", row.line));
    return;
  }
  std::string text = fmt::format("{} {} {} -> {}", name(judged.verdict), row.table, row.identifier,
                                 row.target);
  if (!row.assignment.empty()) text += " = " + row.assignment;
  if (!row.calls.empty()) text += " by " + row.calls;
  if (!judged.note.empty()) text += "  (" + judged.note + ")";
  for (char& c : text) c = c == '\n' || c == '\r' ? ' ' : c;
  print(text);
}

/// Entries that decline nothing (any more). @return how many.
std::size_t print_stale(const Context& context, const std::vector<ig::Declined>& declined) {
  std::size_t count = 0;
  for (const ig::Declined& entry : declined) {
    if (entry.needed > 0) continue;
    ++count;
    const std::string_view why = entry.matched == 0 ? "fits no row" : "its rows are all carried";
    const std::string place = fmt::format("{}:{}", entry.file, entry.line);
    const std::string field = entry.fields.empty() ? entry.row : entry.fields.front();
    if (context.json) {
      std::string line = "{";
      json_member(line, "stale", place);
      json_member(line, "table", entry.table);
      json_member(line, "field", field);
      json_member(line, "target", entry.target);
      json_member(line, "why", why);
      print(line + "}");
    } else {
      print(fmt::format("stale entry {}: {} {} {}: {}", place, entry.table, field, entry.target,
                        why));
    }
  }
  return count;
}

}  // namespace

void report_coverage(const CoverageOptions& options, Context& context) {
  context.exit = kUsage;
  const auto bench = Workbench::open({{}, {}, options.mappings, {}});
  if (!bench) return;
  const auto rows = ig::read_tables(options.tables);
  auto declined = ig::read_declined(bench->mappings);
  if (!rows || !declined) {
    complain((rows ? declined.error() : rows.error()).text());
    return;
  }
  ig::Evidence evidence(bench->knowledge->v2, bench->knowledge->r4, *bench->set);
  const Ran ran = run_messages(*bench, options.messages, evidence);
  const std::vector<Judged> judged =
      ig::judge(*rows, evidence, mapping::vocab_facts(*bench->set), *declined);
  std::map<std::pair<Kind, std::string>, Count> tables;
  std::map<Kind, Count> kinds;
  Count mapped;
  for (const Judged& one : judged) {
    tables[{one.row->kind, one.row->table}].add(one.verdict);
    kinds[one.row->kind].add(one.verdict);
    if (one.row->kind != Kind::kCode) mapped.add(one.verdict);
  }
  for (const Judged& one : judged) {
    if (one.verdict == Verdict::kUnaccounted ||
        (options.all && one.verdict != Verdict::kCarried)) {
      print_row(context, one);
    }
  }
  const std::size_t stale = print_stale(context, *declined);
  for (const auto& [key, count] : tables) print_count(context, name(key.first), key.second, count);
  for (const auto& [kind, count] : kinds) {
    print_count(context, fmt::format("all {}s", name(kind)), "", count);
  }
  print_count(context, "mapped", "(messages, segments, data types)", mapped);
  if (!context.json) {
    print(fmt::format("{} messages run, {} could not be mapped; {} of {} entries of DECLINED.yaml "
                      "decline nothing",
                      ran.messages, ran.refused, stale, declined->size()));
  }
  context.exit = mapped.unaccounted + stale > 0 ? kFindings : kOk;
}

}  // namespace cli
