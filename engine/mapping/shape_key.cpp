#include <algorithm>
#include <bit>
#include <cstring>

#include "visit.hpp"

/// What decides about a shape: noted while rules run, written as a key, and the pieces of the
/// message that the key passed (shape.hpp).
namespace mapping {

// Pieces of a key, whose bytes do not matter.
constexpr char kSomething = '1', kNull = '0', kBytes = '=', kFieldEnd = '\r';
constexpr std::uint64_t kAllComponents = ~0ull;

/// Writes a key into a buffer of kShapeKeyMax bytes.
class ShapeKeyWriter {
 public:
  explicit ShapeKeyWriter(std::vector<char>& buffer) {
    buffer.resize(kShapeKeyMax);
    begin_ = at_ = buffer.data();
    end_ = begin_ + kShapeKeyMax;
  }
  /// false, from then on: what follows does not fit.
  bool has_room(std::size_t bytes) {
    fits_ = fits_ && bytes < static_cast<std::size_t>(end_ - at_);
    return fits_;
  }
  void add(char c) { *at_++ = c; }
  char* at() const { return at_; }
  void move_to(char* at) { at_ = at; }
  void add(std::string_view text) {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  /// Empty when not all of it did fit.
  std::string_view key() const {
    return {begin_, fits_ ? static_cast<std::size_t>(at_ - begin_) : 0};
  }

 private:
  char* begin_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;
  bool fits_ = true;
};

namespace {

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
  ShapeSpec& spec = *shape_->spec;
  const bool quiet = std::exchange(shape_->quiet_env, false);
  shape_->never |= !spec.add(quiet ? spec.there : spec.names, name);
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
  shape_->never |= !shape_->spec->add(shape_->spec->conditions, index);
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
  const auto field = static_cast<std::size_t>(at.field);
  bool known = false;
  if (here_.has_segment && at.segment == here_.segment && field < ShapeSpec::kFieldsMax &&
      (shape.spec->own >> field & 1) != 0) {
    shape.spec->add_bytes(shape.spec->own_bytes[field], components);
    known = true;
  }
  for (ShapeField& one : shape.spec->others) {
    if (one.field == at.field && segment_at(one.segment, one.occurrence) == at.segment) {
      shape.spec->add_bytes(one.bytes, components);
      known = true;
    }
  }
  shape.lost |= !known;
}

/// A field's delimiters as they are; of its pieces whether they are there, and the bytes of the
/// components that were looked into.
void Mapper::Impl::key_field(std::string_view raw, std::uint64_t bytes, std::size_t slot,
                             std::uint32_t segment, ShapeKeyWriter& key) {
  // At most three characters for each of the field's.
  if (!key.has_room(raw.size() * 3 + 3)) return;
  const hl7::Delimiters& d = message_->delimiters();
  ShapePieces& pieces = shape_pieces_;
  ShapePieces::Piece* piece = pieces.all.data() + pieces.used;
  const ShapePieces::Piece* const first = piece;
  const bool all = bytes == kAllComponents;
  if (all) key.add(raw);
  // Written bytes could be any of these, as far as a compiler knows: in variables of its own.
  const char of_repetition = d.repetition, of_component = d.component;
  char* out = key.at();
  int component = 1;
  const char* const end = raw.data() + raw.size();
  for (const char* start = raw.data();; ++start) {
    const char* const at = start == end ? end : delimiter_bits_.next(start, end);
    const auto size = static_cast<std::size_t>(at - start);
    *piece++ = {start, size};
    const char c = at != end ? *at : kFieldEnd;
    if (!all) {
      if ((bytes >> std::min(component, 63) & 1) != 0) {
        *out++ = kBytes;
        out = std::copy(start, at, out);
      } else if (size != 0) {
        *out++ = size == 2 && start[0] == '"' && start[1] == '"' ? kNull : kSomething;
      }
      *out++ = c;
      component = c == of_repetition ? 1 : component + (c == of_component);
    }
    if (at == end) break;
    start = at;
  }
  if (all) *out++ = kFieldEnd;
  key.move_to(out);
  const auto count = static_cast<std::uint32_t>(piece - first);
  pieces.fields[slot] = {static_cast<std::uint32_t>(pieces.used), count, segment};
  pieces.slots[pieces.slot_count++] = static_cast<std::uint16_t>(slot);
  pieces.used += count;
}

/// All that decides, as it is in this message, with the map and the context; empty: too long to be
/// worth it.
std::string_view Mapper::Impl::shape_key(const ShapeSpec& spec, std::uint32_t map) {
  ShapeKeyWriter key(shape_key_buffer_);
  shape_pieces_.clear();
  const hl7::SegmentView own = message_->segment(here_.segment);
  const bool counted = here_.fields != ~0ull;
  const std::uint64_t present = (counted ? here_.fields : index_.fields(here_.segment)) & spec.own;
  const auto add_bytes = [&](const auto& number) {
    key.add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
  };
  add_bytes(map);
  add_bytes(recall_->context);
  add_bytes(present);
  for (std::uint64_t left = present; left != 0; left &= left - 1) {
    const int field = std::countr_zero(left);
    const auto slot = static_cast<std::size_t>(field);
    key_field(own.field(field).raw(), spec.own_bytes[slot], slot, here_.segment, key);
  }
  std::size_t slot = ShapeSpec::kFieldsMax;
  for (const ShapeField& one : spec.others) {
    const std::uint32_t segment = segment_at(one.segment, one.occurrence);
    if (!key.has_room(1)) return {};
    key.add(segment == kNil ? kNull : kSomething);
    if (segment != kNil) {
      key_field(message_->segment(segment).field(one.field).raw(), one.bytes, slot, segment, key);
    }
    ++slot;
  }
  for (const EnvName name : spec.names) {
    const std::string_view text = env(name);
    if (!key.has_room(text.size() + 1)) return {};
    key.add(text);
    key.add(kFieldEnd);
  }
  if (!key.has_room(kShapeReadsMax)) return {};
  for (const EnvName name : spec.there) key.add(env(name).empty() ? kNull : kSomething);
  for (const std::uint16_t name : spec.resources) {
    key.add(nearest_made(name) >= 0 ? kSomething : kNull);
  }
  for (const std::uint32_t condition : spec.conditions) {
    key.add(test(condition, Val()) ? kSomething : kNull);
  }
  return key.key();
}

/// @return whether the value can be found again.
bool Mapper::Impl::spot_of(const Val& value, const Term* term, HoleSpot& spot) {
  switch (value.kind) {
    case Val::Kind::kNone:
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
  if (value.at.segment >= message_->segment_count() || value.at.field <= 0 ||
      value.v.delimiters() != &message_->delimiters()) {
    return false;
  }
  spot.base = HoleSpot::Base::kField;
  spot.key = value.key;
  spot.whole_text = value.whole_text;
  spot.level = value.v.level();
  spot.field = value.at.field;
  spot.repetition = value.at.repetition;
  spot.component = value.at.component;
  spot.subcomponent = value.at.subcomponent;
  // Of a field that is read for the first time no shape is kept yet.
  return find_pieces(value, spot) || shape_->spec->version != shape_->version;
}

/// The pieces that the value is made of; false: none, or as pieces of two fields that need not be
/// one the next time.
bool Mapper::Impl::find_pieces(const Val& value, HoleSpot& spot) const {
  const ShapePieces& pieces = shape_pieces_;
  const char* const begin = value.v.raw().data();
  const char* const end = begin + value.v.raw().size();
  int found = 0;
  for (std::size_t i = 0; i < pieces.slot_count; ++i) {
    const std::uint16_t slot = pieces.slots[i];
    const ShapePieces::Field& field = pieces.fields[slot];
    if (field.segment != value.at.segment) continue;
    const ShapePieces::Piece* const all = pieces.all.data() + field.first;
    std::uint32_t first = 0;
    while (first < field.count && all[first].begin != begin) ++first;
    std::uint32_t last = first;
    while (last < field.count && all[last].begin + all[last].size != end) ++last;
    if (last >= field.count) continue;
    ++found;
    spot.slot = slot;
    spot.first = static_cast<std::uint16_t>(first);
    spot.last = static_cast<std::uint16_t>(last);
  }
  return found == 1;
}

bool Mapper::Impl::find_spot(const HoleSpot& spot, Val& out) {
  if (spot.base == HoleSpot::Base::kNothing) return true;
  if (spot.base == HoleSpot::Base::kTerm) {
    out = first(p_.terms[spot.term], Val());
    return out.kind != Val::Kind::kNone;
  }
  out.v = piece_of(spot);
  out.kind = Val::Kind::kHl7;
  out.key = spot.key;
  out.whole_text = spot.whole_text;
  out.at = {shape_pieces_.fields[spot.slot].segment, spot.field, spot.repetition, spot.component,
            spot.subcomponent};
  return true;
}

/// The piece of the message at a spot of base kField.
hl7::Value Mapper::Impl::piece_of(const HoleSpot& spot) const {
  const ShapePieces::Piece* const all =
      shape_pieces_.all.data() + shape_pieces_.fields[spot.slot].first;
  const char* const begin = all[spot.first].begin;
  const ShapePieces::Piece& last = all[spot.last];
  return {{begin, static_cast<std::size_t>(last.begin + last.size - begin)}, spot.level,
          &message_->delimiters()};
}

}  // namespace mapping
