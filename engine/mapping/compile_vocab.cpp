#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// Code tables: v2 code -> FHIR code, and their check against required bindings.
namespace mapping {

using core::yaml::Node;

void Compiler::compile_vocabs() {
  for (const VocabDecl& decl : documents_.vocabs) compile_vocab(decl);
  vocab_used_.assign(program_.vocabs.size(), false);
}

bool Compiler::vocab_row(const core::yaml::Entry& entry, const Spot& spot, VocabRow& out) {
  const Node& value = entry.second;
  out.from = program_.strings.keep(entry.first);
  if (value.is_scalar()) {
    out.code = program_.strings.keep(value.scalar);
    return true;
  }
  if (value.is_null()) return true;
  bool good = value.is_mapping() && value.find("code");
  for (std::size_t i = 0; good && i < value.entries.size(); ++i) {
    const auto& [key, text] = value.entries[i];
    good = text.is_scalar() && (key == "code" || key == "display" || key == "system");
    const std::string_view kept = program_.strings.keep(text.scalar);
    if (key == "code") out.code = kept;
    if (key == "display") out.display = kept;
    if (key == "system") {
      const auto alias = documents_.systems.find(kept);
      out.system = alias == documents_.systems.end() ? kept
                                                     : program_.strings.keep(alias->second);
    }
  }
  if (!good) {
    report_.error(spot, fmt::format("row \"{}\": expected a code or {{code, display, system}}",
                                    entry.first));
  }
  return good;
}

void Compiler::compile_vocab(const VocabDecl& decl) {
  Vocab vocab;
  vocab.name = decl.name;
  vocab.info = add_info(decl.spot, decl.name, "");
  const auto text = [&](std::string_view key) {
    const Node* found = decl.node->find(key);
    return found ? program_.strings.keep(found->scalar) : std::string_view();
  };
  vocab.table = text("from");
  vocab.to = text("to");
  if (const auto alias = documents_.systems.find(vocab.to); alias != documents_.systems.end()) {
    vocab.to = program_.strings.keep(alias->second);
  }
  vocab.has_fallback = decl.node->find("default") != nullptr;
  vocab.fallback = text("default");
  const auto choose = [&](std::string_view key, std::vector<std::string_view> allowed) {
    const Node* found = decl.node->find(key);
    if (!found) return std::string_view();
    if (std::find(allowed.begin(), allowed.end(), found->scalar) == allowed.end()) {
      report_.error(decl.spot.at(*found), fmt::format("{}: {} cannot be \"{}\"", decl.name, key,
                                                      found->scalar),
                    did_you_mean(found->scalar, allowed));
    }
    return std::string_view(found->scalar);
  };
  const std::string_view unmapped = choose("unmapped", {"warn", "queue", "error", "ignore"});
  if (unmapped == "queue") vocab.unmapped = Vocab::Unmapped::kQueue;
  if (unmapped == "error") vocab.unmapped = Vocab::Unmapped::kError;
  if (unmapped == "ignore") vocab.unmapped = Vocab::Unmapped::kIgnore;
  vocab.keep_original = choose("keep", {"original"}) == "original";
  vocab.ignore_case = choose("case", {"exact", "ignore"}) == "ignore";
  const Node* map = decl.node->find("map");
  if (!map || !map->is_mapping() || map->entries.size() > kVocabRowsMax) {
    report_.error(decl.spot, fmt::format("vocab {}: expected `map: {{code: code}}`", decl.name));
  } else {
    for (std::size_t i = 0; i < map->entries.size(); ++i) {
      VocabRow row;
      if (vocab_row(map->entries[i], {decl.spot.file, map->key_places[i]}, row)) vocab.add(row);
    }
  }
  for (const Placed& rows : decl.added_rows) {
    for (std::size_t i = 0; i < rows.node->entries.size(); ++i) {
      VocabRow row;
      const Spot spot{rows.spot.file, rows.node->key_places[i]};
      if (vocab_row(rows.node->entries[i], spot, row)) vocab.put(row);
    }
  }
  for (const Placed& rows : decl.removed) {
    for (const Node& code : rows.node->items) {
      if (!vocab.erase(code.scalar)) {
        report_.error(rows.spot.at(code), fmt::format("vocab {} has no row \"{}\"", decl.name,
                                                      code.scalar));
      }
    }
  }
  vocab.build();
  vocab_index_[decl.name] = static_cast<std::uint32_t>(program_.vocabs.size());
  program_.vocabs.push_back(std::move(vocab));
}

std::uint32_t Compiler::find_vocab(const Node& node, const Scope& scope) {
  const auto found = vocab_index_.find(node.scalar);
  if (found != vocab_index_.end()) {
    vocab_used_[found->second] = true;
    return found->second;
  }
  std::vector<std::string_view> names;
  for (const auto& [name, index] : vocab_index_) names.push_back(name);
  report_.error(scope.spot(node), fault(scope, fmt::format("no vocab \"{}\"", node.scalar)),
                did_you_mean(node.scalar, names));
  return kNil;
}

void Compiler::check_code(const Spot& spot, const Element& element, const Scope& scope,
                          std::string_view code) {
  if (!element.def || element.def->required_binding.empty() || code.empty()) return;
  const auto allowed = r4_.codes(element.def->required_binding);
  if (allowed.empty() || std::find(allowed.begin(), allowed.end(), code) != allowed.end()) return;
  report_.error(spot,
                fault(scope, fmt::format("\"{}\" is no code of {} ({})", code, element.path,
                                         element.def->required_binding)),
                did_you_mean(code, {allowed.begin(), allowed.end()}));
}

void Compiler::check_binding(const Spot& spot, const Element& element, const Scope& scope,
                             const Vocab& vocab) {
  if (!element.def || element.def->required_binding.empty()) return;
  const auto allowed = r4_.codes(element.def->required_binding);
  if (allowed.empty()) return;
  const auto check = [&](std::string_view code, std::string_view from) {
    if (code.empty() || std::find(allowed.begin(), allowed.end(), code) != allowed.end()) return;
    report_.error(spot,
                  fault(scope, fmt::format("vocab {} sends {} to \"{}\", which is no code of {} "
                                           "({})", vocab.name, from, code, element.path,
                                           element.def->required_binding)),
                  did_you_mean(code, {allowed.begin(), allowed.end()}));
  };
  for (const VocabRow& row : vocab.rows()) check(row.code, row.from);
  if (vocab.has_fallback) check(vocab.fallback, "the default");
}

void Compiler::warn_unused() {
  for (std::size_t i = 0; i < documents_.vocabs.size() && i < vocab_used_.size(); ++i) {
    if (vocab_used_[i]) continue;
    report_.warning(documents_.vocabs[i].spot,
                    fmt::format("no rule uses vocab {}", documents_.vocabs[i].name));
  }
  for (std::size_t i = 0; i < program_.maps.size(); ++i) {
    if (map_used_[i] || program_.maps[i].is_datatype) continue;
    report_.warning(documents_.maps[i].spot,
                    fmt::format("no plan uses map {}", program_.maps[i].name));
  }
}

}  // namespace mapping
