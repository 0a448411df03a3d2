#include "visit.hpp"

/// Keys by shapes: how they are written is recorded with the shape of a resource, and played before
/// the resource is made.
namespace mapping {

/// The keys of the resource that the current segment makes, by its shape where that is known.
/// @return the shape, for its content.
AskedShape Mapper::Impl::keys_by_shape(const MapInfo& map) {
  // Where whole resources come again no shape is needed.
  const auto number = static_cast<std::size_t>(&map - p_.maps.data());
  const Recall::State::Use& whole = recall_->uses[makers_.roots + number];
  AskedShape shape;
  if (whole.never || whole.score == 0) shape = ask_shape(map);
  if (shape.known && !shape.known->has_keys) shape.known = nullptr;
  if (shape.known && play_keys(*shape.known, map)) return shape;
  if (!shape.spec || shape.known) {
    keys_of(map, Val());
    return shape;
  }
  begin_shape(shape);
  shape_ = &shape_trace_;
  keys_of(map, Val());
  shape_ = nullptr;
  shape_trace_.has_keys = true;
  return shape;
}

/// false: rules give other keys now; ordinals are as they were before.
bool Mapper::Impl::play_keys(const Shape& shape, const MapInfo& map) {
  key_count_ = 0;
  inferred_ = shape.inferred;
  ordinals_here_.clear();
  ordinal_texts_.clear();
  steps_ += shape.keys.size();
  for (const KeyStep& step : shape.keys) {
    if (play_key_step(step, map)) continue;
    for (; !ordinals_here_.empty(); ordinals_here_.pop_back()) {
      const Ordinal& last = ordinals_here_.back();
      const auto text = std::string_view(ordinal_texts_).substr(last.begin, last.size);
      ordinals_.number(map.type, text) = last.number - 1;
    }
    return false;
  }
  return true;
}

bool Mapper::Impl::play_key_step(const KeyStep& step, const MapInfo& map) {
  switch (step.kind) {
    case KeyStep::Kind::kBegin: key_text_.clear(); break;
    case KeyStep::Kind::kText: key_text_ += step.text; break;
    case KeyStep::Kind::kValue: {
      Val value;
      return find_spot(step.value, value) &&
             qualified(value, step.nested, key_text_) == step.gives;
    }
    case KeyStep::Kind::kResource: {
      const std::int32_t draft = nearest_made(step.resource);
      append_mark(key_text_, draft);
      key_text_ += kDraftEnd;
      return draft >= 0;
    }
    case KeyStep::Kind::kOrdinal: {
      const std::size_t begin = ordinal_texts_.size();
      ordinal_texts_ += key_text_;
      const std::int32_t number = give_ordinal(map);
      ordinals_here_.push_back({begin, ordinal_texts_.size() - begin, number});
      break;
    }
    case KeyStep::Kind::kAdd: return finish_key() == step.gives;
  }
  return true;
}

/// qualified(), as a step of the shape that is being recorded.
bool Mapper::Impl::key_value(const Val& value, const Term& term, bool nested, std::string& out) {
  if (!shape_) return qualified(value, nested, out);
  ShapeTrace& shape = *shape_;
  KeyStep step;
  if (value.kind == Val::Kind::kResource && term.kind == Term::Kind::kResource) {
    step.kind = KeyStep::Kind::kResource;
    step.resource = term.name;
    shape.keys.push_back(step);
    return qualified(value, nested, out);
  }
  if (value.kind == Val::Kind::kHl7 && spot_of(value, nullptr, step.value)) {
    step.kind = KeyStep::Kind::kValue;
    step.nested = nested;
    shape_ = nullptr;
    step.gives = qualified(value, nested, out);
    shape_ = &shape;
    shape.keys.push_back(step);
    return step.gives;
  }
  // What it gives is decided by bytes that the shape's key holds.
  const std::size_t before = out.size();
  const bool inferred = std::exchange(inferred_, false);
  const bool gives = qualified(value, nested, out);
  shape.inferred |= inferred_;
  inferred_ |= inferred;
  step.kind = KeyStep::Kind::kText;
  step.text = out_.document.keep(std::string_view(out).substr(before));
  if (gives) shape.keys.push_back(step);
  return gives;
}

/// A literal piece of the key that is written.
void Mapper::Impl::key_text(std::string_view text) {
  key_text_ += text;
  if (!shape_) return;
  key_step(KeyStep::Kind::kText);
  shape_->keys.back().text = text;
}

void Mapper::Impl::key_step(KeyStep::Kind kind, bool gives) {
  if (!shape_) return;
  KeyStep step;
  step.kind = kind;
  step.gives = gives;
  shape_->keys.push_back(step);
}

/// @return whether the key was none of the keys.
bool Mapper::Impl::finish_key() {
  const std::size_t before = key_count_;
  add_key(key_text_);
  const bool added = key_count_ != before;
  key_step(KeyStep::Kind::kAdd, added);
  return added;
}

std::int32_t Mapper::Impl::give_ordinal(const MapInfo& map) {
  const std::int32_t number = ++ordinals_.number(map.type, key_text_);
  ++ordinals_given_;
  append_number(key_text_, number);
  return number;
}

}  // namespace mapping
