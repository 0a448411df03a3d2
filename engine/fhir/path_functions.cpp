#include <algorithm>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fhir/reference.hpp>

#include "path_eval.hpp"
#include "types.hpp"
#include "utf8.hpp"

namespace fhir::path {

namespace {

using F = Function;

/// Bytes of the first `count` characters.
std::size_t bytes_of(std::string_view text, std::int64_t count) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (count-- > 0 && at != end) at += std::max<std::size_t>(1, utf8_length(at, end));
  return static_cast<std::size_t>(at - text.data());
}
std::int64_t characters_of(std::string_view text) {
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) at += bytes_of(text.substr(at), 1);
  return count;
}

std::string replaced(std::string_view text, std::string_view pattern, std::string_view by) {
  std::string result;
  if (pattern.empty()) {
    // FHIRPath: an empty pattern puts the text around every character.
    result = by;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = bytes_of(text.substr(at), 1);
      result.append(text.substr(at, length)).append(by);
      at += length;
    }
    return result;
  }
  std::size_t at = 0;
  for (auto hit = text.find(pattern); hit != std::string_view::npos; hit = text.find(pattern, at)) {
    result.append(text.substr(at, hit - at)).append(by);
    at = hit + pattern.size();
  }
  return result.append(text.substr(at));
}

}  // namespace

std::optional<std::string_view> Evaluator::string_argument(const Expr& expr, std::size_t n,
                                                           const Scope& scope) {
  if (n >= expr.args.size()) return {};
  const Values values = eval(*expr.args[n], scope);
  if (values.size() != 1 || values[0].node->kind != Node::Kind::kString) return {};
  return values[0].node->text;
}

std::optional<std::int64_t> Evaluator::integer_argument(const Expr& expr, std::size_t n,
                                                        const Scope& scope) {
  if (n >= expr.args.size()) return {};
  const Values values = eval(*expr.args[n], scope);
  if (values.size() != 1 || values[0].node->kind != Node::Kind::kNumber) return {};
  return core::to_int(values[0].node->text);
}

Values Evaluator::call(const Expr& expr, const Scope& scope) {
  const Values in = input(expr, scope);
  const Function f = expr.function;
  switch (f) {
    case F::kWhere: return where(*expr.args[1], in);
    case F::kSelect: return select(*expr.args[1], in);
    case F::kExists:
    case F::kEmpty:
    case F::kAll:
    case F::kAny:
    case F::kNot:
    case F::kHasValue:
    case F::kIs: return call_logical(expr, in);
    case F::kFirst:
    case F::kLast:
    case F::kTail:
    case F::kSkip:
    case F::kTake:
    case F::kCount:
    case F::kDistinct:
    case F::kUnion: return call_subset(expr, in, scope);
    case F::kRepeat:
    case F::kResolve:
    case F::kExtension:
    case F::kChildren:
    case F::kDescendants: return call_tree(expr, in, scope);
    case F::kAs:
    case F::kOfType: return of_type(in, expr.type);
    case F::kIif: {
      // One item becomes $this of the branches; a longer collection leaves it as it was.
      const Scope inner{in.size() == 1 ? &in[0] : scope.self, scope.index};
      if (truth(eval(*expr.args[1], inner)).value_or(false)) return eval(*expr.args[2], inner);
      return expr.args.size() > 3 ? eval(*expr.args[3], inner) : Values();
    }
    default: return call_string(expr, in, scope);
  }
}

Values Evaluator::where(const Expr& criteria, const Values& in) {
  Values out;
  for (std::size_t n = 0; n < in.size(); ++n) {
    if (truth(eval(criteria, Scope{&in[n], n})).value_or(false)) out.push_back(in[n]);
  }
  return out;
}

Values Evaluator::select(const Expr& projection, const Values& in) {
  Values out;
  for (std::size_t n = 0; n < in.size(); ++n) {
    for (const Value& value : eval(projection, Scope{&in[n], n})) {
      if (room()) out.push_back(value);
    }
  }
  return out;
}

Values Evaluator::call_logical(const Expr& expr, const Values& in) {
  switch (expr.function) {
    case F::kEmpty: return boolean(in.empty());
    case F::kExists:
    case F::kAny:
      return boolean(!(expr.args.size() > 1 ? where(*expr.args[1], in) : in).empty());
    case F::kAll: return boolean(where(*expr.args[1], in).size() == in.size());
    case F::kNot: {
      const Truth value = truth(in);
      return value ? boolean(!*value) : Values();
    }
    case F::kHasValue:
      return boolean(in.size() == 1 && in[0].node->is_leaf() &&
                     in[0].node->kind != Node::Kind::kNull);
    default: return in.size() == 1 ? boolean(is_type(in[0], expr.type)) : Values();  // is()
  }
}

Values Evaluator::call_subset(const Expr& expr, const Values& in, const Scope& scope) {
  const auto part = [&in](std::size_t from, std::size_t to) {
    from = std::min(from, in.size());
    to = std::clamp(to, from, in.size());
    return Values(in.begin() + static_cast<std::ptrdiff_t>(from),
                  in.begin() + static_cast<std::ptrdiff_t>(to));
  };
  const auto count = [&] {
    const auto n = integer_argument(expr, 1, scope).value_or(0);
    return static_cast<std::size_t>(std::max<std::int64_t>(n, 0));
  };
  switch (expr.function) {
    case F::kFirst: return part(0, 1);
    case F::kLast: return part(in.empty() ? 0 : in.size() - 1, in.size());
    case F::kTail: return part(1, in.size());
    case F::kSkip: return part(count(), in.size());
    case F::kTake: return part(0, count());
    case F::kCount: return number(std::to_string(in.size()));
    case F::kDistinct: return distinct(in);
    default: {  // union()
      Values all = in;
      for (const Value& value : eval(*expr.args[1], scope)) all.push_back(value);
      return distinct(std::move(all));
    }
  }
}

Values Evaluator::call_match(const Expr& expr, std::string_view subject,
                             std::string_view argument) {
  if (subject.size() > kMatchBytesMax) return {};
  const std::shared_ptr<const Pattern> pattern =
      expr.pattern ? expr.pattern : compile_pattern(argument);
  if (!pattern) return {};
  const std::optional<bool> found = found_in(*pattern, subject);
  return found ? boolean(*found) : Values{};
}

Values Evaluator::call_string(const Expr& expr, const Values& in, const Scope& scope) {
  if (in.size() != 1 || !in[0].node->is_leaf() || in[0].node->kind == Node::Kind::kNull) return {};
  const std::string_view subject = in[0].node->text;
  switch (expr.function) {
    case F::kToString: return text(subject);
    case F::kToInteger: {
      if (in[0].node->kind == Node::Kind::kBool) return number(subject == "true" ? "1" : "0");
      const auto value = core::to_int(subject);
      return value ? number(std::to_string(*value)) : Values();
    }
    case F::kLength: return number(std::to_string(characters_of(subject)));
    case F::kUpper: return text(core::ascii_upper(subject));
    case F::kLower: return text(core::ascii_lower(subject));
    case F::kSubstring: {
      const auto start = integer_argument(expr, 1, scope);
      if (!start || *start < 0 || *start >= characters_of(subject)) return {};
      const std::string_view rest = subject.substr(bytes_of(subject, *start));
      if (expr.args.size() < 3) return text(rest);
      const auto length = integer_argument(expr, 2, scope);
      return length ? text(rest.substr(0, bytes_of(rest, *length))) : Values();
    }
    default: break;
  }
  const auto argument = string_argument(expr, 1, scope);
  if (!argument) return {};
  switch (expr.function) {
    case F::kStartsWith: return boolean(subject.starts_with(*argument));
    case F::kEndsWith: return boolean(subject.ends_with(*argument));
    case F::kContains: return boolean(subject.find(*argument) != std::string_view::npos);
    case F::kMatches: return call_match(expr, subject, *argument);
    case F::kIndexOf: {
      const auto at = subject.find(*argument);
      return number(at == std::string_view::npos
                        ? "-1"
                        : std::to_string(characters_of(subject.substr(0, at))));
    }
    default: {  // replace()
      const auto by = string_argument(expr, 2, scope);
      return by ? text(replaced(subject, *argument, *by)) : Values();
    }
  }
}

Values Evaluator::call_tree(const Expr& expr, const Values& in, const Scope& scope) {
  switch (expr.function) {
    case F::kRepeat: return repeat(*expr.args[1], in);
    case F::kResolve: return resolve(in);
    case F::kChildren: return children(in);
    case F::kDescendants: return descendants(in);
    default: {
      const auto url = string_argument(expr, 1, scope);
      return url ? extension(in, *url) : Values();
    }
  }
}

/// Breadth first until nothing new comes. A tree is not deeper than kJsonDepthMax; more rounds are
/// only needed by expressions that never end.
Values Evaluator::repeat(const Expr& projection, const Values& in) {
  Values all;
  Values layer = select(projection, in);
  for (std::size_t round = 0; !layer.empty() && round < kJsonDepthMax; ++round) {
    const std::size_t before = all.size();
    all.insert(all.end(), layer.begin(), layer.end());
    all = distinct(std::move(all));
    layer = select(projection,
                   Values(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()));
  }
  return all;
}

Values Evaluator::descendants(const Values& in) {
  Values all;
  for (Values layer = children(in); !layer.empty(); layer = children(layer)) {
    all.insert(all.end(), layer.begin(), layer.end());
  }
  return all;
}

Values Evaluator::extension(const Values& in, std::string_view url) {
  Values out;
  for (const Value& value : in) {
    Values extensions;
    step(value, "extension", extensions);
    std::copy_if(extensions.begin(), extensions.end(), std::back_inserter(out),
                 [url](const Value& e) { return e.node->text_of("url") == url; });
  }
  return out;
}

Values Evaluator::resolve(const Values& in) {
  Values out;
  for (const Value& value : in) {
    for (const Value& found : resolve_one(value)) out.push_back(found);
  }
  return out;
}

/// The resource where it is at hand (contained, or in the Bundle), else one that has but the type
/// and id which the reference names.
Values Evaluator::resolve_one(const Value& value) {
  const std::string_view reference =
      value.node->is_object() ? value.node->text_of("reference") : value.node->text;
  if (reference.starts_with('#')) {
    const Node* contained = root_.node->find("contained");
    for (const Item* i = contained ? contained->first_item : nullptr; i; i = i->next) {
      if (i->value->text_of("id") == reference.substr(1)) return {Value{.node = i->value}};
    }
    return {};
  }
  if (const Node* entry = in_bundle(reference)) return {Value{.node = entry}};
  const Reference parts = split_reference(reference);
  std::string_view type = parts.type;
  if (type.empty() && value.node->is_object()) type = value.node->text_of("type");
  if (type.empty() || !room()) return {};
  Node* stub = scratch_.object();
  scratch_.add(stub, "resourceType", scratch_.string(type));
  if (!parts.id.empty()) scratch_.add(stub, "id", scratch_.string(parts.id));
  return {Value{.node = stub}};
}

const Node* Evaluator::in_bundle(std::string_view reference) const {
  if (reference.empty() || root_.node->text_of("resourceType") != "Bundle") return nullptr;
  const Reference parts = split_reference(reference);
  const Node* entries = root_.node->find("entry");
  for (const Item* i = entries ? entries->first_item : nullptr; i; i = i->next) {
    const Node* resource = i->value->find("resource");
    if (!resource) continue;
    if (i->value->text_of("fullUrl") == reference) return resource;
    if (!parts.id.empty() && resource->text_of("resourceType") == parts.type &&
        resource->text_of("id") == parts.id) {
      return resource;
    }
  }
  return nullptr;
}

}  // namespace fhir::path
