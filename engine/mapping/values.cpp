#include <core/text.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include "visit.hpp"

/// Terms, conditions and templates at run time.
namespace mapping {

bool Val::valued() const {
  switch (kind) {
    case Kind::kNone: return false;
    case Kind::kHl7: return v.valued();
    case Kind::kText: return !text.empty();
    case Kind::kCoding:
    case Kind::kResource: return true;
  }
  return false;
}

const Split& Mapper::Impl::split(const hl7::Value& value) {
  const std::string_view raw = value.raw();
  const auto address = reinterpret_cast<std::uintptr_t>(raw.data());
  Split& out = splits_[(address ^ (address >> 4) ^ raw.size()) % kSplits];
  if (out.message == message_stamp_ && out.data == raw.data() && out.size == raw.size() &&
      out.level == value.level()) {
    return out;
  }
  out.message = message_stamp_;
  out.data = raw.data();
  out.size = raw.size();
  out.level = value.level();
  out.count = 0;
  out.mask = 0;
  const hl7::Delimiters& d = *value.delimiters();
  const char separator =
      value.level() == hl7::Value::Level::kRepetition ? d.component : d.subcomponent;
  std::size_t previous = 0;
  int number = 0;
  const auto end_child = [&](std::size_t end) {
    const auto at = static_cast<std::size_t>(out.count);
    ++number;
    if (number > Split::kMax) {
      if (end != previous) out.mask |= 1ull << std::min(number, kPresenceBits - 1);
    } else {
      if (end != out.begin[at]) out.mask |= 1ull << number;
      out.begin[at + 1] = static_cast<std::uint32_t>(end + 1);
      ++out.count;
    }
    previous = end + 1;
  };
  for (std::size_t i = 0; separator != 0 && i < raw.size(); ++i) {
    if (raw[i] == separator) end_child(i);
  }
  end_child(raw.size());
  return out;
}

hl7::Value Mapper::Impl::child(const hl7::Value& value, int n) {
  using Level = hl7::Value::Level;
  const Level level = value.level();
  if (!value.delimiters() || (level != Level::kRepetition && level != Level::kComponent)) {
    return value.child(n);
  }
  const Split& all = split(value);
  if (n > all.count) return n > Split::kMax ? value.child(n) : hl7::Value();
  const auto at = static_cast<std::size_t>(n - 1);
  return {value.raw().substr(all.begin[at], all.begin[at + 1] - 1 - all.begin[at]),
          level == Level::kRepetition ? Level::kComponent : Level::kSubcomponent,
          value.delimiters()};
}

/// Bit n: child n of the value is not empty.
std::uint64_t Mapper::Impl::children_of(const Val& value) {
  using Level = hl7::Value::Level;
  if (value.kind == Val::Kind::kNone) return 0;
  if (value.kind != Val::Kind::kHl7) return ~0ull;
  const Level level = value.v.level();
  if (!value.v.delimiters() || level == Level::kSubcomponent) return value.v.empty() ? 0 : 2;
  return level == Level::kField ? ~0ull : split(value.v).mask;
}

Val Mapper::Impl::child_of(const Val& value, int component, int subcomponent) {
  Val out = value;
  if (component == 0) return out;
  if (value.kind != Val::Kind::kHl7) return component == 1 ? value : Val();
  const bool inside = value.v.level() == hl7::Value::Level::kComponent ||
                      value.v.level() == hl7::Value::Level::kSubcomponent;
  out.v = child(value.v, component);
  (inside ? out.at.subcomponent : out.at.component) = static_cast<std::int16_t>(component);
  if (subcomponent != 0) {
    out.v = child(out.v, subcomponent);
    out.at.subcomponent = static_cast<std::int16_t>(subcomponent);
  }
  return out;
}

std::uint32_t Mapper::Impl::segment_of(const Term& term) {
  return segment_at(term.segment, term.occurrence);
}

std::uint32_t Mapper::Impl::nearest(std::uint16_t name) {
  if (here_.has_segment && name == here_.name) return here_.segment;
  Cached& cached = segment_cache_[name];
  if (cached.stamp != here_.stamp) {
    cached.stamp = here_.stamp;
    cached.segment = index_.nearest(name, here_.group, here_.segment);
  }
  return cached.segment;
}

/// As nearest(), for made resources; -1 when there is none.
std::int32_t Mapper::Impl::nearest_made(std::uint16_t name) {
  CachedDraft& cached = draft_cache_[name];
  if (cached.stamp != here_.stamp) {
    cached.stamp = here_.stamp;
    cached.draft = index_.nearest_made(name, here_.group, here_.segment);
  }
  return cached.draft;
}

/// The segment has made a draft, under that name.
void Mapper::Impl::add_made(std::uint16_t name, std::int32_t draft) {
  index_.add_made(name, here_.segment, draft);
  here_.stamp = ++stamp_;
}

/// SEG[n] in the smallest group around that holds such segments; 0: the nearest.
std::uint32_t Mapper::Impl::segment_at(std::uint16_t name, std::int16_t occurrence) {
  if (occurrence == 0) return nearest(name);
  const std::uint32_t group = index_.enclosing(name, here_.group);
  if (group == kNil) return kNil;
  const auto found = index_.segments(name, group);
  const auto n = static_cast<std::size_t>(occurrence);
  return n <= found.size() ? found[n - 1].segment : kNil;
}

std::string_view Mapper::Impl::env(EnvName name) const {
  switch (name) {
    case EnvName::kType: return header_.type;
    case EnvName::kTrigger: return header_.trigger;
    case EnvName::kStructure: return structure_;
    case EnvName::kVersion: return header_.version;
    case EnvName::kControl: return header_.control_id;
    case EnvName::kFacility: return header_.sending_facility.child(1).raw();
    case EnvName::kApplication: return header_.sending_application.child(1).raw();
    case EnvName::kNameSpace: return env_->name_space;
    case EnvName::kZone: return env_->zone.name();
    case EnvName::kValue: break;
  }
  return {};
}

std::string_view Mapper::Impl::env(const Term& term) const {
  if (term.env != EnvName::kValue) return env(term.env);
  if (const auto own = env_->values.find(term.text); own != env_->values.end()) return own->second;
  if (const auto set = impl_.values.find(term.text); set != impl_.values.end()) return set->second;
  return {};
}

Val Mapper::Impl::first(const Term& term, const Val& current) {
  Val out;
  visit(term, current, [&](const Val& value) {
    out = value;
    return true;
  });
  return out;
}

Val Mapper::Impl::first_valued(Range terms, const Val& current) {
  Val out;
  for (std::uint32_t i = terms.first; i < terms.end(); ++i) {
    const bool found = visit(p_.terms[i], current, [&](const Val& value) {
      if (!value.valued()) return false;
      out = value;
      return true;
    });
    if (found) break;
  }
  return out;
}

/// The scalar at the start of a value: a composite's first component's first sub-component.
std::string_view Mapper::Impl::text_of(const Val& value, std::string& scratch) {
  if (value.kind != Val::Kind::kHl7) return value.text;
  if (shape_) shape_seen(value, false);
  const hl7::Delimiters* d = value.v.delimiters();
  const std::string_view raw = value.v.raw();
  if (value.v.is_null()) return {};
  if (!d) return raw;
  // Every value that has delimiters is a piece of the message.
  const std::uint8_t* const classes = classes_.by_byte();
  std::size_t end = 0;
  std::uint8_t seen = 0;
  for (; end < raw.size(); ++end) {
    const std::uint8_t kinds = classes[static_cast<unsigned char>(raw[end])];
    if ((kinds & ByteClasses::kDelimiter) != 0) break;
    seen |= kinds;
  }
  const std::string_view head = raw.substr(0, end);
  if ((seen & ByteClasses::kEscape) == 0) return head;
  return hl7::Value(head, hl7::Value::Level::kSubcomponent, d).text(scratch);
}

/// Everything, with delimiters the sender should have escaped taken as text.
std::string_view Mapper::Impl::whole_text(const Val& value, std::string& scratch) {
  if (value.kind != Val::Kind::kHl7) return value.text;
  if (shape_) shape_seen(value, true);
  return value.v.text(scratch);
}

namespace {

bool compares(Compare compare, int order) {
  switch (compare) {
    case Compare::kEq: return order == 0;
    case Compare::kNe: return order != 0;
    case Compare::kLt: return order < 0;
    case Compare::kGt: return order > 0;
    case Compare::kLe: return order <= 0;
    case Compare::kGe: return order >= 0;
  }
  return false;
}

bool to_number(std::string_view text, double& out) {
  if (text.empty() || text.find_first_not_of("+-.0123456789") != text.npos) return false;
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  return fault == std::errc() && end == text.data() + text.size();
}

bool matches(const Glob& glob, std::string_view text) {
  std::uint64_t states = 1;
  for (char c : text) {
    states = ((states & glob.accepts[static_cast<unsigned char>(c)]) << 1) | (states & glob.stars);
    if (states == 0) return false;
  }
  return (states >> glob.length & 1) != 0;
}

/// Characters, not bytes.
int length_of(std::string_view text) {
  int out = 0;
  for (char c : text) out += (c & 0xC0) != 0x80;
  return out;
}

}  // namespace

bool Mapper::Impl::compare(const Cond& cond, const Val& current) {
  const Val value = first(p_.terms[cond.a], current);
  const std::string_view text = text_of(value, scratch2_);
  Literal literal;
  std::string other;
  if (cond.op == Cond::Op::kSame) {
    literal.text = text_of(first(p_.terms[cond.b], current), other);
    literal.numeric = to_number(literal.text, literal.number);
  } else {
    literal = p_.literals[cond.literals.first];
  }
  if (cond.compare != Compare::kEq && cond.compare != Compare::kNe) {
    if (text.empty()) return false;                  // what is not there is neither more nor less
    double number = 0;
    if (literal.numeric && to_number(text, number)) {
      return compares(cond.compare, number < literal.number ? -1 : number > literal.number);
    }
  }
  return compares(cond.compare, text.compare(literal.text));
}

int Mapper::Impl::count(const Term& term, const Val& current) {
  if (term.kind == Term::Kind::kSegment) {
    note_foreign();
    return static_cast<int>(index_.segments(term.segment, here_.scope).size());
  }
  int out = 0;
  visit(term, current, [&](const Val& value) {
    out += value.valued();
    return false;
  });
  return out;
}

bool Mapper::Impl::test(std::uint32_t index, const Val& current) {
  if (!step()) return false;
  if (shape_ && shape_condition(index)) {
    ShapeTrace* const shape = std::exchange(shape_, nullptr);
    const bool holds = test(index, current);
    shape_ = shape;
    return holds;
  }
  const Cond& cond = p_.conds[index];
  switch (cond.op) {
    case Cond::Op::kAnd: return test(cond.a, current) && test(cond.b, current);
    case Cond::Op::kOr: return test(cond.a, current) || test(cond.b, current);
    case Cond::Op::kNot: return !test(cond.a, current);
    case Cond::Op::kValued:
    case Cond::Op::kEmpty: {
      const bool valued = visit(p_.terms[cond.a], current,
                                [](const Val& value) { return value.valued(); });
      return valued == (cond.op == Cond::Op::kValued);
    }
    case Cond::Op::kDeleted:
      return visit(p_.terms[cond.a], current, [](const Val& value) { return value.deleted(); });
    case Cond::Op::kCompare:
    case Cond::Op::kSame: return compare(cond, current);
    case Cond::Op::kIn: {
      const Val value = first(p_.terms[cond.a], current);
      const std::string_view text = text_of(value, scratch2_);
      for (std::uint32_t i = cond.literals.first; i < cond.literals.end(); ++i) {
        if (p_.literals[i].text == text) return true;
      }
      return false;
    }
    case Cond::Op::kMatches: {
      const Val value = first(p_.terms[cond.a], current);
      return matches(p_.globs[cond.glob], text_of(value, scratch2_));
    }
    case Cond::Op::kCount:
      return compares(cond.compare, count(p_.terms[cond.a], current) - cond.number);
    case Cond::Op::kLength: {
      const Val value = first(p_.terms[cond.a], current);
      return compares(cond.compare, length_of(text_of(value, scratch2_)) - cond.number);
    }
  }
  return false;
}

bool Mapper::Impl::pieces(std::uint32_t from, std::uint32_t to, const Val& current,
                          std::string& out, Val& first_ref, bool& any) {
  bool complete = true;
  for (std::uint32_t i = from; i < to; ++i) {
    const Piece& piece = p_.pieces[i];
    if (piece.kind == Piece::Kind::kText) {
      out += piece.text;
    } else if (piece.kind == Piece::Kind::kRef) {
      const Val value = first_valued(piece.terms, current);
      if (!value.valued()) {
        complete = false;
        continue;
      }
      out += value.whole_text ? whole_text(value, scratch2_) : text_of(value, scratch2_);
      // The name space alone says nothing about the message.
      any |= value.kind == Val::Kind::kHl7 ||
             (value.kind == Val::Kind::kText && value.text.data() != env_->name_space.data());
      if (first_ref.kind == Val::Kind::kNone && value.kind == Val::Kind::kHl7) first_ref = value;
    } else if (piece.kind == Piece::Kind::kOpen) {
      const std::size_t mark = out.size();
      bool inner = false;
      if (pieces(i + 1, piece.end, current, out, first_ref, inner)) {
        any |= inner;
      } else {
        out.resize(mark);
      }
      i = piece.end;
    }
  }
  return complete;
}

/// @return whether a reference to the message gave anything.
bool Mapper::Impl::concat(std::uint32_t index, const Val& current, std::string& out,
                          Val& first_ref) {
  const Range range = p_.templates[index];
  bool any = false;
  out.clear();
  pieces(range.first, range.end(), current, out, first_ref, any);
  return any;
}

}  // namespace mapping
