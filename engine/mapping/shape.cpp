#include <algorithm>
#include <bit>
#include <cstring>

#include "visit.hpp"

/// Shapes at run time: recorded while rules run, played instead of running them (shape.hpp).
namespace mapping {

using fhir::Node;

namespace {

// Pieces of a key, whose bytes do not matter.
constexpr char kSomething = '1', kNull = '0', kBytes = '=', kFieldEnd = '\r';
constexpr std::uint64_t kAllComponents = ~0ull;

/// Writes a key into a buffer of kShapeKeyMax bytes.
class KeyWriter {
 public:
  explicit KeyWriter(std::vector<char>& buffer) : buffer_(buffer) { buffer_.resize(kShapeKeyMax); }
  /// false, from then on: what follows does not fit.
  bool has_room(std::size_t bytes) {
    fits_ = fits_ && bytes < kShapeKeyMax - size_;
    return fits_;
  }
  void add(char c) { buffer_[size_++] = c; }
  void add(std::string_view text) {
    if (!text.empty()) std::memcpy(buffer_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  /// Empty when not all of it did fit.
  std::string_view key() const { return {buffer_.data(), fits_ ? size_ : 0}; }

 private:
  std::vector<char>& buffer_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

/// A field's delimiters as they are; of its pieces whether they are there, and the bytes of the
/// components that were looked into.
void add_field(std::string_view raw, std::uint64_t bytes, const hl7::Delimiters& d,
               KeyWriter& key) {
  // At most three characters for each of the field's.
  if (!key.has_room(raw.size() * 3 + 3)) return;
  if (bytes == kAllComponents) {
    key.add(raw);
    key.add(kFieldEnd);
    return;
  }
  std::size_t start = 0;
  int component = 1;
  for (std::size_t i = 0; i <= raw.size(); ++i) {
    const char c = i < raw.size() ? raw[i] : kFieldEnd;
    if (c != d.component && c != d.subcomponent && c != d.repetition && i < raw.size()) continue;
    const std::string_view piece = raw.substr(start, i - start);
    start = i + 1;
    if ((bytes >> std::min(component, 63) & 1) != 0) {
      key.add(kBytes);
      key.add(piece);
    } else if (!piece.empty()) {
      key.add(piece.size() == 2 && piece == "\"\"" ? kNull : kSomething);
    }
    key.add(c);
    if (c == d.component) ++component;
    if (c == d.repetition) component = 1;
  }
}

std::uint64_t bit(int component) { return 1ull << std::clamp(component, 0, 63); }

}  // namespace

/// A field was visited: whether it is there, and how it is built, decides.
void Mapper::Impl::shape_field(const Term& term) {
  ShapeTrace& shape = *shape_;
  if (term.field <= 0) {
    shape.never = true;
  } else if (!here_.has_segment || term.segment != here_.name || term.occurrence != 0) {
    shape.never |= !shape.spec->add_other({term.segment, term.occurrence, term.field});
  } else if (static_cast<std::size_t>(term.field) < ShapeSpec::kFieldsMax) {
    shape.spec->add_own(1ull << term.field);
  } else {
    shape.never = true;
  }
}

void Mapper::Impl::shape_env(EnvName name) {
  if (shape_->quiet_env) {
    shape_->spec->add_there(name);
  } else {
    const auto number = static_cast<std::uint16_t>(name);
    shape_->never |= !shape_->spec->add_read({Read::Kind::kEnv, number, 0});
  }
}

/// Of a condition that weighs bytes in ways of its own, the outcome decides, where it looks at
/// nothing but fields. @return whether `cond` is one.
bool Mapper::Impl::shape_condition(std::uint32_t index) {
  const Cond& cond = p_.conds[index];
  const auto of_fields = [&](std::uint32_t term) {
    return p_.terms[term].kind == Term::Kind::kField && p_.terms[term].filter == kNil;
  };
  switch (cond.op) {
    case Cond::Op::kLength:
    case Cond::Op::kMatches:
      if (!of_fields(cond.a)) return false;
      break;
    case Cond::Op::kSame:
      if (!of_fields(cond.a) || !of_fields(cond.b)) return false;
      break;
    case Cond::Op::kCompare:
      if (cond.compare == Compare::kEq || cond.compare == Compare::kNe || !of_fields(cond.a)) {
        return false;
      }
      break;
    default: return false;
  }
  shape_->never |= !shape_->spec->add_read({Read::Kind::kCondition, 0, 0, index});
  return true;
}

/// The bytes of a value were looked at, not just passed on. `all`: of every component.
void Mapper::Impl::shape_seen(const Val& value, bool all) {
  if (value.kind != Val::Kind::kHl7) return;
  ShapeTrace& shape = *shape_;
  const Origin& at = value.at;
  if (at.segment == Lineage::kLiteral || at.field <= 0) {
    // Of the message's header, which is part of the context, only the facility has no origin.
    shape.lost |= value.v.raw().data() != header_.sending_facility.child(1).raw().data();
    return;
  }
  const std::uint64_t components = at.component != 0 ? bit(at.component)
                                   : all             ? kAllComponents
                                                     : bit(1);
  if (here_.has_segment && at.segment == here_.segment) {
    const auto field = static_cast<std::size_t>(at.field);
    if (field >= ShapeSpec::kFieldsMax) {
      shape.never = true;
    } else {
      shape.spec->add_bytes(shape.spec->own_bytes[field], components);
    }
    return;
  }
  for (ShapeField& one : shape.spec->others) {
    if (one.field == at.field && segment_at(one.segment, one.occurrence) == at.segment) {
      shape.spec->add_bytes(one.bytes, components);
      return;
    }
  }
  shape.lost = true;
}

/// Rules look into what a hole gave: the next time it is no hole.
void Mapper::Impl::shape_touch(const Node* node) const {
  for (const Hole& hole : shape_->holes) {
    if (!hole.node || hole.node != node) continue;
    recall_->no_hole[hole.rule] = true;
    shape_->lost = true;
  }
}

/// Whether what the rule makes of a value depends on nothing else that a shape could miss.
bool Mapper::Impl::may_hole(const Rule& rule) const {
  const auto number = static_cast<std::size_t>(&rule - p_.rules.data());
  return shape_->closed == 0 && number < p_.rules.size() && !recall_->no_hole[number] &&
         rule.function != Function::kMime && rule.function != Function::kSampled &&
         shape_->holes.size() < kShapeHolesMax;
}

/// build(), as a hole of the shape that is being recorded where that is possible.
Node* Mapper::Impl::made(const Rule& rule, const Val& value, const Val& outer, const Term* term) {
  if (!shape_ || !may_hole(rule)) return build(rule, value, outer);
  const auto number = static_cast<std::uint32_t>(&rule - p_.rules.data());
  // What seldom comes again is followed into its parts; a hole would run all of its rules.
  if (rule.shape == Rule::Shape::kComplex &&
      (!rule.has_from || value.kind != Val::Kind::kHl7 || !recall_->worth(number))) {
    return build(rule, value, outer);
  }
  Hole hole;
  hole.rule = number;
  const bool text = rule.prim == Prim::kString || rule.prim == Prim::kMarkdown ||
                    rule.prim == Prim::kCode || rule.prim == Prim::kId;
  hole.plain = rule.shape == Rule::Shape::kPrimitive && text && rule.concat == kNil &&
               rule.map == kNil && rule.vocab == kNil && rule.function == Function::kNone &&
               value.kind == Val::Kind::kHl7;
  hole.resource = value.kind == Val::Kind::kResource && refers_alone(rule);
  if (!spot_of(value, term, rule, hole.value)) return build(rule, value, outer);
  ShapeTrace* const shape = std::exchange(shape_, nullptr);
  const std::size_t said = out_.issues.size() + out_.vocab_misses.size();
  const std::uint64_t ordinals = ordinals_given_;
  Node* node = build(rule, value, outer);
  shape_ = shape;
  shape->never |= ordinals_given_ != ordinals;   // could not be taken back
  shape->said += out_.issues.size() + out_.vocab_misses.size() - said;
  shape->lost |= !as_sent_.empty();
  // Two holes that gave one remembered tree are told apart by copies.
  const auto same = [&](const Hole& other) { return other.node == node; };
  if (node && std::any_of(shape->holes.begin(), shape->holes.end(), same)) {
    node = out_.document.unshare(node);
  }
  hole.node = node;
  hole.plain &= node != nullptr;
  hole.resource &= node != nullptr;
  shape->holes.push_back(hole);
  return node;
}

bool Mapper::Impl::spot_of(const Val& value, const Term* term, const Rule& rule, HoleSpot& spot) {
  switch (value.kind) {
    case Val::Kind::kNone: return rule.concat != kNil;
    case Val::Kind::kCoding: return false;
    case Val::Kind::kText:
    case Val::Kind::kResource: {
      const bool known = term && (term->kind == Term::Kind::kEnv ||
                                  term->kind == Term::Kind::kResource);
      spot.base = HoleSpot::Base::kTerm;
      if (known) spot.term = static_cast<std::uint32_t>(term - p_.terms.data());
      return known;
    }
    case Val::Kind::kHl7: break;
  }
  if (value.at.segment >= message_->segment_count() || value.at.field <= 0) return false;
  spot.base = HoleSpot::Base::kField;
  spot.key = value.key;
  spot.whole_text = value.whole_text;
  spot.segment = index_.name_of(value.at.segment);
  if (spot.segment >= p_.segments.size()) return false;
  if (nearest(spot.segment) != value.at.segment) {
    for (const ShapeField& one : shape_->spec->others) {
      const bool same = one.segment == spot.segment && one.field == spot.field &&
                        segment_at(one.segment, one.occurrence) == value.at.segment;
      if (same) spot.occurrence = one.occurrence;
    }
  }
  spot.field = value.at.field;
  spot.repetition = value.at.repetition;
  spot.component = value.at.component;
  spot.subcomponent = value.at.subcomponent;
  Val again;
  return find_spot(spot, again) && again.at.segment == value.at.segment &&
         again.v.level() == value.v.level() &&
         again.v.raw().data() == value.v.raw().data() &&
         again.v.raw().size() == value.v.raw().size();
}

bool Mapper::Impl::find_spot(const HoleSpot& spot, Val& out) {
  if (spot.base == HoleSpot::Base::kNothing) return true;
  if (spot.base == HoleSpot::Base::kTerm) {
    out = first(p_.terms[spot.term], Val());
    return out.kind != Val::Kind::kNone;
  }
  out.v = piece_of(spot);
  if (!out.v.delimiters()) return false;
  out.kind = Val::Kind::kHl7;
  out.key = spot.key;
  out.whole_text = spot.whole_text;
  out.at = {last_spot_.segment, spot.field, spot.repetition, spot.component, spot.subcomponent};
  return true;
}

/// The piece of the message at a spot of base kField; without delimiters: it is not there.
hl7::Value Mapper::Impl::piece_of(const HoleSpot& spot) {
  const std::uint32_t segment = segment_at(spot.segment, spot.occurrence);
  if (segment == kNil) return {};
  LastSpot& last = last_spot_;
  if (last.segment != segment || last.field != spot.field || last.repetition != spot.repetition) {
    last = {segment, spot.field, spot.repetition, {}};
    const hl7::Value field = message_->segment(segment).field(spot.field);
    std::int16_t number = 0;
    for (const hl7::Value repetition : field.repetitions()) {
      if (++number != spot.repetition) continue;
      last.value = repetition;
      break;
    }
  }
  hl7::Value out = last.value;
  if (spot.component != 0) out = child(out, spot.component);
  if (spot.subcomponent != 0) out = child(out, spot.subcomponent);
  return out;
}

/// All that decides, as it is in this message, with the map and the context; empty: too long to be
/// worth it.
std::string_view Mapper::Impl::shape_key(const ShapeSpec& spec, std::uint32_t map) {
  KeyWriter key(shape_key_buffer_);
  const hl7::SegmentView own = message_->segment(here_.segment);
  const hl7::Delimiters& d = message_->delimiters();
  const std::uint64_t present = own.fields_present() & spec.own;
  const auto add_bytes = [&](const auto& number) {
    key.add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
  };
  add_bytes(map);
  add_bytes(recall_->context);
  add_bytes(present);
  for (std::uint64_t left = present; left != 0; left &= left - 1) {
    const int field = std::countr_zero(left);
    add_field(own.field(field).raw(), spec.own_bytes[static_cast<std::size_t>(field)], d, key);
  }
  for (const ShapeField& one : spec.others) {
    const std::uint32_t segment = segment_at(one.segment, one.occurrence);
    if (!key.has_room(1)) return {};
    key.add(segment == kNil ? kNull : kSomething);
    if (segment == kNil) continue;
    add_field(message_->segment(segment).field(one.field).raw(), one.bytes, d, key);
  }
  for (const Read& read : spec.reads) {
    if (read.kind == Read::Kind::kEnv) {
      const std::string_view text = env(static_cast<EnvName>(read.name));
      if (!key.has_room(text.size() + 1)) return {};
      key.add(text);
      key.add(kFieldEnd);
      continue;
    }
    if (!key.has_room(1)) return {};
    const bool there = read.kind == Read::Kind::kCondition ? test(read.condition, Val())
                                                           : nearest_made(read.name) >= 0;
    key.add(there ? kSomething : kNull);
  }
  for (const EnvName name : spec.there) {
    if (!key.has_room(1)) return {};
    key.add(env(name).empty() ? kNull : kSomething);
  }
  return key.key();
}

/// A new resource of the current segment, by its shape.
Node* Mapper::Impl::shaped(const MapInfo& map) {
  const auto number = static_cast<std::uint32_t>(&map - p_.maps.data());
  const std::uint32_t maker = makers_.shapes + number;
  const bool open = !options_.lineage && !trace_ && !shape_ && made_before_.empty() &&
                    here_.has_segment && here_.run_end == here_.segment + 1 &&
                    recall_->worth(maker);
  ShapeSpec* const spec = open ? &recall_->spec_of(number) : nullptr;
  const std::string_view key = spec ? shape_key(*spec, number) : std::string_view();
  if (key.empty()) return by_rules(map);
  Shape* const known = recall_->book->find(key);
  recall_->paid(maker, known != nullptr);
  if (!known || known->stale) return record(map, *spec, key);
  const std::size_t issues = out_.issues.size(), misses = out_.vocab_misses.size(),
                    drafts = out_.drafts.size();
  const std::uint64_t completed = completed_;
  if (Node* const whole = play(*known)) return whole;
  // A value came that rules make nothing of, where they did before: all of them run, as if none
  // had, unless a resource from before has links to new ones now.
  if (completed_ == completed) take_back(drafts, issues, misses);
  as_sent_ = {};
  return by_rules(map);
}

void Mapper::Impl::take_back(std::size_t drafts, std::size_t issues, std::size_t misses) {
  out_.issues.erase(out_.issues.begin() + static_cast<std::ptrdiff_t>(issues), out_.issues.end());
  out_.vocab_misses.erase(out_.vocab_misses.begin() + static_cast<std::ptrdiff_t>(misses),
                          out_.vocab_misses.end());
  for (; out_.drafts.size() > drafts; out_.drafts.pop_back()) {
    drafts_by_key_.put(out_.drafts.back().type, out_.drafts.back().keys[0], -1);
  }
  references_.resize(std::min(references_.size(), drafts));
  std::erase_if(linked_before_, [&](const LinkedBefore& one) {
    return static_cast<std::size_t>(one.draft) >= drafts;
  });
}

/// Runs the rules and keeps the shape of what they give.
Node* Mapper::Impl::record(const MapInfo& map, ShapeSpec& spec, std::string_view key) {
  const std::uint32_t version = spec.version;
  ShapeTrace& trace = shape_trace_;
  trace = {};
  trace.spec = &spec;
  trace.said = out_.issues.size() + out_.vocab_misses.size();
  shape_ = &trace;
  Node* const root = by_rules(map);
  shape_ = nullptr;
  const auto maker = makers_.shapes + static_cast<std::uint32_t>(&map - p_.maps.data());
  if (trace.never) recall_->uses[maker].never = true;
  if (trace.never || trace.lost || aborted_ || spec.version != version ||
      trace.said != out_.issues.size() + out_.vocab_misses.size()) {
    return root;
  }
  auto shape = std::make_unique<Shape>();
  shape->holes = trace.holes;
  (void)shape_part(root, *shape);
  recall_->book->keep(key, std::move(shape));
  return root;
}

namespace {

bool holds_hole(const Node* node, const std::vector<Hole>& holes) {
  const auto same = [&](const Hole& hole) { return hole.node == node; };
  if (std::any_of(holes.begin(), holes.end(), same)) return true;
  for (const fhir::Member* m = node->first_member; m; m = m->next) {
    if (holds_hole(m->value, holes)) return true;
  }
  for (const fhir::Item* i = node->first_item; i; i = i->next) {
    if (holds_hole(i->value, holes)) return true;
  }
  return false;
}

bool holds(const std::vector<const Node*>& nodes, const Node* node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace

std::uint32_t Mapper::Impl::shape_part(const Node* node, Shape& shape) {
  ShapePart part;
  const auto same = [&](const Hole& hole) { return hole.node == node; };
  const auto hole = std::find_if(shape.holes.begin(), shape.holes.end(), same);
  if (hole != shape.holes.end()) {
    part.kind = ShapePart::Kind::kHole;
    part.hole = static_cast<std::uint32_t>(hole - shape.holes.begin());
  } else if (!holds_hole(node, shape.holes)) {
    part.node = recall_->book->nodes().share(node);
  } else {
    part.kind = node->is_object() ? ShapePart::Kind::kObject : ShapePart::Kind::kArray;
    part.distinct = holds(shape_trace_.distinct, node);
    part.period = holds(shape_trace_.periods, node);
    std::vector<ShapeMember> members;
    for (const fhir::Member* m = node->first_member; m; m = m->next) {
      members.push_back({m->name, shape_part(m->value, shape)});
    }
    for (const fhir::Item* i = node->first_item; i; i = i->next) {
      members.push_back({{}, shape_part(i->value, shape)});
    }
    part.first = static_cast<std::uint32_t>(shape.members.size());
    part.count = static_cast<std::uint32_t>(members.size());
    shape.members.insert(shape.members.end(), members.begin(), members.end());
  }
  shape.parts.push_back(part);
  return static_cast<std::uint32_t>(shape.parts.size() - 1);
}

/// Runs the rules of the holes; false: one gives nothing that gave something, or the other way.
bool Mapper::Impl::fill(Shape& shape, std::size_t base) {
  steps_ += shape.holes.size();
  for (std::size_t i = 0; i < shape.holes.size(); ++i) {
    const Hole& hole = shape.holes[i];
    const Rule& rule = p_.rules[hole.rule];
    Node* node = nullptr;
    if (hole.plain) {
      node = plain_leaf(rule.prim, piece_of(hole.value));
    } else if (hole.resource) {
      const std::int32_t draft = nearest_made(p_.terms[hole.value.term].name);
      if (draft < 0) return false;
      node = shared_reference(draft);
    }
    if (!node) {
      Val value;
      if (!find_spot(hole.value, value)) return false;
      shape.stale |= rule.shape == Rule::Shape::kComplex && recall_->uses[hole.rule].score == 0;
      node = build(rule, value, Val());
      if ((node == nullptr) != (hole.node == nullptr) || !as_sent_.empty()) return false;
    }
    filled_[base + i] = node;
  }
  return true;
}

/// The tree of a part with the holes filled; nullptr: it would not have been kept like this.
Node* Mapper::Impl::instance(const Shape& shape, std::uint32_t number, std::size_t base) {
  const ShapePart& part = shape.parts[number];
  fhir::Document& doc = out_.document;
  switch (part.kind) {
    case ShapePart::Kind::kShared: return const_cast<Node*>(part.node);
    case ShapePart::Kind::kHole: return filled_[base + part.hole];
    case ShapePart::Kind::kObject: {
      Node* const object = doc.object();
      for (std::uint32_t i = part.first; i < part.first + part.count; ++i) {
        const ShapeMember& member = shape.members[i];
        Node* const value = instance(shape, member.part, base);
        if (!value) return nullptr;
        if (part.period && member.name == "end" && ends_before_start(object, value)) return nullptr;
        doc.add(object, member.name, value);
      }
      return object;
    }
    case ShapePart::Kind::kArray: break;
  }
  Node* const list = doc.array();
  for (std::uint32_t i = part.first; i < part.first + part.count; ++i) {
    Node* const value = instance(shape, shape.members[i].part, base);
    if (!value) return nullptr;
    for (const fhir::Item* item = list->first_item; part.distinct && item; item = item->next) {
      if (fhir::equal(item->value, value)) return nullptr;
    }
    doc.append(list, value);
  }
  return list;
}

/// The resource of a shape; nullptr: rules would give another now.
Node* Mapper::Impl::play(Shape& shape) {
  // Resources that holes link to may have shapes of their own.
  const std::size_t base = filled_.size();
  filled_.resize(base + shape.holes.size());
  const auto last = static_cast<std::uint32_t>(shape.parts.size() - 1);
  Node* const root = fill(shape, base) ? instance(shape, last, base) : nullptr;
  filled_.resize(base);
  // Without a hole it is everybody's; later segments may add to it.
  return root && root->shared ? out_.document.unshare(root) : root;
}

}  // namespace mapping
