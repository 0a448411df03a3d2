#include "ig_evidence.hpp"

#include <core/text.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace cli::ig {
namespace {

/// Sister types: one conversion of ours serves them all, whatever the version calls the field.
bool sisters(std::string_view a, std::string_view b) {
  static constexpr std::string_view kFamilies[][8] = {
      {"CWE", "CE", "CNE", "CF", "IS", "ID"}, {"DTM", "TS", "DT"}, {"XPN", "PN"},
      {"XCN", "CN", "PPN"}, {"XAD", "AD"}, {"XTN", "TN"}, {"CX", "CK"}, {"ST", "TX", "FT"}};
  if (a == b) return true;
  for (const auto& family : kFamilies) {
    const auto in = [&](std::string_view type) {
      return std::find(std::begin(family), std::end(family), type) != std::end(family);
    };
    if (in(a) && in(b)) return true;
  }
  return false;
}

std::string joined(std::string_view type, std::string_view path) {
  return core::ascii_lower(path.empty() ? std::string(type)
                                        : fmt::format("{}.{}", type, path));
}

bool holds(const std::set<std::string>& facts, const std::string& key) {
  const auto at = facts.lower_bound(key);
  if (at != facts.end() && *at == key) return true;
  const auto below = facts.lower_bound(key + ".");
  return below != facts.end() && below->starts_with(key + ".");
}

bool proves(const std::set<std::string>& facts, std::string_view type, std::string_view path,
            std::string_view constant) {
  const std::string key = joined(type, path);
  return constant.empty() ? holds(facts, key)
                          : facts.contains(fmt::format("{}={}", key, constant));
}

}  // namespace

Evidence::Evidence(const schema::V2Schema& v2, const schema::R4& r4,
                   const mapping::MappingSet& set)
    : v2_(v2), r4_(r4), rules_(mapping::rule_facts(set)) {}

bool Evidence::field(std::string_view segment, int number, std::string_view type,
                     std::string_view path, std::string_view constant) const {
  const auto found = fields_.find(fmt::format("{}-{}", segment, number));
  return found != fields_.end() && proves(found->second, type, path, constant);
}

bool Evidence::component(std::string_view datatype, int number, std::string_view type,
                         std::string_view path, std::string_view constant) const {
  for (const auto& [key, facts] : components_) {
    const std::size_t dot = key.find('.');
    if (core::to_int(key.substr(dot + 1)) != number) continue;
    if (!sisters(std::string_view(key).substr(0, dot), datatype)) continue;
    if (proves(facts, type, path, constant)) return true;
  }
  return false;
}

bool Evidence::message(std::string_view place, std::string_view type,
                       std::string_view path) const {
  const std::size_t end = place.find_first_of(".:");
  const std::string_view structure = place.substr(0, end);
  const std::size_t last = place.rfind('.');
  std::string key(place);
  if (place.find(':') != place.npos || !known_places_.contains(key)) {
    key = fmt::format("{}.*.{}", structure, place.substr(last + 1));
  }
  const auto found = places_.find(key);
  return found != places_.end() && holds(found->second, joined(type, path));
}

void Evidence::add(const hl7::Message& message, const mapping::MapOutput& output) {
  message_ = &message;
  output_ = &output;
  version_ = v2_.version(message.get("MSH-12.1"));
  if (!version_) version_ = &v2_.newest();
  group(message, output);
  for (const mapping::Draft& draft : output.drafts) {
    std::vector<Leaf> leaves;
    const std::string type(draft.type);
    walk(*draft.root, {}, type, {{type, 0}}, leaves);
    for (Leaf& leaf : leaves) {
      for (const Source& source : leaf.sources) record(leaf, source, {});
      if (leaf.literal && leaf.sources.empty()) leaf.sources.emplace_back();
      if (leaf.literal) {
        for (const Source& source : leaf.sources) record(leaf, source, leaf.node->text);
      }
      record_place(leaf);
    }
  }
}

/// Leaves below a node; items of lists and objects below the root are recorded with the constants
/// they hold.
void Evidence::walk(const fhir::Node& node, const std::string& path, const std::string& context,
                    const std::vector<Step>& chain, std::vector<Leaf>& leaves) {
  if (node.is_leaf()) {
    Leaf leaf{&node, path, chain, false, {}, {}};
    describe(leaf);
    leaves.push_back(std::move(leaf));
    return;
  }
  const std::size_t first = leaves.size();
  for (const fhir::Item* item = node.first_item; item; item = item->next) {
    walk(*item->value, path, context, chain, leaves);
  }
  for (const fhir::Member* member = node.first_member; member; member = member->next) {
    std::string_view name = member->name;
    if (path.empty() && name == "resourceType") continue;
    if (name.starts_with('_')) name.remove_prefix(1);
    std::string below = path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
    std::string_view type;
    const schema::ElementDef* def = r4_.child(context, name, &type);
    if (name == "extension") type = "Extension";
    if (type.empty() && def && !def->types.empty()) type = def->types.front();
    std::vector<Step> steps = chain;
    std::string inner(type);
    if (def && (type == "BackboneElement" || type == "Element")) {
      inner = def->path;
    } else {
      steps.push_back({std::string(type), below.size() + 1});
    }
    walk(*member->value, below, inner, steps, leaves);
  }
  if (node.is_object() && !path.empty()) record_item(leaves, first, leaves.size());
}

/// A constant stands for the sources of what it stands beside.
void Evidence::record_item(const std::vector<Leaf>& leaves, std::size_t first,
                           std::size_t end) {
  for (std::size_t i = first; i < end; ++i) {
    if (!leaves[i].literal) continue;
    for (std::size_t k = first; k < end; ++k) {
      if (k == i || leaves[k].literal) continue;
      for (const Source& source : leaves[k].sources) {
        record(leaves[i], source, leaves[i].node->text);
        record(leaves[i], source, {});
      }
    }
  }
}

void Evidence::describe(Leaf& leaf) {
  const std::uint32_t mark = leaf.node->lineage;
  if (mark == 0 || mark > output_->lineage.size()) {
    leaf.literal = true;                       // written by the engine: an extension's url
    return;
  }
  const mapping::Lineage& at = output_->lineage[mark - 1];
  leaf.literal = at.segment == mapping::Lineage::kLiteral;
  if (!leaf.literal && at.field > 0) {
    leaf.sources.push_back(source_at(at.segment, at.field, at.component, at.subcomponent));
  }
  if (at.rule >= rules_.size()) return;
  const mapping::RuleFacts& facts = rules_[at.rule];
  if (!facts.is_datatype) leaf.segment = facts.source;
  sources_of_rule(facts, at, leaf);
}

void Evidence::sources_of_rule(const mapping::RuleFacts& facts, const mapping::Lineage& at,
                               Leaf& leaf) {
  bool base_is_component = false, known_base = false;
  for (const mapping::SourceRef& ref : facts.refs) {
    if (known_base || !ref.segment.empty() || ref.condition || ref.component == 0) continue;
    known_base = true;
    base_is_component = at.component != ref.component && at.subcomponent == ref.component;
  }
  for (const mapping::SourceRef& ref : facts.refs) {
    if (ref.condition && !leaf.literal) continue;
    if (!ref.segment.empty()) {
      hl7::SegmentView segment;
      if (at.segment != mapping::Lineage::kLiteral) segment = message_->segment(at.segment);
      if (!segment.present() || segment.name() != ref.segment) {
        segment = message_->find(ref.segment);
      }
      if (!segment.present() || segment.field(ref.field).empty()) continue;
      leaf.sources.push_back(
          source_at(segment.index(), ref.field, ref.component, ref.subcomponent));
    } else if (leaf.literal) {
      Source source;
      if (facts.is_datatype) add_components(facts.source, ref.component, ref.subcomponent, source);
      leaf.sources.push_back(std::move(source));
    } else {
      const hl7::Value field = message_->segment(at.segment).field(at.field);
      hl7::Value base = field.repetition(at.repetition > 0 ? at.repetition : 1);
      int component = ref.component, subcomponent = ref.subcomponent;
      if (base_is_component) {
        subcomponent = component;
        component = at.component;
      }
      if (component > 0) base = base.child(component);
      if (subcomponent > 0) base = base.child(subcomponent);
      if (base.empty()) continue;
      leaf.sources.push_back(source_at(at.segment, at.field, component, subcomponent));
    }
  }
}

void Evidence::record(const Leaf& leaf, const Source& source, std::string_view constant) {
  const std::string& segment = leaf.segment;
  std::string seen = fmt::format("{}|{}|{}|{}|{}|", leaf.chain.front().type, leaf.path, segment,
                                 source.field, constant);
  for (const auto& [type, number] : source.components) seen += fmt::format("{}.{},", type, number);
  if (!seen_.insert(seen).second) return;
  for (const Step& step : leaf.chain) {
    const std::string_view path = step.offset >= leaf.path.size()
                                      ? std::string_view()
                                      : std::string_view(leaf.path).substr(step.offset);
    std::string fact = joined(step.type, path);
    if (!constant.empty()) fact += fmt::format("={}", constant);
    if (!source.field.empty()) fields_[source.field].insert(fact);
    if (!segment.empty()) fields_[segment + "-0"].insert(fact);
    for (const auto& [type, number] : source.components) {
      components_[fmt::format("{}.{}", type, number)].insert(fact);
    }
    // The address of an extension is no leaf of its own rule: it stands where its value does.
    if (const std::size_t at = fact.rfind("extension.value"); constant.empty() && at != fact.npos) {
      const std::string url = fact.substr(0, at) + "extension.url";
      if (!source.field.empty()) fields_[source.field].insert(url);
      if (!segment.empty()) fields_[segment + "-0"].insert(url);
      for (const auto& [type, number] : source.components) {
        components_[fmt::format("{}.{}", type, number)].insert(url);
      }
    }
  }
}

void Evidence::record_place(const Leaf& leaf) {
  const std::uint32_t mark = leaf.node->lineage;
  if (mark == 0 || mark > output_->lineage.size()) return;
  const std::uint32_t index = output_->lineage[mark - 1].segment;
  std::string name = leaf.segment;
  if (index != mapping::Lineage::kLiteral) name = message_->segment(index).name();
  if (name.empty()) return;
  const std::string fact = joined(leaf.chain.front().type, leaf.path);
  if (index != mapping::Lineage::kLiteral) places_[place_of_[index]].insert(fact);
  places_[fmt::format("{}.*.{}", output_->structure, name)].insert(fact);
  // The tables name ADT_A11, whose structure is ADT_A09's in every version.
  if (own_name_ != output_->structure) {
    places_[fmt::format("{}.*.{}", own_name_, name)].insert(fact);
  }
}

std::vector<std::string> Evidence::types_of(std::string_view segment, int field,
                                            std::uint32_t index) const {
  std::vector<std::string> out;
  const auto add = [&](std::string type) {
    if (!type.empty() && std::find(out.begin(), out.end(), type) == out.end()) {
      out.push_back(std::move(type));
    }
  };
  for (const schema::V2Version* version : {version_, &v2_.newest()}) {
    const schema::SegmentDef* def = version->segment(segment);
    if (!def || field < 1 || static_cast<std::size_t>(field) > def->fields.size()) continue;
    const schema::FieldDef& facts = def->fields[static_cast<std::size_t>(field) - 1];
    const bool varies = segment == "OBX" && field == 5;
    add(varies ? message_->segment(index).field(2).text() : facts.type);
  }
  return out;
}

void Evidence::add_components(std::string_view type, int component, int subcomponent,
                              Source& out) const {
  out.components.emplace_back(std::string(type), component);
  if (component == 0) {
    out.components.emplace_back(std::string(type), 1);
    component = 1;
  }
  for (const schema::V2Version* version : {version_, &v2_.newest()}) {
    const schema::DatatypeDef* def = version->datatype(type);
    if (!def || static_cast<std::size_t>(component) > def->components.size()) continue;
    const std::string& inner = def->components[static_cast<std::size_t>(component) - 1].type;
    if (inner.empty() || inner == type) continue;
    out.components.emplace_back(inner, subcomponent == 0 ? 1 : subcomponent);
  }
}

Evidence::Source Evidence::source_at(std::uint32_t segment, int field, int component,
                                     int subcomponent) const {
  Source out;
  const hl7::SegmentView view = message_->segment(segment);
  out.field = fmt::format("{}-{}", view.name(), field);
  for (const std::string& type : types_of(view.name(), field, segment)) {
    add_components(type, component, subcomponent, out);
  }
  return out;
}

void Evidence::know_structure(const std::string& id) {
  if (!known_structures_.insert(id).second) return;
  const auto walk = [&](const auto& self, const schema::StructureNode& node,
                        const std::string& path) -> void {
    for (const schema::StructureNode& child : node.children) {
      const std::string below = fmt::format("{}.{}", path, child.name);
      if (child.is_group) {
        self(self, child, below);
      } else {
        known_places_.insert(below);
      }
    }
  };
  for (const std::string& name : v2_.versions()) {
    const schema::V2Version* version = v2_.version(name);
    if (const schema::StructureDef* def = version ? version->structure(id) : nullptr) {
      walk(walk, def->root, id);
    }
  }
}

void Evidence::group(const hl7::Message& message, const mapping::MapOutput& output) {
  const hl7::Header header = hl7::read_header(message);
  own_name_ = fmt::format("{}_{}", header.type, header.trigger);
  place_of_.assign(message.segment_count(), {});
  const schema::StructureMatch match = v2_.find_structure(*version_, header.type, header.trigger,
                                                          output.structure);
  if (!match.structure) return;
  know_structure(match.structure->id);
  schema::GroupTree tree;
  hl7::Issues ignored;
  schema::group(message, *match.structure, tree, ignored);
  for (std::uint32_t i = 0; i < message.segment_count(); ++i) {
    std::string path(message.segment(i).name());
    std::uint32_t at = tree.group_of[i];
    while (at != schema::GroupTree::kNone && tree.groups[at].parent != schema::GroupTree::kNone) {
      path = fmt::format("{}.{}", tree.groups[at].def->name, path);
      at = tree.groups[at].parent;
    }
    place_of_[i] = fmt::format("{}.{}", match.structure->id, path);
  }
}

}  // namespace cli::ig
