#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// What turns a v2 value into the element: data type maps, functions, literals, vocabularies.
namespace mapping {

using core::yaml::Node;

namespace {

struct NamedFunction {
  std::string_view name;
  Function function;
  std::string_view type;   ///< result; empty = any primitive text
};
constexpr NamedFunction kFunctions[] = {
    {"text", Function::kText, ""},
    {"date", Function::kDate, "date"},
    {"dateTime", Function::kDateTime, "dateTime"},
    {"instant", Function::kInstant, "instant"},
    {"planned-instant", Function::kPlannedInstant, "instant"},
    {"time", Function::kTime, "time"},
    {"mime", Function::kMime, ""},
    {"base64", Function::kBase64, "base64Binary"},
    {"encode-base64", Function::kEncodeBase64, "base64Binary"},
    {"ed-data", Function::kEdData, "base64Binary"},
    {"registry", Function::kRegistry, ""},
    {"authority", Function::kAuthority, ""},
    {"sampled", Function::kSampled, "SampledData"},
    {"range-low", Function::kRangeLow, "decimal"},
    {"range-high", Function::kRangeHigh, "decimal"},
    {"lower", Function::kLower, ""},
    {"upper", Function::kUpper, ""},
    {"decimal", Function::kDecimal, "decimal"},
    {"code", Function::kCode, ""},
};

/// A map made for one type also makes the types derived from it.
bool serves(std::string_view made, std::string_view wanted) {
  if (made == wanted) return true;
  if (made == "Quantity") {
    return wanted == "Age" || wanted == "Duration" || wanted == "Count" || wanted == "Distance" ||
           wanted == "SimpleQuantity" || wanted == "MoneyQuantity";
  }
  return is_text(prim_of(made)) && is_text(prim_of(wanted));
}

std::string_view usual_map(std::string_view type) {
  if (type == "Identifier") return "CX";
  if (type == "HumanName") return "XPN";
  if (type == "Address") return "XAD";
  if (type == "ContactPoint") return "XTN";
  if (type == "CodeableConcept") return "CWE";
  return {};
}

bool names_values(const Rule& rule, const std::vector<Term>& terms) {
  for (std::uint32_t i = rule.from.first; i < rule.from.end(); ++i) {
    const Term::Kind kind = terms[i].kind;
    if (kind != Term::Kind::kLiteral && kind != Term::Kind::kCoding &&
        kind != Term::Kind::kResource) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool Compiler::compile_as(const Node& node, const Element& element, const Scope& scope,
                          Rule& out) {
  if (const Node* vocab = node.find("vocab")) {
    out.vocab = find_vocab(*vocab, scope);
    if (out.vocab == kNil) return false;
    check_binding(scope.spot(*vocab), element, scope, program_.vocabs[out.vocab]);
    if (element.prim == Prim::kComplex && element.type != "CodeableConcept" &&
        element.type != "Coding") {
      report_.error(scope.spot(*vocab), fault(scope, fmt::format("{} is no coded element",
                                                                 element.path)));
      return false;
    }
  }
  const Node* as = node.find("as");
  if (!as) return true;
  if (as->scalar == "none") {
    out.vocab_only = true;
    return true;
  }
  for (const NamedFunction& one : kFunctions) {
    if (one.name != as->scalar) continue;
    const bool fits = one.type.empty() ? element.prim != Prim::kComplex
                                       : one.type == element.type;
    // A dateTime function on a date target and the like only says what the target says anyway.
    const bool dated = (one.type == "date" || one.type == "dateTime" || one.type == "instant") &&
                       (element.prim == Prim::kDate || element.prim == Prim::kDateTime);
    if (!fits && !dated) {
      report_.error(scope.spot(*as),
                    fault(scope, fmt::format("`as: {}` makes {}, but {} is a {}", one.name,
                                             one.type.empty() ? "text" : one.type, element.path,
                                             element.type)));
      return false;
    }
    out.function = one.function;
    if (one.function == Function::kSampled) out.all_repetitions = false;
    return true;
  }
  const auto found = map_index_.find(as->scalar);
  if (found == map_index_.end() || !program_.maps[found->second].is_datatype) {
    std::vector<std::string_view> names;
    for (const auto& [name, index] : map_index_) {
      if (program_.maps[index].is_datatype) names.push_back(name);
    }
    for (const NamedFunction& one : kFunctions) names.push_back(one.name);
    report_.error(scope.spot(*as), fault(scope, fmt::format("no data type map \"{}\"", as->scalar)),
                  did_you_mean(as->scalar, names));
    return false;
  }
  out.map = found->second;
  map_used_[out.map] = true;
  return check_map_type(scope.spot(*as), element, scope, out.map);
}

bool Compiler::check_map_type(const Spot& spot, const Element& element, const Scope& scope,
                              std::uint32_t map) {
  const MapInfo& info = program_.maps[map];
  if (info.type.empty()) return false;               // its own error has been reported
  if (scope.map != kNil) map_edges_[scope.map].push_back(map);
  if (info.is_resource && element.type == "Reference") {
    const auto& targets = element.def ? element.def->targets : std::vector<std::string>();
    if (!targets.empty() &&
        std::find(targets.begin(), targets.end(), info.type) == targets.end()) {
      std::string allowed;
      for (const std::string& each : targets) allowed += (allowed.empty() ? "" : ", ") + each;
      report_.error(spot, fault(scope, fmt::format("{} cannot refer to a {}", element.path,
                                                   info.type)),
                    "it takes " + allowed);
      return false;
    }
    return true;
  }
  if (serves(info.type, element.type)) return true;
  report_.error(spot, fault(scope, fmt::format("{} makes {}, but {} is a {}", info.name, info.type,
                                               element.path, element.type)));
  return false;
}

bool Compiler::default_map(const Node& node, const Element& element, const Scope& scope,
                           const V2Types& types, Rule& out) {
  const bool plain = out.map == kNil && out.function == Function::kNone && !out.vocab_only &&
                     out.concat == kNil && element.prim == Prim::kComplex;
  if (plain && out.has_from && names_values(out, program_.terms)) {
    std::string_view wanted = usual_map(element.type);
    if (!wanted.empty()) {
      for (std::string_view type : types) {
        const auto own = map_index_.find(type);
        if (own != map_index_.end() && program_.maps[own->second].type == element.type) {
          wanted = type;
          break;
        }
      }
      const auto found = map_index_.find(wanted);
      if (found != map_index_.end()) {
        out.map = found->second;
        map_used_[out.map] = true;
        if (!check_map_type(scope.spot(node), element, scope, out.map)) return false;
      } else if (out.vocab == kNil && out.set.count == 0) {
        report_.error(scope.spot(node),
                      fault(scope, fmt::format("no data type map \"{}\" to make {}", wanted,
                                               element.path)),
                      "define it, or name one with `as:`");
        return false;
      }
    }
  }
  const bool makes_resource = out.map != kNil && program_.maps[out.map].is_resource;
  bool refers = makes_resource;
  for (std::uint32_t i = out.from.first; i < out.from.end(); ++i) {
    refers |= program_.terms[i].kind == Term::Kind::kResource;
  }
  out.shape = element.prim != Prim::kComplex ? Rule::Shape::kPrimitive
              : element.type == "Reference" && refers ? Rule::Shape::kReference
                                                      : Rule::Shape::kComplex;
  if (out.map == kNil && out.shape == Rule::Shape::kComplex) {
    std::vector<std::string_view> required;
    for (const schema::ElementDef& child : r4_.children(element.context)) {
      if (child.min > 0 && !child.choice) required.push_back(child.name);
    }
    out.required = {static_cast<std::uint32_t>(program_.members.size()),
                    static_cast<std::uint32_t>(required.size())};
    for (std::string_view name : required) {
      program_.members.push_back(program_.strings.keep(name));
    }
  }
  return true;
}

bool Compiler::check_literal(const Spot& spot, const Element& element, const Scope& scope,
                             const Term& term) {
  const bool coding = term.kind == Term::Kind::kCoding;
  if (element.prim == Prim::kComplex) {
    const bool coded = element.type == "CodeableConcept" || element.type == "Coding";
    if (coded && (coding || !term.text.empty())) {
      if (coding) check_code(spot, element, scope, term.text);
      return true;
    }
    if (term.text.empty()) return true;              // ="" clears
    report_.error(spot, fault(scope, fmt::format("{} cannot be a {}", term.written, element.type)),
                  "write its children with `set:`");
    return false;
  }
  if (term.text.empty()) return true;
  const std::string text(term.text);
  if (!coding && !schema::valid_primitive(element.type, text)) {
    report_.error(spot, fault(scope, fmt::format("{} is no valid {}", term.written, element.type)));
    return false;
  }
  check_code(spot, element, scope, term.text);
  return true;
}

bool Compiler::check_value(const Node& node, const Element& element, const Scope& scope,
                           const Rule& rule) {
  static constexpr std::string_view kStructured[] = {"XPN", "XCN", "XAD", "PL", "PPN", "PN",
                                                     "AD", "SAD", "CNN", "NDL"};
  bool good = true;
  for (std::uint32_t i = rule.from.first; i < rule.from.end(); ++i) {
    const Term& term = program_.terms[i];
    const Spot spot = scope.spot(node);
    if (term.kind == Term::Kind::kLiteral || term.kind == Term::Kind::kCoding) {
      if (rule.vocab == kNil && rule.map == kNil) good &= check_literal(spot, element, scope, term);
      continue;
    }
    if (term.kind == Term::Kind::kResource) {
      if (element.type != "Reference") {
        report_.error(spot, fault(scope, fmt::format("{} is a reference, but {} is a {}",
                                                     term.written, element.path, element.type)));
        good = false;
      }
      continue;
    }
    if (rule.map != kNil || rule.function != Function::kNone || rule.concat != kNil) continue;
    if (element.prim == Prim::kComplex) {
      const bool built = rule.set.count != 0 || rule.also.count != 0 || rule.vocab != kNil;
      if (!built) {
        report_.error(spot, fault(scope, fmt::format("{} does not say how {} becomes a {}",
                                                     element.path, term.written, element.type)),
                      "name a data type map with `as:`, or its children with `set:`");
        good = false;
      }
      continue;
    }
    const V2Types types = types_of(term, scope);
    const bool structured =
        !types.empty() && std::all_of(types.begin(), types.end(), [](std::string_view type) {
          return std::find(std::begin(kStructured), std::end(kStructured), type) !=
                 std::end(kStructured);
        });
    if (structured && rule.set.count == 0) {
      report_.error(spot, fault(scope, fmt::format("{} is a {}, but {} is a {}", term.written,
                                                   types.front(), element.path, element.type)),
                    fmt::format("name a component ({}.1) or a map with `as:`", term.written));
      good = false;
    }
  }
  return good;
}

}  // namespace mapping
