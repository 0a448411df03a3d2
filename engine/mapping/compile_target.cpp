#include <core/text.hpp>

#include <fmt/format.h>

#include "compiler.hpp"

/// Target paths: `name.given`, `value[x]`, `ext.religion`, `birthDate.ext.birthTime`.
namespace mapping {

Prim prim_of(std::string_view type) {
  static const std::map<std::string_view, Prim> kPrims = {
      {"string", Prim::kString}, {"markdown", Prim::kMarkdown}, {"code", Prim::kCode},
      {"id", Prim::kId}, {"uri", Prim::kUri}, {"url", Prim::kUri}, {"canonical", Prim::kUri},
      {"oid", Prim::kUri}, {"uuid", Prim::kUri}, {"boolean", Prim::kBoolean},
      {"integer", Prim::kInteger}, {"positiveInt", Prim::kPositiveInt},
      {"unsignedInt", Prim::kUnsignedInt}, {"decimal", Prim::kDecimal}, {"date", Prim::kDate},
      {"dateTime", Prim::kDateTime}, {"instant", Prim::kInstant}, {"time", Prim::kTime},
      {"base64Binary", Prim::kBase64}};
  const auto found = kPrims.find(type);
  return found == kPrims.end() ? Prim::kComplex : found->second;
}

bool is_text(Prim prim) {
  return prim == Prim::kString || prim == Prim::kMarkdown || prim == Prim::kCode ||
         prim == Prim::kId || prim == Prim::kUri;
}

namespace {

std::string capitalised(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

}  // namespace

void Compiler::set_type(Element& element, std::string_view type, std::string_view parent_path) {
  element.type = type;
  element.prim = prim_of(type);
  element.open_choice = false;
  if (type.starts_with('@')) {                       // the content of another element
    element.context = type.substr(1);
    element.type = "BackboneElement";
  } else if (type == "BackboneElement" || type == "Element") {
    element.context = element.def ? element.def->path : std::string(parent_path);
    if (element.context.ends_with("[x]")) element.context.resize(element.context.size() - 3);
  } else {
    element.context = type;
  }
}

std::vector<std::string_view> Compiler::child_names(const std::string& context) const {
  std::vector<std::string_view> out;
  for (const schema::ElementDef& def : r4_.children(context)) {
    if (!def.choice) {
      out.push_back(def.name);
      continue;
    }
    out.push_back(program_.strings.keep(def.name + "[x]"));
    for (const std::string& type : def.types) {
      out.push_back(program_.strings.keep(def.name + capitalised(type)));
    }
  }
  return out;
}

bool Compiler::step_into(Element& at, std::string_view name, const Spot& spot,
                         std::string_view map) {
  Element next;
  next.path = fmt::format("{}.{}", at.path, name);
  next.clearable = at.clearable && !at.repeats;
  const bool open = name.ends_with("[x]");
  const std::string_view base = open ? name.substr(0, name.size() - 3) : name;
  std::string_view type;
  const schema::ElementDef* def = nullptr;
  if (open) {
    for (const schema::ElementDef& child : r4_.children(at.context)) {
      if (child.choice && child.name == base) def = &child;
    }
  } else {
    def = r4_.child(at.context, name, &type);
    for (const schema::ElementDef& child : r4_.children(at.context)) {
      if (!def && child.choice && child.name == name) def = &child;
    }
    if (def && def->choice && type.empty()) {
      report_.error(spot, fmt::format("{}: \"{}\" can have several types", map, next.path),
                    fmt::format("write \"{}[x]\" with `type:`, or \"{}{}\"", base, base,
                                capitalised(def->types.empty() ? "" : def->types[0])));
      return false;
    }
  }
  if (!def) {
    report_.error(spot, fmt::format("{}: {} has no element \"{}\"", map, at.path, name),
                  did_you_mean(name, child_names(at.context)));
    return false;
  }
  next.def = def;
  next.repeats = def->repeats;
  next.member = program_.strings.keep(name);
  if (def->choice) next.choice = program_.strings.keep(def->name);
  if (open) {
    next.open_choice = true;
    next.member = {};
  } else {
    set_type(next, type.empty() && !def->types.empty() ? std::string_view(def->types[0]) : type,
             next.path);
  }
  at = std::move(next);
  return true;
}

bool Compiler::step_extension(Element& at, std::string_view name, const Spot& spot,
                              std::string_view map) {
  const auto found = documents_.extensions.find(name);
  if (found == documents_.extensions.end()) {
    std::vector<std::string_view> names;
    for (const auto& [each, decl] : documents_.extensions) names.push_back(each);
    report_.error(spot, fmt::format("{}: unknown extension \"{}\"", map, name),
                  did_you_mean(name, names));
    return false;
  }
  const ExtensionDecl& decl = found->second;
  Element next;
  next.path = fmt::format("{}.ext.{}", at.path, name);
  next.url = program_.strings.keep(decl.url);
  next.repeats = !decl.single;
  if (decl.type != "Extension") {
    const std::string member = "value" + capitalised(decl.type);
    if (!r4_.child("Extension", member)) {
      report_.error(decl.spot, fmt::format("extension {}: no type \"{}\"", name, decl.type));
      return false;
    }
    next.member = program_.strings.keep(member);
  }
  set_type(next, decl.type, next.path);
  at = std::move(next);
  return true;
}

bool Compiler::resolve(const Element& parent, std::string_view target, const Spot& spot,
                       std::string_view map, Element& out, Range& steps, std::string_view& first) {
  const std::vector<std::string_view> names = core::split(target, '.');
  std::vector<Step> found;
  std::string_view first_choice;
  Element at = parent;
  at.repeats = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool extension = names[i] == "ext";
    if (i > 0) {                                     // what was reached becomes a parent
      if (at.open_choice) {
        report_.error(spot, fmt::format("{}: nothing can follow \"{}\"", map, at.path));
        return false;
      }
      if (at.prim != Prim::kComplex) {
        if (!extension || at.repeats || !at.url.empty()) {
          report_.error(spot, fmt::format("{}: {} is a {} and has no children", map, at.path,
                                          at.type));
          return false;
        }
        found.push_back({Step::Kind::kMember,
                         program_.strings.keep("_" + std::string(at.member))});
      } else if (!at.url.empty()) {
        found.push_back({Step::Kind::kExtension, at.url});
        if (!at.member.empty()) found.push_back({Step::Kind::kMember, at.member});
      } else {
        found.push_back({at.repeats ? Step::Kind::kFirstItem : Step::Kind::kMember, at.member});
      }
    }
    if (!extension) {
      if (!step_into(at, names[i], spot, map)) return false;
      if (i == 0) first_choice = at.choice;
    } else if (i + 1 == names.size()) {
      report_.error(spot, fmt::format("{}: expected a name after \"ext\"", map));
      return false;
    } else if (!step_extension(at, names[++i], spot, map)) {
      return false;
    }
  }
  if (!at.url.empty() && at.type == "Extension") {
    report_.error(spot, fmt::format("{}: {} has parts, no value of its own", map, at.path),
                  "write ext.NAME.ext.PART");
    return false;
  }
  steps = {static_cast<std::uint32_t>(program_.steps.size()),
           static_cast<std::uint32_t>(found.size())};
  program_.steps.insert(program_.steps.end(), found.begin(), found.end());
  first = found.empty() ? (at.url.empty() ? at.member : std::string_view("extension"))
          : found[0].kind == Step::Kind::kExtension ? std::string_view("extension")
                                                    : found[0].name;
  at.first_choice = first_choice;
  out = std::move(at);
  return true;
}

}  // namespace mapping
