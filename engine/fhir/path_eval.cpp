#include "path_eval.hpp"

#include <algorithm>
#include <charconv>
#include <fhir/date_range.hpp>
#include <fhir/merge.hpp>
#include <unordered_map>

#include "types.hpp"
#include "unite.hpp"

namespace fhir::path {

namespace {

const Node& constant(Node::Kind kind, std::string_view text) {
  static const Node kTrue{.kind = Node::Kind::kBool, .text = "true"};
  static const Node kFalse{.kind = Node::Kind::kBool, .text = "false"};
  static const Node kNothing{};
  return kind == Node::Kind::kNull ? kNothing : text == "true" ? kTrue : kFalse;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// Whether a string with no known type may be of that primitive type.
bool looks_like(std::string_view text, std::string_view type) {
  if (same_type(type, "boolean") || same_type(type, "integer") || same_type(type, "decimal") ||
      same_type(type, "positiveInt") || same_type(type, "unsignedInt")) {
    return false;
  }
  const bool time = text.find('T') != std::string_view::npos;
  if (same_type(type, "date")) return !time && parse_date_range(text).has_value();
  if (same_type(type, "dateTime")) return parse_date_range(text).has_value();
  if (same_type(type, "instant")) return time && parse_date_range(text).has_value();
  if (same_type(type, "time")) return text.size() >= 5 && text[2] == ':';
  return is_primitive_type(type);
}

bool shape_fits(const Node* node, std::string_view type) {
  switch (node->kind) {
    case Node::Kind::kBool: return same_type(type, "boolean");
    case Node::Kind::kNumber: {
      const bool integer = node->text.find_first_of(".eE") == std::string_view::npos;
      return same_type(type, "decimal") || (integer && (type_derives(type, "integer")));
    }
    case Node::Kind::kString: return looks_like(node->text, type);
    case Node::Kind::kNull: return is_primitive_type(type);
    default: return is_complex_type(type);
  }
}

}  // namespace

bool is_type(const Value& value, std::string_view type) {
  const std::string_view resource = value.node->text_of("resourceType");
  if (!resource.empty()) {
    if (type == "DomainResource") {
      return resource != "Bundle" && resource != "Parameters" && resource != "Binary";
    }
    return type == resource || type == "Resource";
  }
  if (!value.type.empty()) return type_derives(value.type, type);
  return type == "Element" || shape_fits(value.node, type);
}

Values distinct(Values values) {
  Values result;
  if (values.size() <= 16) {
    for (const Value& value : values) {
      const bool seen = std::any_of(result.begin(), result.end(), [&value](const Value& other) {
        return equal(other.node, value.node);
      });
      if (!seen) result.push_back(value);
    }
    return result;
  }
  std::unordered_multimap<std::size_t, const Node*> seen;
  for (const Value& value : values) {
    const std::size_t hash = content_hash(value.node);
    const auto [first, last] = seen.equal_range(hash);
    const bool twice = std::any_of(first, last, [&value](const auto& entry) {
      return equal(entry.second, value.node);
    });
    if (twice) continue;
    seen.emplace(hash, value.node);
    result.push_back(value);
  }
  return result;
}

std::optional<double> to_number(const Node* node) {
  if (node->kind != Node::Kind::kNumber) return {};
  double value = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [at, error] = std::from_chars(node->text.data(), end, value);
  if (error != std::errc() || at != end) return {};
  return value;
}

Truth Evaluator::truth(const Values& values) {
  if (values.size() != 1) return {};
  const Node* node = values[0].node;
  return node->kind != Node::Kind::kBool || node->text == "true";
}

Values Evaluator::boolean(Truth value) {
  if (!value) return {};
  return {
      Value{.node = &constant(Node::Kind::kBool, *value ? "true" : "false"), .type = "boolean"}};
}
Values Evaluator::number(std::string text) { return {Value{.node = scratch_.number(text)}}; }
Values Evaluator::text(std::string_view text) {
  return {Value{.node = scratch_.string(text), .type = "string"}};
}

Values Evaluator::eval(const Expr& expr, const Scope& scope) {
  switch (expr.kind) {
    case Expr::Kind::kLiteral: return {Value{.node = &expr.literal, .type = expr.type}};
    case Expr::Kind::kEmpty: return {};
    case Expr::Kind::kThis: return {*scope.self};
    case Expr::Kind::kIndex: return number(std::to_string(scope.index));
    case Expr::Kind::kRoot: return {root_};
    case Expr::Kind::kMember: return member(expr, scope);
    case Expr::Kind::kCall: return call(expr, scope);
    case Expr::Kind::kBinary: return binary(expr, scope);
    case Expr::Kind::kNegate: return negate(eval(*expr.args[0], scope));
    case Expr::Kind::kType: {
      const Values in = eval(*expr.args[0], scope);
      if (expr.op == Operator::kAs) return of_type(in, expr.type);
      return in.size() == 1 ? boolean(is_type(in[0], expr.type)) : Values();
    }
    case Expr::Kind::kIndexer: {
      const Values in = eval(*expr.args[0], scope);
      const Values index = eval(*expr.args[1], scope);
      const auto n = index.size() == 1 ? to_number(index[0].node) : std::nullopt;
      if (!n || *n < 0 || *n >= static_cast<double>(in.size())) return {};
      return {in[static_cast<std::size_t>(*n)]};
    }
  }
  return {};
}

/// What a member step or a function works on.
Values Evaluator::input(const Expr& expr, const Scope& scope) {
  if (expr.args.empty() || !expr.args[0]) return {*scope.self};
  return eval(*expr.args[0], scope);
}

Values Evaluator::member(const Expr& expr, const Scope& scope) {
  Values out;
  if (expr.args.empty()) {
    if (is_upper(expr.text[0]) && named_type(*scope.self, expr.text, out)) return out;
    step(*scope.self, expr.text, out);
    return out;
  }
  for (const Value& value : eval(*expr.args[0], scope)) step(value, expr.text, out);
  return out;
}

/// `Patient` at the start of a path: the resource itself, or all of that type in a Bundle.
bool Evaluator::named_type(const Value& self, std::string_view name, Values& out) {
  const std::string_view type = self.node->text_of("resourceType");
  if (type.empty()) return false;
  if (is_type(self, name)) {
    out.push_back(self);
    return true;
  }
  const Node* entries = type == "Bundle" ? self.node->find("entry") : nullptr;
  if (!entries || !entries->is_array()) return false;
  for (const Item* i = entries->first_item; i; i = i->next) {
    const Node* resource = i->value->find("resource");
    if (resource && resource->text_of("resourceType") == name && room()) {
      out.push_back(Value{.node = resource});
    }
  }
  return true;
}

void Evaluator::expand(const Node* node, const Node* extra, std::string_view type, Values& out) {
  const Node* nothing = &constant(Node::Kind::kNull, {});
  const auto add = [&](const Node* value, const Node* more) {
    if (more && !more->is_object()) more = nullptr;
    if (!value || value->kind == Node::Kind::kNull) {
      if (!more) return;
      value = nothing;
    }
    if (room()) out.push_back(Value{value, more, type});
  };
  if (!(node && node->is_array()) && !(extra && extra->is_array())) return add(node, extra);
  const Item* value = node && node->is_array() ? node->first_item : nullptr;
  const Item* more = extra && extra->is_array() ? extra->first_item : nullptr;
  while (value || more) {
    add(value ? value->value : nullptr, more ? more->value : nullptr);
    value = value ? value->next : nullptr;
    more = more ? more->next : nullptr;
  }
}

void Evaluator::step(const Value& from, std::string_view name, Values& out) {
  const Node* object = from.node->is_object() ? from.node : from.extra;
  if (!object || name.empty()) return;
  const Node* node = nullptr;
  const Node* extra = nullptr;
  for (const Member* m = object->first_member; m; m = m->next) {
    if (m->name == name) {
      node = m->value;
    } else if (m->name.size() == name.size() + 1 && m->name[0] == '_' && m->name.ends_with(name)) {
      extra = m->value;
    }
  }
  if (node || extra) return expand(node, extra, {}, out);
  choice_step(Value{.node = object}, name, out);
}

void Evaluator::choice_step(const Value& from, std::string_view name, Values& out) {
  for (const Member* m = from.node->first_member; m; m = m->next) {
    const bool sibling = m->name.starts_with('_');
    const std::string_view full = sibling ? m->name.substr(1) : m->name;
    if (full.size() <= name.size() || !full.starts_with(name) || !is_upper(full[name.size()])) {
      continue;
    }
    const std::string_view type = full.substr(name.size());
    if (sibling) {
      if (is_primitive_type(type) && !from.node->find(full)) expand(nullptr, m->value, type, out);
    } else if (choice_base(full, m->value) == name) {
      const Node* extra = nullptr;
      for (const Member* s = from.node->first_member; s; s = s->next) {
        if (s->name.starts_with('_') && s->name.substr(1) == full) extra = s->value;
      }
      expand(m->value, extra, type, out);
    }
  }
}

Values Evaluator::children(const Values& values) {
  Values out;
  for (const Value& value : values) {
    const Node* object = value.node->is_object() ? value.node : value.extra;
    if (!object) continue;
    for (const Member* m = object->first_member; m; m = m->next) {
      if (m->name == "resourceType") continue;
      if (!m->name.starts_with('_')) {
        step(Value{.node = object}, m->name, out);
      } else if (!object->find(m->name.substr(1))) {
        step(Value{.node = object}, m->name.substr(1), out);
      }
    }
  }
  return out;
}

Values Evaluator::of_type(const Values& values, std::string_view type) {
  Values out;
  std::copy_if(values.begin(), values.end(), std::back_inserter(out),
               [type](const Value& value) { return is_type(value, type); });
  return out;
}

Values Evaluator::negate(const Values& values) {
  if (values.size() != 1 || values[0].node->kind != Node::Kind::kNumber) return {};
  const std::string_view digits = values[0].node->text;
  if (digits.starts_with('-')) return number(std::string(digits.substr(1)));
  return number("-" + std::string(digits));
}

}  // namespace fhir::path

namespace fhir {

namespace {

/// What nearly every search parameter is: `Type.member.member`, walked without making values of
/// what lies between.
struct Chain {
  std::string type;
  std::vector<std::string> steps;

  static std::optional<Chain> of(const path::Expr& expr) {
    Chain chain;
    const path::Expr* at = &expr;
    for (; at->kind == path::Expr::Kind::kMember && at->args.size() == 1; at = at->args[0].get()) {
      chain.steps.insert(chain.steps.begin(), at->text);
    }
    const bool whole = at->kind == path::Expr::Kind::kMember && at->args.empty() &&
                       path::is_upper(at->text[0]) && !chain.steps.empty();
    if (!whole) return {};
    chain.type = at->text;
    return chain;
  }

  /// @return false where choices of type or extensions of primitives need the evaluator's care.
  bool walk(const Node* node, std::size_t step, std::vector<const Node*>& out) const {
    if (node->is_array()) {
      for (const Item* item = node->first_item; item; item = item->next) {
        if (!walk(item->value, step, out)) return false;
      }
      return true;
    }
    if (step == steps.size()) {
      out.push_back(node);
      return node->kind != Node::Kind::kNull && out.size() <= path::kItemsMax;
    }
    if (!node->is_object()) return true;
    const std::string& name = steps[step];
    const Node* found = nullptr;
    bool choice = false;
    for (const Member* m = node->first_member; m; m = m->next) {
      // Most names differ in their first letter already.
      if (m->name.size() < name.size()) continue;
      if (m->name[0] != name[0]) {
        if (m->name[0] == '_' && m->name.substr(1).starts_with(name)) return false;
      } else if (m->name == name) {
        found = m->value;
      } else if (m->name.starts_with(name)) {
        choice = choice || path::is_upper(m->name[name.size()]);
      }
    }
    return found ? walk(found, step + 1, out) : !choice;
  }
};

}  // namespace

struct Path::Impl {
  path::ExprPtr root;
  std::optional<Chain> chain;
};

Path::Path() : impl_(std::make_unique<Impl>()) {}
Path::Path(Path&&) noexcept = default;
Path& Path::operator=(Path&&) noexcept = default;
Path::~Path() = default;

core::Result<Path> Path::compile(std::string_view expression) {
  auto parsed = path::parse(expression);
  if (!parsed) return core::fail(parsed.error());
  Path path;
  path.impl_->root = std::move(*parsed);
  path.impl_->chain = Chain::of(*path.impl_->root);
  return path;
}

std::vector<const Node*> Path::evaluate(const Node* resource, Document& scratch) const {
  std::vector<const Node*> nodes;
  evaluate(resource, scratch, nodes);
  return nodes;
}

void Path::evaluate(const Node* resource, Document& scratch,
                    std::vector<const Node*>& nodes) const {
  nodes.clear();
  if (impl_->chain && resource->text_of("resourceType") == impl_->chain->type) {
    if (impl_->chain->walk(resource, 0, nodes)) return;
    nodes.clear();
  }
  for (const path::Value& value : path::Evaluator(resource, scratch).run(*impl_->root)) {
    nodes.push_back(value.node);
  }
}

bool Path::test(const Node* resource, Document& scratch) const {
  return path::Evaluator::truth(path::Evaluator(resource, scratch).run(*impl_->root))
      .value_or(false);
}

}  // namespace fhir
