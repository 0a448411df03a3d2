#include "unmapped.hpp"

#include <admin/api.hpp>
#include <core/yaml_text.hpp>
#include <fhir/json.hpp>

#include <map>
#include <set>

#include <fmt/format.h>

#include "journal_messages.hpp"
#include "workbench.hpp"

namespace cli {
namespace {

/// Targets named beside a row before the rest is left to the vocabulary's file.
inline constexpr std::size_t kTargetsShownMax = 12;

std::string targets_of(const mapping::VocabFacts& vocab) {
  std::set<std::string> targets;
  for (const auto& row : vocab.rows) {
    if (!row.code.empty()) targets.insert(row.code);
  }
  std::string out;
  std::size_t shown = 0;
  for (const std::string& target : targets) {
    if (++shown > kTargetsShownMax) return out + ", ...";
    out += (out.empty() ? "" : ", ") + target;
  }
  return out;
}

bool run_files(const UnmappedOptions& options, const Workbench& bench,
               mapping::UnmappedTally& tally) {
  mapping::Mapper mapper(bench.set);
  bool good = true;
  for (const std::string& path : options.files) {
    for (const std::string& file : message_files(path)) {
      const auto read = each_message(file, bench.charset, [&](std::string_view text) {
        auto message = hl7::Message::parse(std::string(text));
        if (!message) return complain(file + ": " + message.error().text());
        const auto output = mapper.map(*message, bench.environment);
        if (!output) return complain(file + ": " + output.error().text());
        const std::string feed = options.feed.empty() ? message->get("MSH-4.1") : options.feed;
        tally.add(feed, message->get("MSH-10"), std::nullopt, (*output)->vocab_misses);
      });
      if (read) continue;
      complain(file + ": " + read.error().text());
      good = false;
    }
  }
  return good;
}

bool run_journal(const UnmappedOptions& options, const pipeline::EngineConfig& config,
                 const pipeline::Knowledge& knowledge, mapping::UnmappedTally& tally) {
  JournalRange range;
  range.feed = options.feed;
  if (!set_from(range, options.from)) {
    complain("--from takes a sequence or a date");
    return false;
  }
  std::map<std::string, std::unique_ptr<mapping::Mapper>> mappers;
  std::map<std::string, mapping::Environment> environments;
  const auto read = each_stored(config, range, [&](const store::Entry& entry,
                                                   const pipeline::FeedConfig& feed,
                                                   const hl7::Message& message) {
    auto& mapper = mappers[feed.mapping];
    if (!mapper) mapper = std::make_unique<mapping::Mapper>(knowledge.mappings.at(feed.mapping));
    auto [environment, fresh] = environments.try_emplace(feed.name.value());
    if (fresh) environment->second = environment_of(config, feed);
    const auto output = mapper->map(message, environment->second);
    if (!output) return;
    tally.add(feed.name.value(), entry.control_id.value(), entry.received,
              (*output)->vocab_misses);
  });
  if (!read) complain(read.error().text());
  return read.has_value();
}

/// What a running engine counted since its start.
std::optional<std::vector<mapping::Unmapped>> ask(const RunningEngine& engine,
                                                  const std::string& feed) {
  auto answer = call_engine(engine, "GET", "/api/v1/mapping/unmapped", {});
  fhir::Document document;
  auto tree = answer ? fhir::parse_json(*answer, document)
                     : core::Result<fhir::Node*>(core::fail(answer.error()));
  if (!tree) {
    complain(tree.error().text());
    return std::nullopt;
  }
  std::vector<mapping::Unmapped> out;
  const fhir::Node* list = (*tree)->find("unmapped");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    const fhir::Node& node = *item->value;
    mapping::Unmapped one;
    one.feed = node.text_of("feed");
    if (!feed.empty() && one.feed != feed) continue;
    one.vocab = node.text_of("vocab");
    one.code = node.text_of("code");
    one.count = std::strtoull(std::string(node.text_of("count")).c_str(), nullptr, 10);
    one.first_control_id = node.text_of("first");
    one.last_control_id = node.text_of("last");
    if (auto at = core::from_iso(node.text_of("first_seen"))) one.first_seen = *at;
    if (auto at = core::from_iso(node.text_of("last_seen"))) one.last_seen = *at;
    out.push_back(std::move(one));
  }
  return out;
}

void print_list(const UnmappedOptions& options, const Context& context,
                const std::vector<mapping::Unmapped>& unmapped,
                const std::vector<mapping::VocabFacts>& vocabs) {
  if (context.json) {
    for (const mapping::Unmapped& one : unmapped) print(admin::unmapped_json(one));
    return;
  }
  if (!options.rows) {
    for (const mapping::Unmapped& one : unmapped) {
      const std::string ids = one.first_control_id == one.last_control_id
                                  ? one.first_control_id
                                  : one.first_control_id + " .. " + one.last_control_id;
      print(fmt::format("{:>8} {:<16} {:<40} {:<24} {}", one.count, one.feed, one.vocab, one.code,
                        ids));
    }
    print("");
  }
  print(vocab_rows(unmapped, vocabs));
}

}  // namespace

std::string vocab_rows(const std::vector<mapping::Unmapped>& unmapped,
                       const std::vector<mapping::VocabFacts>& vocabs) {
  std::map<std::string, std::map<std::string, std::pair<std::uint64_t, std::set<std::string>>>>
      by_vocab;
  for (const mapping::Unmapped& one : unmapped) {
    if (one.code == mapping::kLongCode) continue;
    auto& [count, feeds] = by_vocab[one.vocab][one.code];
    count += one.count;
    feeds.insert(one.feed);
  }
  std::string out;
  for (const auto& [name, codes] : by_vocab) {
    if (!out.empty()) out += "---\n";
    for (const mapping::VocabFacts& vocab : vocabs) {
      if (vocab.name != name) continue;
      out += fmt::format("# {}:{}, into {}\n", vocab.file, vocab.line,
                         vocab.to.empty() ? "several systems" : vocab.to);
      out += fmt::format("# targets so far: {}\n", targets_of(vocab));
      break;
    }
    out += fmt::format("overlay: {}\nmap:\n", core::yaml::quoted(name));
    for (const auto& [code, seen] : codes) {
      std::string feeds;
      for (const std::string& feed : seen.second) feeds += (feeds.empty() ? "" : ", ") + feed;
      out += fmt::format("  {}: ''    # {} times from {}\n", core::yaml::quoted(code), seen.first,
                         feeds);
    }
  }
  if (!out.empty()) out.pop_back();
  return out;
}

void report_unmapped(const UnmappedOptions& options, Context& context) {
  context.exit = kUsage;
  if (options.files.empty() && options.config.empty()) {
    complain("name HL7 files, or --config of an engine");
    return;
  }
  std::vector<mapping::Unmapped> unmapped;
  std::vector<mapping::VocabFacts> vocabs;
  std::uint64_t dropped = 0;
  mapping::UnmappedTally tally;
  if (!options.files.empty()) {
    const auto bench = Workbench::open({options.config, options.feed, options.mappings, {}});
    if (!bench || !run_files(options, *bench, tally)) return;
    vocabs = mapping::vocab_facts(*bench->set);
    unmapped = tally.list();
  } else {
    const auto config = read_config(options.config);
    if (!config) return;
    const auto knowledge = load_knowledge(data_for(*config), mapping_names(*config));
    if (!knowledge) return;
    for (const auto& [name, set] : knowledge->mappings) {
      for (auto& facts : mapping::vocab_facts(*set)) vocabs.push_back(std::move(facts));
    }
    context.exit = kUnreachable;
    const auto running = find_running(*config);
    if (running && options.from.empty()) {
      auto counted = ask(*running, options.feed);
      if (!counted) return;
      unmapped = std::move(*counted);
    } else {
      if (!run_journal(options, *config, *knowledge, tally)) return;
      unmapped = tally.list();
    }
  }
  dropped = tally.dropped();
  print_list(options, context, unmapped, vocabs);
  if (dropped > 0) complain(fmt::format("{} more occurrences were not listed one by one", dropped));
  context.exit = unmapped.empty() ? kOk : kFindings;
}

}  // namespace cli
