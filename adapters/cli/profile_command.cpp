#include "profile_command.hpp"

#include <fmt/format.h>

#include "journal_messages.hpp"
#include "workbench.hpp"

namespace cli {
namespace {

core::Result<schema::V2Schema> schemas() {
  return schema::V2Schema::load(shipped_data().schemas + "/hl7v2");
}

bool learn_files(const ProfileOptions& options, const hl7::CharsetPolicy& charset,
                 const schema::V2Schema& v2, FeedProfile& profile) {
  bool good = true;
  for (const std::string& path : options.sources) {
    for (const std::string& file : message_files(path)) {
      const auto read = each_message(file, charset, [&](std::string_view text) {
        auto message = hl7::Message::parse(std::string(text));
        if (!message) return complain(file + ": " + message.error().text());
        profile.add(*message, v2);
      });
      if (read) continue;
      complain(file + ": " + read.error().text());
      good = false;
    }
  }
  return good;
}

/// Fills `profile` and finds its name. @return the exit code.
int learn(const ProfileOptions& options, FeedProfile& profile, std::string& name) {
  const auto v2 = schemas();
  if (!v2) {
    complain(v2.error().text());
    return kUsage;
  }
  name = options.name.empty() ? "files" : options.name;
  if (options.config.empty()) return learn_files(options, {}, *v2, profile) ? kOk : kUsage;
  const auto config = read_config(options.config);
  if (!config) return kUsage;
  const pipeline::FeedConfig* feed = config->feed(core::FeedName{options.sources.front()});
  if (!feed || options.sources.size() > 1) {
    complain("with --config, name one of its feeds");
    return kUsage;
  }
  JournalRange range;
  range.feed = feed->name.value();
  if (!set_from(range, options.from)) {
    complain("--from takes a sequence or a date");
    return kUsage;
  }
  if (options.name.empty()) name = feed->name.value();
  const auto read = each_stored(*config, range,
                                [&](const store::Entry&, const pipeline::FeedConfig&,
                                    const hl7::Message& message) { profile.add(message, *v2); });
  if (read) return kOk;
  complain(read.error().text());
  return kUnreachable;
}

void print_drift(const Context& context, const std::vector<FeedProfile::Drift>& drift) {
  for (const FeedProfile::Drift& one : drift) {
    if (!context.json) {
      print(fmt::format("{:<18} {:<14} {}", one.what, one.where, one.detail));
      continue;
    }
    std::string line = "{";
    json_member(line, "drift", one.what);
    json_member(line, "where", one.where);
    json_member(line, "detail", one.detail);
    print(line + "}");
  }
}

}  // namespace

void run_profile(const ProfileOptions& options, Context& context) {
  FeedProfile profile;
  std::string name;
  context.exit = learn(options, profile, name);
  if (context.exit != kOk) return;
  if (profile.messages() == 0) {
    complain("no message to learn from");
    context.exit = kUsage;
    return;
  }
  if (!options.against.empty()) {
    const auto text = read_file(options.against);
    const auto before = text ? FeedProfile::read(*text, options.against)
                             : core::Result<FeedProfile>(core::fail(text.error()));
    if (!before) {
      complain(before.error().text());
      context.exit = kUsage;
      return;
    }
    const auto drift = before->drift(profile);
    print_drift(context, drift);
    if (!context.json) {
      print(fmt::format("{} messages, {} differences from {}", profile.messages(), drift.size(),
                        options.against));
    }
    context.exit = drift.empty() ? kOk : kFindings;
  }
  const std::string text = profile.yaml(name);
  if (!options.out.empty()) {
    if (auto written = write_file(options.out, text); !written) {
      complain(written.error().text());
      context.exit = kUsage;
    }
  } else if (options.against.empty()) {
    print(text.substr(0, text.size() - 1));
  }
}

}  // namespace cli
