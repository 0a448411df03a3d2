#include <fhir/date_range.hpp>

#include <algorithm>

#include "visit.hpp"

/// Shapes at run time: recorded while rules run, played instead of running them (shape.hpp).
namespace mapping {

using fhir::Node;

/// Rules look into what a hole gave: the next time it is no hole.
void Mapper::Impl::shape_touch(const Node* node) const {
  for (const Hole& hole : shape_->holes) {
    if (!hole.node || hole.node != node) continue;
    recall_->no_hole[hole.rule] = true;
    shape_->lost = true;
  }
}

/// The code was looked at, so it is in the key: the shape says the same again.
void Mapper::Impl::shape_missed(std::string_view code, const Rule& rule, const Origin& at) {
  const auto number = static_cast<std::size_t>(&rule - p_.rules.data());
  shape_->lost |= number >= p_.rules.size() || at.segment != here_.segment;
  shape_->misses.push_back({static_cast<std::uint32_t>(shape_->holes.size()),
                            static_cast<std::uint32_t>(number), out_.document.keep(code), at});
}

/// Says those that come before that hole.
void Mapper::Impl::say_misses(const Shape& shape, std::size_t hole, std::size_t& next) {
  for (; next < shape.misses.size() && shape.misses[next].hole <= hole; ++next) {
    const ShapeMiss& miss = shape.misses[next];
    const Rule& rule = p_.rules[miss.rule];
    Origin at = miss.at;
    at.segment = here_.segment;
    say_missed(p_.vocabs[rule.vocab], miss.code, rule.info, at);
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
  const bool of_nothing = value.kind == Val::Kind::kNone && rule.concat != kNil;
  if (!of_nothing && !spot_of(value, term, hole.value)) return build(rule, value, outer);
  ShapeTrace* const shape = std::exchange(shape_, nullptr);
  const std::size_t said = said_so_far();
  const std::uint64_t ordinals = ordinals_given_;
  Node* node = build(rule, value, outer);
  shape_ = shape;
  shape->never |= ordinals_given_ != ordinals;   // could not be taken back
  shape->said += said_so_far() - said;
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

/// The shape of the current segment, as far as it is known.
AskedShape Mapper::Impl::ask_shape(const MapInfo& map, bool extends) {
  AskedShape asked;
  const auto number = static_cast<std::uint32_t>(&map - p_.maps.data());
  const std::uint32_t maker = makers_.shapes + number;
  const bool open = !options_.lineage && !trace_ && !shape_ && made_before_.empty() &&
                    here_.has_segment && here_.run_end == here_.segment + 1 &&
                    recall_->worth(maker);
  if (!open) return asked;
  ShapeSpec& spec = recall_->spec_of(number);
  asked.key = shape_key(spec, number << 1 | (extends ? 1u : 0u));
  if (asked.key.empty()) return asked;
  asked.spec = &spec;
  asked.known = recall_->book->find(asked.key);
  recall_->paid(maker, asked.known != nullptr);
  if (asked.known && asked.known->stale) asked.known = nullptr;
  return asked;
}

/// A new resource of the current segment, by its shape.
Node* Mapper::Impl::shaped(const MapInfo& map, const AskedShape& asked) {
  if (!asked.spec) return by_rules(map);
  if (!asked.known) return record(map, asked);
  const Mark before = mark_here();
  if (Node* const whole = play(*asked.known)) return whole;
  take_back(before);
  return by_rules(map);
}

Mapper::Impl::Mark Mapper::Impl::mark_here() const {
  return {out_.drafts.size(), out_.issues.size(), out_.vocab_misses.size(), completed_};
}

/// A value came that rules make nothing of, where they did before: all of them run, as if none had,
/// unless a resource from before has links to new ones now.
void Mapper::Impl::take_back(const Mark& mark) {
  as_sent_ = {};
  ++recall_->message;
  if (completed_ != mark.completed) return;
  const std::size_t drafts = mark.drafts;
  out_.issues.erase(out_.issues.begin() + static_cast<std::ptrdiff_t>(mark.issues),
                    out_.issues.end());
  out_.vocab_misses.erase(out_.vocab_misses.begin() + static_cast<std::ptrdiff_t>(mark.misses),
                          out_.vocab_misses.end());
  for (; out_.drafts.size() > drafts; out_.drafts.pop_back()) {
    drafts_by_key_.number(out_.drafts.back().type, out_.drafts.back().keys[0]) = -1;
  }
  references_.resize(std::min(references_.size(), drafts));
  std::erase_if(linked_before_, [&](const LinkedBefore& one) {
    return static_cast<std::size_t>(one.draft) >= drafts;
  });
}

void Mapper::Impl::begin_shape(const AskedShape& asked) {
  shape_trace_ = {};
  shape_trace_.spec = asked.spec;
  shape_trace_.version = asked.spec->version;
  shape_trace_.said = said_so_far();
}

/// Runs the rules and keeps the shape of what they give.
Node* Mapper::Impl::record(const MapInfo& map, const AskedShape& asked) {
  shape_ = &shape_trace_;
  Node* const root = by_rules(map);
  shape_ = nullptr;
  keep_shape(map, asked, root);
  return root;
}

void Mapper::Impl::keep_shape(const MapInfo& map, const AskedShape& asked, const Node* root) {
  const ShapeTrace& trace = shape_trace_;
  const auto maker = makers_.shapes + static_cast<std::uint32_t>(&map - p_.maps.data());
  if (trace.never) recall_->uses[maker].never = true;
  if (trace.never || trace.lost || aborted_ || asked.spec->version != trace.version ||
      trace.said != said_so_far()) {
    return;
  }
  auto shape = std::make_unique<Shape>();
  shape->holes = trace.holes;
  shape->misses = trace.misses;
  for (ShapeMiss& miss : shape->misses) miss.code = recall_->book->nodes().keep(miss.code);
  shape->keys = trace.keys;
  shape->has_keys = trace.has_keys;
  shape->inferred = trace.inferred;
  for (KeyStep& step : shape->keys) step.text = recall_->book->nodes().keep(step.text);
  shape->root = shape_value(root, *shape);
  recall_->book->keep(asked.key, std::move(shape));
}

/// Whether what the map gives can be made apart and added to `root`: new members, and items of
/// lists that nothing looks into. `known`: its own items are no equals of one another.
bool Mapper::Impl::adds_only(const MapInfo& map, const Node* root, bool known) const {
  for (std::uint32_t i = map.targets.first; i < map.targets.end(); ++i) {
    const Target& target = p_.targets[i];
    if (target.first_member == "end") return false;   // is compared with the start
    if (!has_member(root, target.first_member) && !present(target, root)) continue;
    if (!target.repeats || target.steps.count != 0 || !target.choice.empty() ||
        (target.distinct && !known) || target.first_member == "extension") {
      return false;
    }
  }
  return true;
}

/// What was made apart comes into the resource, as place() would have put it there.
void Mapper::Impl::add_part(const MapInfo& map, const Node* part, Node* root) {
  const auto is_distinct = [&](std::string_view member) {
    const Target* const targets = p_.targets.data() + map.targets.first;
    return std::any_of(targets, targets + map.targets.count, [&](const Target& target) {
      return target.distinct && target.first_member == member;
    });
  };
  fhir::Document& doc = out_.document;
  for (const fhir::Member* m = part->first_member; m; m = m->next) {
    const Node* const there = root->find(m->name);
    if (!there) doc.add(root, m->name, m->value);
    if (!there || !m->value->is_array()) continue;
    Node* const list = own_list(root, m->name);
    const bool distinct = is_distinct(m->name);
    for (const fhir::Item* i = m->value->first_item; i; i = i->next) {
      bool equal = false;
      if (distinct && list->count < kDistinctMax) {
        for (const fhir::Item* old = list->first_item; old && !equal; old = old->next) {
          equal = fhir::equal(old->value, i->value);
        }
      }
      if (!equal) doc.append(list, i->value);
    }
  }
}

/// Adds to a resource what the current segment's shape says; false: nothing was done.
bool Mapper::Impl::extend_by_shape(const MapInfo& map, Node* root) {
  const AskedShape asked = ask_shape(map, true);
  if (!asked.spec || !adds_only(map, root, asked.known != nullptr)) return false;
  Node* part = nullptr;
  if (asked.known) {
    const Mark before = mark_here();
    part = play(*asked.known);
    if (!part) {
      take_back(before);
      return false;
    }
  } else {
    begin_shape(asked);
    part = out_.document.object();
    shape_ = &shape_trace_;
    apply_root(map.targets, part, Val());
    shape_ = nullptr;
    keep_shape(map, asked, part);
  }
  add_part(map, part, root);
  return true;
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

ShapeValue Mapper::Impl::shape_value(const Node* node, Shape& shape) {
  ShapeValue out;
  const auto same = [&](const Hole& hole) { return hole.node == node; };
  const auto hole = std::find_if(shape.holes.begin(), shape.holes.end(), same);
  if (hole != shape.holes.end()) {
    out.kind = ShapeValue::Kind::kHole;
    out.number = static_cast<std::uint32_t>(hole - shape.holes.begin());
    return out;
  }
  if (!holds_hole(node, shape.holes)) {
    out.node = recall_->book->nodes().share(node);
    return out;
  }
  std::vector<ShapeMember> members;
  for (const fhir::Member* m = node->first_member; m; m = m->next) {
    members.push_back({m->name, shape_value(m->value, shape)});
  }
  for (const fhir::Item* i = node->first_item; i; i = i->next) {
    members.push_back({{}, shape_value(i->value, shape)});
  }
  ShapePart part;
  part.object = node->is_object();
  part.distinct = holds(shape_trace_.distinct, node);
  part.period = holds(shape_trace_.periods, node);
  part.first = static_cast<std::uint32_t>(shape.members.size());
  part.count = static_cast<std::uint32_t>(members.size());
  shape.members.insert(shape.members.end(), members.begin(), members.end());
  out.kind = ShapeValue::Kind::kPart;
  out.number = static_cast<std::uint32_t>(shape.parts.size());
  shape.parts.push_back(part);
  return out;
}

/// What the rule of a hole makes of a value; what it made before, where it is the same value in the
/// same message and nothing else was used.
Node* Mapper::Impl::filling(Hole& hole, const Rule& rule, const Val& value) {
  const bool known = hole.message == recall_->message && value.kind == Val::Kind::kHl7 &&
                     hole.value_before == value.v.raw();
  if (known && hole.again != 0) {
    hole.again = kAgainMost;
    return hole.given;
  }
  const std::size_t said = said_so_far();
  more_than_value_ = false;
  Node* node = build(rule, value, Val());
  const bool refers = rule.shape == Rule::Shape::kReference && refers_again_;
  const bool of_value = refers || !more_than_value_;
  hole.message = 0;
  if (!of_value || said != said_so_far() || value.kind != Val::Kind::kHl7) return node;
  hole.message = recall_->message;
  hole.value_before = value.v.raw();
  if (known) {
    hole.again = kAgainMost;
  } else if (hole.again != 0) {
    --hole.again;
  }
  // Several trees are going to have it.
  if (hole.again != 0 && node && !node->is_leaf() && !node->shared) {
    node = const_cast<Node*>(out_.document.share(node));
  }
  hole.given = node;
  return node;
}

/// Runs the rules of the holes; false: one gives nothing that gave something, or the other way.
bool Mapper::Impl::fill(Shape& shape, std::size_t base) {
  steps_ += shape.holes.size();
  shape.repeats |= shape.message == recall_->message;
  shape.message = recall_->message;
  const Val nothing;
  Val of_field, other;
  std::size_t said = 0;
  for (std::size_t i = 0; i < shape.holes.size(); ++i) {
    if (said < shape.misses.size()) say_misses(shape, i, said);
    Hole& hole = shape.holes[i];
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
      const HoleSpot::Base base = hole.value.base;
      if (base == HoleSpot::Base::kNothing) other = nothing;
      Val& value = base == HoleSpot::Base::kField ? of_field : other;
      if (!find_spot(hole.value, value)) return false;
      shape.stale |= rule.shape == Rule::Shape::kComplex && recall_->uses[hole.rule].score == 0;
      node = shape.repeats ? filling(hole, rule, value) : build(rule, value, nothing);
      if ((node == nullptr) != (hole.node == nullptr) || !as_sent_.empty()) return false;
    }
    filled_[base + i] = node;
  }
  say_misses(shape, shape.holes.size(), said);
  return true;
}

namespace {

bool has_equals(const Node* list) {
  for (const fhir::Item* item = list->first_item; item; item = item->next) {
    for (const fhir::Item* other = item->next; other; other = other->next) {
      if (fhir::equal(item->value, other->value)) return true;
    }
  }
  return false;
}

}  // namespace

/// The tree with the holes filled, side by side in memory; nullptr: rules would not have kept it
/// like this.
Node* Mapper::Impl::instance(const Shape& shape, std::size_t base) {
  fhir::Document& doc = out_.document;
  Node* const nodes = doc.room_for<Node>(shape.parts.size());
  const auto node_of = [&](const ShapeValue& value) {
    return value.kind == ShapeValue::Kind::kShared ? const_cast<Node*>(value.node)
           : value.kind == ShapeValue::Kind::kHole ? filled_[base + value.number]
                                                   : nodes + value.number;
  };
  bool good = true;
  // A part stands behind those that it holds.
  Node* node = nodes;
  for (const ShapePart& part : shape.parts) {
    new (node) Node();
    node->count = part.count;
    const ShapeMember* from = shape.members.data() + part.first;
    if (part.object) {
      node->kind = Node::Kind::kObject;
      fhir::Member* to = doc.room_for<fhir::Member>(part.count);
      node->first_member = to;
      for (std::uint32_t n = part.count; n != 0; --n, ++from, ++to) {
        new (to) fhir::Member{from->name, node_of(from->value), n == 1 ? nullptr : to + 1};
        good &= to->value != nullptr;
      }
      node->last_member = to - 1;
      if (part.period && good) {
        good = !fhir::ends_before_start(node->find("start"), node->find("end"));
      }
    } else {
      node->kind = Node::Kind::kArray;
      fhir::Item* to = doc.room_for<fhir::Item>(part.count);
      node->first_item = to;
      for (std::uint32_t n = part.count; n != 0; --n, ++from, ++to) {
        new (to) fhir::Item{node_of(from->value), n == 1 ? nullptr : to + 1};
        good &= to->value != nullptr;
      }
      node->last_item = to - 1;
      if (part.distinct && good) good = !has_equals(node);
    }
    ++node;
  }
  return good ? node_of(shape.root) : nullptr;
}

/// The resource of a shape; nullptr: rules would give another now.
Node* Mapper::Impl::play(Shape& shape) {
  // Resources that holes link to may have shapes of their own.
  const std::size_t base = filled_.size();
  filled_.resize(base + shape.holes.size());
  Node* const root = fill(shape, base) ? instance(shape, base) : nullptr;
  filled_.resize(base);
  // Without a hole it is everybody's; later segments may add to it.
  return root && root->shared ? out_.document.unshare(root) : root;
}

}  // namespace mapping
