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

/// The shape of the current segment, as far as it is known.
AskedShape Mapper::Impl::ask_shape(const MapInfo& map) {
  AskedShape asked;
  const auto number = static_cast<std::uint32_t>(&map - p_.maps.data());
  const std::uint32_t maker = makers_.shapes + number;
  const bool open = !options_.lineage && !trace_ && !shape_ && made_before_.empty() &&
                    here_.has_segment && here_.run_end == here_.segment + 1 &&
                    recall_->worth(maker);
  if (!open) return asked;
  ShapeSpec& spec = recall_->spec_of(number);
  asked.key = shape_key(spec, number);
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
  const std::size_t issues = out_.issues.size(), misses = out_.vocab_misses.size(),
                    drafts = out_.drafts.size();
  const std::uint64_t completed = completed_;
  if (Node* const whole = play(*asked.known)) return whole;
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
  shape_trace_.said = out_.issues.size() + out_.vocab_misses.size();
}

/// Runs the rules and keeps the shape of what they give.
Node* Mapper::Impl::record(const MapInfo& map, const AskedShape& asked) {
  ShapeTrace& trace = shape_trace_;
  shape_ = &trace;
  Node* const root = by_rules(map);
  shape_ = nullptr;
  const auto maker = makers_.shapes + static_cast<std::uint32_t>(&map - p_.maps.data());
  if (trace.never) recall_->uses[maker].never = true;
  if (trace.never || trace.lost || aborted_ || asked.spec->version != trace.version ||
      trace.said != out_.issues.size() + out_.vocab_misses.size()) {
    return root;
  }
  auto shape = std::make_unique<Shape>();
  shape->holes = trace.holes;
  shape->keys = trace.keys;
  shape->has_keys = trace.has_keys;
  shape->inferred = trace.inferred;
  for (KeyStep& step : shape->keys) step.text = recall_->book->nodes().keep(step.text);
  shape->root = shape_value(root, *shape);
  recall_->book->keep(asked.key, std::move(shape));
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
        const Node* const end = node->find("end");
        good = !end || !ends_before_start(node, end);
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
