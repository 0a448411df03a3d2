#include "overlays.hpp"

#include <fhir/json.hpp>
#include <mapping/overlay_report.hpp>
#include <store/journal.hpp>

#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "workbench.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

inline constexpr std::uint64_t kEntriesRead = 512;

mapping::MappingTexts texts_of(const pipeline::Knowledge& knowledge) {
  mapping::MappingTexts out;
  std::set<std::string> seen;
  for (const auto& [name, set] : knowledge.mappings) {
    for (const auto& [file, text] : set->source_texts()) {
      if (seen.insert(file).second) out.emplace_back(file, text);
    }
  }
  return out;
}

mapping::MappingTexts texts_below(const std::string& folder) {
  mapping::MappingTexts out;
  std::set<fs::path> files;
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator(folder, failed)) {
    const std::string extension = entry.path().extension().string();
    if (entry.path().filename() == "DECLINED.yaml") continue;
    if (extension == ".yaml" || extension == ".yml") files.insert(entry.path());
  }
  for (const fs::path& file : files) {
    if (auto text = read_file(file.string())) out.emplace_back(file.string(), std::move(*text));
  }
  return out;
}

/// Mapping files of the configuration that ran last, from the journal; empty when there is none.
mapping::MappingTexts texts_that_ran(const pipeline::EngineConfig& config) {
  mapping::MappingTexts out;
  auto journal = store::Journal::open_read_only(config.store_path + "/journal");
  if (!journal) return out;
  for (std::uint64_t end = (*journal)->head().value(); end > 0 && out.empty();) {
    const std::uint64_t begin = end > kEntriesRead ? end - kEntriesRead : 0;
    auto entries = (*journal)->read(core::Sequence{begin}, end - begin);
    if (!entries) return out;
    for (auto entry = entries->rbegin(); entry != entries->rend() && out.empty(); ++entry) {
      if (entry->kind != store::EntryKind::kConfig) continue;
      fhir::Document document;
      auto tree = fhir::parse_json(entry->raw, document);
      if (!tree) continue;
      for (const fhir::Member* file = (*tree)->first_member; file; file = file->next) {
        if (file->name == "chartwire.yaml") continue;
        out.emplace_back(std::string(file->name), std::string(file->value->text));
      }
    }
    end = begin;
  }
  return out;
}

void print_touch(const Context& context, const mapping::OverlayTouch& touch) {
  const std::string place = fmt::format("{}:{}", touch.file, touch.line);
  const std::string base = touch.base_file.empty()
                               ? std::string()
                               : fmt::format("{}:{}", touch.base_file, touch.base_line);
  if (context.json) {
    std::string line = "{";
    json_member(line, "overlay", place);
    json_member(line, "name", touch.overlay);
    json_member(line, "target", touch.target);
    json_member(line, "change", touch.change);
    json_member(line, "base", base);
    print(line + "}");
    return;
  }
  print(fmt::format("{} {} {} {}{}", place, touch.change, touch.overlay, touch.target,
                    base.empty() ? "" : " of " + base));
}

void print_change(const Context& context, const mapping::OverlayChange& change) {
  const std::string place = fmt::format("{}:{}", change.touch.file, change.touch.line);
  if (context.json) {
    std::string line = "{";
    json_member(line, "changed_below", place);
    json_member(line, "name", change.touch.overlay);
    json_member(line, "target", change.touch.target);
    json_member(line, "before", change.before);
    json_member(line, "now", change.now);
    print(line + "}");
    return;
  }
  print(fmt::format("CHANGED below {}: {} {}\n    was: {}\n    is:  {}", place,
                    change.touch.overlay, change.touch.target,
                    change.before.empty() ? "(nothing)" : change.before,
                    change.now.empty() ? "(nothing)" : change.now));
}

}  // namespace

void report_overlays(const pipeline::Knowledge& knowledge, const std::string& before,
                     const pipeline::EngineConfig* config, Context& context) {
  const mapping::MappingTexts now = texts_of(knowledge);
  const auto touches = mapping::overlay_touches(now);
  if (!touches) {
    context.exit = kUsage;
    return complain(touches.error().text());
  }
  for (const mapping::OverlayTouch& touch : *touches) print_touch(context, touch);
  mapping::MappingTexts old;
  if (!before.empty()) {
    old = texts_below(before);
    if (old.empty()) {
      context.exit = kUsage;
      return complain("no mapping files below " + before);
    }
  } else if (config) {
    old = texts_that_ran(*config);
  }
  if (old.empty()) return;
  const auto changes = mapping::overlay_changes(old, now);
  if (!changes) {
    context.exit = kUsage;
    return complain(changes.error().text());
  }
  for (const mapping::OverlayChange& change : *changes) print_change(context, change);
  if (!changes->empty() && context.exit == kOk) context.exit = kFindings;
}

}  // namespace cli
