#include <core/text.hpp>
#include <fhir/date_range.hpp>

#include <algorithm>
#include <utility>

#include "visit.hpp"

/// Rules at run time: targets applied to an object, values built and put in their place.
namespace mapping {

using fhir::Node;

/// Whether the message holds any source of the target. `children` is found when first needed.
/// Explaining runs every rule, so that both ways can be compared.
inline bool Mapper::Impl::can_yield(const Target& target, const Val& current,
                                    std::uint64_t& children) {
  const Presence& presence = target.presence;
  if (presence.always || options_.explain) return true;
  if (presence.fields != 0) {
    more_than_value_ = true;
    if (trace_ || shape_) note_presence(presence.fields);
    if ((presence.fields & here_.fields) != 0) return true;
  }
  if (presence.children == 0) return false;
  if ((children & 1) == 0) children = children_of(current) | 1;   // bit 0: found
  return (presence.children & children) != 0;
}

void Mapper::Impl::apply(Range targets, Node* object, const Val& current) {
  std::uint64_t children = 0;
  for (std::uint32_t i = targets.first; i < targets.end() && !aborted_; ++i) {
    const Target& target = p_.targets[i];
    if (can_yield(target, current, children)) apply_target(target, object, current);
  }
}

/// As apply(), for what the object does not have yet.
void Mapper::Impl::complete(Range targets, Node* object, const Val& current) {
  std::uint64_t children = 0;
  for (std::uint32_t i = targets.first; i < targets.end() && !aborted_; ++i) {
    const Target& target = p_.targets[i];
    if (!can_yield(target, current, children) || present(target, object)) continue;
    apply_target(target, object, current);
  }
}

bool Mapper::Impl::present(const Target& target, const Node* object) const {
  return target.choice.empty() ? has_member(object, target.first_member)
                               : choice_taken(object, target.choice, {});
}

/// apply() of a resource, whose lists a sender may clear.
void Mapper::Impl::apply_root(Range targets, Node* object, const Val& current) {
  std::uint64_t children = 0;
  for (std::uint32_t i = targets.first; i < targets.end() && !aborted_; ++i) {
    const Target& target = p_.targets[i];
    if (!can_yield(target, current, children)) continue;
    apply_target(target, object, current);
    if (target.clears && !has_member(object, target.first_member) && deleted(target, current)) {
      out_.document.set(object, target.first_member, out_.document.null());
    }
  }
}

/// Whether every field that the list is made of is the HL7 "".
bool Mapper::Impl::deleted(const Target& target, const Val& current) {
  bool all = true;
  for (std::uint32_t i = target.rules.first; i < target.rules.end() && all; ++i) {
    const Range from = p_.rules[i].from;
    all = p_.rules[i].has_from && p_.rules[i].when == kNil;
    for (std::uint32_t t = from.first; t < from.end() && all; ++t) {
      all = first(p_.terms[t], current).deleted();
    }
  }
  return all;
}

void Mapper::Impl::apply_target(const Target& target, Node* object, const Val& current) {
  for (std::uint32_t i = target.rules.first; i < target.rules.end(); ++i) {
    const Rule& rule = p_.rules[i];
    Sink sink{target, rule, object};
    const bool yielded =
        rule.plain ? yield_plain(rule, current, sink) : yield(rule, current, sink);
    if (aborted_ || (yielded && !target.repeats)) return;
  }
}

/// As yield(), for a component that becomes a text as it stands; the unusual takes the long way.
bool Mapper::Impl::yield_plain(const Rule& rule, const Val& current, Sink& sink) {
  if (current.kind != Val::Kind::kHl7 || options_.lineage || shape_) {
    return yield(rule, current, sink);
  }
  const Term& term = p_.terms[rule.from.first];
  hl7::Value piece = child(current.v, term.component);
  if (term.subcomponent != 0) piece = child(piece, term.subcomponent);
  if (piece.raw().empty()) return false;
  Node* const node = plain_leaf(rule.prim, piece);
  if (!node) return yield(rule, current, sink);
  if (!step()) return false;
  place(sink, node);
  return sink.count != 0;
}

/// A text that is written as it stands; nullptr: it has what needs a closer look.
Node* Mapper::Impl::plain_leaf(Prim prim, const hl7::Value& piece) {
  std::string_view text = piece.raw();
  const std::uint8_t kinds = classes_.of(text);
  if ((kinds & ByteClasses::kUnusual) != 0 || piece.is_null()) return nullptr;
  if (prim == Prim::kString || prim == Prim::kMarkdown) {
    while (!text.empty() && classes_.is_blank(text.back())) text.remove_suffix(1);
  } else if ((kinds & ByteClasses::kBlank) != 0 || prim == Prim::kUri) {
    return nullptr;
  }
  return text.empty() ? nullptr : out_.document.string(text);
}

/// Runs one rule; @return whether it gave anything.
bool Mapper::Impl::yield(const Rule& rule, const Val& current, Sink& sink) {
  if (!step()) return false;
  if (rule.when != kNil && !test(rule.when, current)) return false;
  if (rule.has_join && rule.has_from) {
    yield_joined(rule, current, sink);
  } else if (rule.function == Function::kSampled) {
    if (Node* node = build(rule, Val(), current)) place(sink, node);
  } else if (rule.has_from) {
    yield_from(rule, current, sink);
  } else if (Node* node = made(rule, current, current, nullptr)) {
    place(sink, node);
  }
  if (sink.count == 0 && rule.default_rule != kNil) {
    yield(p_.rules[rule.default_rule], current, sink);
    if (options_.explain && sink.count != 0) out_.wrote[p_.rules[rule.default_rule].info] = true;
  }
  if (!rule.warn.empty() && sink.count != 0) {
    issue(core::ErrorCode::kDataType, first_valued(rule.from, current).at, rule.warn);
  }
  return sink.count != 0;
}

void Mapper::Impl::yield_from(const Rule& rule, const Val& current, Sink& sink) {
  const bool all = rule.all_repetitions;
  bool cleared = false;
  for (std::uint32_t i = rule.from.first; i < rule.from.end(); ++i) {
    const Term& term = p_.terms[i];
    if (shape_ && term.kind == Term::Kind::kEnv) {
      shape_->quiet_env = rule.shape == Rule::Shape::kPrimitive && rule.where == kNil &&
                          may_hole(rule);
    }
    visit(term, current, [&](const Val& value) {
      if (!value.valued()) {
        const bool empty_literal = term.kind == Term::Kind::kLiteral && value.text.empty();
        cleared |= value.deleted() || empty_literal;
        return false;
      }
      if (rule.where != kNil && !test(rule.where, value)) return false;
      Node* node = made(rule, value, current, &term);
      if (!node) return false;
      place(sink, node);
      return !all || aborted_;
    });
    if (term.index == 1 && sink.count != 0) warn_dropped(term);
    if (sink.count != 0 || aborted_) return;
  }
  if (cleared && rule.clears) place(sink, mark(out_.document.null(), rule, Val()));
}

void Mapper::Impl::yield_joined(const Rule& rule, const Val& current, Sink& sink) {
  joined_.clear();
  Val source;
  bool any = false;
  for (std::uint32_t i = rule.from.first; i < rule.from.end() && !any; ++i) {
    visit(p_.terms[i], current, [&](const Val& value) {
      // An empty repetition is an empty line of a report; before the first text it is nothing.
      if (!value.valued() && (!any || value.deleted())) return false;
      if (rule.where != kNil && !test(rule.where, value)) return false;
      if (any) joined_ += rule.join;
      if (!any) source = value;
      any = true;
      joined_ += value.whole_text ? whole_text(value, scratch_) : text_of(value, scratch_);
      return joined_.size() > kOutputBytesMax;
    });
  }
  if (!any) return;
  while (!rule.join.empty() && joined_.ends_with(rule.join)) {
    joined_.resize(joined_.size() - rule.join.size());
  }
  Node* node = nullptr;
  if (rule.function == Function::kEncodeBase64) {
    node = base64_leaf(rule, joined_);
    if (node) mark(node, rule, source);
  } else {
    node = leaf(rule, rule.prim, joined_, source);
  }
  if (node) place(sink, node);
}

void Mapper::Impl::warn_dropped(const Term& term) {
  const std::uint32_t segment = segment_of(term);
  if (segment == kNil) return;
  const hl7::Value field = message_->segment(segment).field(term.field);
  int number = 0;
  for (const hl7::Value repetition : field.repetitions()) {
    if (++number == 1 || !repetition.valued()) continue;
    issue(core::ErrorCode::kCardinality, {segment, term.field, static_cast<std::int16_t>(number)},
          "this repetition has no place in the resource and was dropped");
    return;
  }
}

Node* Mapper::Impl::walk(Range steps, Node* object) {
  fhir::Document& doc = out_.document;
  for (std::uint32_t i = steps.first; i < steps.end(); ++i) {
    const Step& step = p_.steps[i];
    if (step.kind == Step::Kind::kExtension) {
      Node* list = own_list(object, "extension");
      Node* found = nullptr;
      for (fhir::Item* item = list->first_item; item && !found; item = item->next) {
        if (shape_) shape_touch(item->value);
        if (item->value->text_of("url") == step.name) found = own_item(item);
      }
      if (!found) {
        found = doc.object();
        doc.add(found, "url", doc.string(step.name, false));
        doc.append(list, found);
      }
      object = found;
      continue;
    }
    if (step.kind == Step::Kind::kFirstItem) {
      Node* list = own_list(object, step.name);
      if (!list->first_item) doc.append(list, doc.object());
      object = own_item(list->first_item);
      continue;
    }
    Node* next = object->find(step.name);
    if (shape_) shape_touch(next);
    if (!next || !next->is_object() || next->shared) {
      next = next && next->is_object() ? doc.unshare(next) : doc.object();
      doc.set(object, step.name, next);
    }
    object = next;
  }
  return object;
}

/// The list of that name, made when it is not there, for changing.
Node* Mapper::Impl::own_list(Node* object, std::string_view name) {
  Node* list = object->find(name);
  if (!list || !list->is_array()) {
    list = out_.document.array();
  } else if (list->shared) {
    list = out_.document.unshare(list);
  } else {
    return list;
  }
  out_.document.set(object, name, list);
  return list;
}

Node* Mapper::Impl::own_item(fhir::Item* item) {
  if (shape_) shape_touch(item->value);
  if (item->value->shared) item->value = out_.document.unshare(item->value);
  return item->value;
}

void Mapper::Impl::place(Sink& sink, Node* node) {
  fhir::Document& doc = out_.document;
  const Target& target = sink.target;
  const std::string_view as_sent = std::exchange(as_sent_, {});
  if (options_.explain) out_.wrote[sink.rule.info] = true;
  Node* parent = walk(target.steps, sink.object);
  if (!sink.rule.url.empty()) {
    Node* list = own_list(parent, "extension");
    Node* wrapped = doc.object();
    doc.add(wrapped, "url", doc.string(sink.rule.url, false));
    doc.add(wrapped, sink.rule.member, node);
    if (!as_sent.empty()) place_as_sent(wrapped, sink.rule.member, as_sent);
    doc.append(list, wrapped);
    ++sink.count;
    return;
  }
  if (!target.choice.empty() && choice_taken(parent, target.choice, sink.rule.member)) return;
  ++sink.count;
  if (!target.repeats) {
    if (shape_ && sink.rule.member == "end") shape_->periods.push_back(parent);
    if (sink.rule.member == "end" && fhir::ends_before_start(parent->find("start"), node)) {
      note_lost();
      issue(core::ErrorCode::kDataType, Origin(), "a period that ends before it starts has no end");
      return;
    }
    doc.set(parent, sink.rule.member, node);
    if (!as_sent.empty()) place_as_sent(parent, sink.rule.member, as_sent);
    return;
  }
  Node* list = own_list(parent, sink.rule.member);
  if (target.distinct && list->count < kDistinctMax) {
    if (shape_ && list->count != 0) shape_->distinct.push_back(list);
    for (const fhir::Item* item = list->first_item; item; item = item->next) {
      if (!fhir::equal(item->value, node)) continue;
      if (shape_) shape_->lost = true;
      return;
    }
  }
  doc.append(list, node);
}

bool Mapper::Impl::has_member(const Node* object, std::string_view name) const {
  return object->find(name) != nullptr;
}

/// Another type of the choice is there already.
bool Mapper::Impl::choice_taken(const Node* object, std::string_view base,
                                std::string_view member) const {
  for (const fhir::Member* m = object->first_member; m; m = m->next) {
    if (m->name.size() > base.size() && m->name.starts_with(base) && m->name != member &&
        m->name[base.size()] >= 'A' && m->name[base.size()] <= 'Z') {
      return true;
    }
  }
  return false;
}

bool Mapper::Impl::has_path(const Node* object, Range path) const {
  for (std::uint32_t i = path.first; i < path.end(); ++i) {
    const Node* at = object->is_array() ? object->item(0) : object;
    if (shape_ && i != path.first) shape_touch(at);
    object = at ? at->find(p_.members[i]) : nullptr;
    if (!object && at && choice_taken(at, p_.members[i], {})) return true;
    if (!object) return false;
  }
  return true;
}

bool Mapper::Impl::satisfied(const Node* object, Range paths) const {
  for (std::uint32_t i = paths.first; i < paths.end(); ++i) {
    if (!has_path(object, p_.paths[i])) return false;
  }
  return true;
}

Node* Mapper::Impl::build(const Rule& rule, const Val& value, const Val& outer) {
  switch (rule.shape) {
    case Rule::Shape::kPrimitive: return primitive(rule, value, outer);
    case Rule::Shape::kReference: return reference(rule, value);
    case Rule::Shape::kComplex: return complex(rule, value, outer);
  }
  return nullptr;
}

Node* Mapper::Impl::primitive(const Rule& rule, const Val& value, const Val& outer) {
  if (rule.concat != kNil) {
    Val source;
    if (!concat(rule.concat, value, joined_, source)) return nullptr;
    return leaf(rule, rule.prim, joined_, source);
  }
  if (rule.map != kNil && value.kind == Val::Kind::kHl7) {
    return run_primitive_map(p_.maps[rule.map], value);
  }
  if (rule.vocab != kNil) {
    const std::string_view code = text_of(value, scratch_);
    if (code.empty()) return nullptr;
    const VocabRow* row = look_up(rule, value);
    if (row) return leaf(rule, rule.prim, row->code, value);
    const Vocab& vocab = p_.vocabs[rule.vocab];
    return vocab.has_fallback ? leaf(rule, rule.prim, vocab.fallback, value) : nullptr;
  }
  if (rule.function != Function::kNone) return function_leaf(rule, value, outer);
  const bool free = value.whole_text &&
                    (rule.prim == Prim::kString || rule.prim == Prim::kMarkdown);
  const std::string_view text = free ? whole_text(value, scratch_) : text_of(value, scratch_);
  return leaf(rule, rule.prim, text, value);
}

/// The reference has nothing but its resource.
bool Mapper::Impl::refers_alone(const Rule& rule) {
  return rule.set.count == 0 && rule.fill.count == 0 && rule.need.count == 0;
}

Node* Mapper::Impl::reference(const Rule& rule, const Val& value) {
  more_than_value_ = true;
  std::int32_t draft = -1;
  if (value.kind == Val::Kind::kResource) {
    draft = value.draft;
  } else if (rule.map != kNil) {
    draft = make_linked(p_.maps[rule.map], value);
  }
  const bool linked = value.kind != Val::Kind::kResource && linked_before(rule.map, value);
  refers_again_ = linked;
  if (draft < 0) return nullptr;
  if (refers_alone(rule) && !options_.lineage) return shared_reference(draft);
  Node* node = reference_to(draft, &rule, value);
  more_than_value_ = false;
  apply(rule.set, node, value);
  complete(rule.fill, node, value);
  refers_again_ = linked && !more_than_value_;
  more_than_value_ = true;
  return satisfied(node, rule.need) ? node : nullptr;
}

Node* Mapper::Impl::complex(const Rule& rule, const Val& value, const Val& outer) {
  const auto number = static_cast<std::size_t>(&rule - p_.rules.data());
  if (!rule.has_from || number >= p_.rules.size()) return make_complex(rule, value, outer);
  return once(number, value, [&] { return make_complex(rule, value, outer); });
}

Node* Mapper::Impl::make_complex(const Rule& rule, const Val& value, const Val& outer) {
  // What a vocabulary gives is compared with what the data type map gave.
  ShapeTrace* const closed = rule.vocab != kNil ? shape_ : nullptr;
  if (closed) ++closed->closed;
  Node* const out = make_complex_open(rule, value, outer);
  if (closed) --closed->closed;
  return out;
}

Node* Mapper::Impl::make_complex_open(const Rule& rule, const Val& value, const Val& outer) {
  Node* object = nullptr;
  if (value.kind == Val::Kind::kCoding || (value.kind == Val::Kind::kText && rule.map == kNil)) {
    object = coding_literal(rule, value);
  } else if (rule.function == Function::kSampled) {
    more_than_value_ = true;
    object = sampled(rule, outer);
    if (!object) return nullptr;
  } else if (rule.concat != kNil) {
    Val source;
    if (!concat(rule.concat, value, joined_, source)) return nullptr;
    object = out_.document.object();
    if (Node* text = leaf(rule, Prim::kString, joined_, source)) {
      out_.document.add(object, "text", text);
    }
  } else if (rule.map != kNil && rule.has_from) {
    object = run_datatype(p_.maps[rule.map], value);
  }
  if (rule.vocab != kNil && value.kind == Val::Kind::kHl7) object = translate(rule, object, value);
  if (rule.map != kNil && rule.has_from && !object) return nullptr;
  if (!object) object = out_.document.object();
  apply(rule.set, object, value);
  for (std::uint32_t i = rule.also.first; i < rule.also.end(); ++i) {
    Target nowhere;
    Node* holder = out_.document.object();
    Sink sink{nowhere, p_.rules[i], holder};
    if (!yield(p_.rules[i], value, sink)) continue;
    Node* more = holder->first_member ? holder->first_member->value : nullptr;
    if (!more) continue;
    if (shape_) shape_touch(more);
    for (const fhir::Member* m = more->first_member; m; m = m->next) {
      if (!object->find(m->name)) out_.document.add(object, m->name, m->value);
    }
  }
  if (object->count == 0) return nullptr;
  complete(rule.fill, object, value);
  if (!satisfied(object, rule.need)) return nullptr;
  for (std::uint32_t i = rule.required.first; i < rule.required.end(); ++i) {
    if (object->find(p_.members[i])) continue;
    issue(core::ErrorCode::kRequiredFieldMissing, value.at,
          "an element without its required child was left out");
    return nullptr;
  }
  return object;
}

Node* Mapper::Impl::run_datatype(const MapInfo& map, const Val& value) {
  Node* object = out_.document.object();
  apply(map.targets, object, value);
  if (object->count == 0 || !satisfied(object, map.need)) return nullptr;
  return object;
}

Node* Mapper::Impl::run_primitive_map(const MapInfo& map, const Val& value) {
  const auto number = p_.rules.size() + static_cast<std::size_t>(&map - p_.maps.data());
  return once(number, value, [&] { return make_primitive(map, value); });
}

Node* Mapper::Impl::make_primitive(const MapInfo& map, const Val& value) {
  for (std::uint32_t i = map.registry.first; i < map.registry.end(); ++i) {
    const Val name = first(p_.terms[i], value);
    const std::string_view text = core::trim(text_of(name, scratch_));
    if (text.empty()) continue;
    const auto found = env_->authorities.find(text);
    if (found == env_->authorities.end()) continue;
    Rule plain;
    plain.info = map.info;
    return leaf(plain, map.prim, found->second, name);
  }
  Node* holder = out_.document.object();
  const Target& target = p_.targets[map.targets.first];
  for (std::uint32_t i = target.rules.first; i < target.rules.end(); ++i) {
    Sink sink{target, p_.rules[i], holder};
    if (yield(p_.rules[i], value, sink)) return holder->first_member->value;
  }
  return nullptr;
}

Node* Mapper::Impl::coding_literal(const Rule& rule, const Val& value) {
  Node* object = out_.document.object();
  if (rule.coding) {
    if (!value.system.empty()) {
      out_.document.add(object, "system", literal(value.system, rule));
    }
    out_.document.add(object, "code", literal(value.text, rule));
    return object;
  }
  if (value.kind == Val::Kind::kText) {
    out_.document.add(object, "text", mark(out_.document.string(value.text), rule, value));
    return object;
  }
  Node* list = out_.document.array();
  Node* coding = out_.document.object();
  out_.document.add(coding, "system", literal(value.system, rule));
  out_.document.add(coding, "code", literal(value.text, rule));
  out_.document.append(list, coding);
  out_.document.add(object, "coding", list);
  return object;
}

Node* Mapper::Impl::coding(const Rule& rule, std::string_view system, std::string_view code,
                           std::string_view display, const Val& from) {
  fhir::Document& doc = out_.document;
  Node* out = doc.object();
  if (!system.empty()) doc.add(out, "system", mark(doc.string(system, false), rule, from));
  doc.add(out, "code", mark(doc.string(code, false), rule, from));
  if (!display.empty()) doc.add(out, "display", mark(doc.string(display, false), rule, from));
  return out;
}

namespace {

/// The same code, in the same system or in none.
bool says_less(const Node* original, const Node* fresh) {
  const Node* system = original->find("system");
  return original->text_of("code") == fresh->text_of("code") &&
         (!system || system->text == fresh->text_of("system"));
}

}  // namespace

/// Puts the vocabulary's coding before, or in place of, what the data type map made.
Node* Mapper::Impl::translate(const Rule& rule, Node* built, const Val& value) {
  const Vocab& vocab = p_.vocabs[rule.vocab];
  if (text_of(value, scratch_).empty()) return built;
  const VocabRow* row = look_up(rule, value);
  const bool fallback = !row && vocab.has_fallback;
  if (!fallback && (!row || row->code.empty())) return built;
  const std::string_view system = row && !row->system.empty() ? row->system : vocab.to;
  Node* fresh = coding(rule, system, row ? row->code : vocab.fallback,
                       row ? row->display : std::string_view(), value);
  if (rule.coding) return fresh;
  fhir::Document& doc = out_.document;
  Node* list = doc.array();
  doc.append(list, fresh);
  if (!built) built = doc.object();
  if (Node* before = built->find("coding"); before && before->is_array()) {
    // The mapped coding takes the place of the triplet it came from, which need not be the first.
    bool replaces = !vocab.keep_original && row;
    for (const fhir::Item* item = before->first_item; item; item = item->next) {
      if (replaces && core::iequals(item->value->text_of("code"), row->from)) {
        replaces = false;
      } else if (!says_less(item->value, fresh)) {
        doc.append(list, item->value);
      }
    }
  }
  doc.set(built, "coding", list);
  return built;
}

}  // namespace mapping
