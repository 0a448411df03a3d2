#include <core/text.hpp>
#include <hl7/escape.hpp>
#include <mapping/transforms.hpp>

#include <algorithm>

#include "visit.hpp"

/// HL7 v2 to HL7 v2 at run time: a copy of the message, changed step by step. Sources read the
/// message as it came, so the order of steps matters only for what they change.
namespace mapping {

namespace {

std::vector<std::string> split_at(std::string_view text, char separator) {
  std::vector<std::string> out;
  if (separator == 0) return {std::string(text)};
  for (const std::string_view piece : core::split(text, separator)) out.emplace_back(piece);
  return out;
}

std::string join_with(const std::vector<std::string>& parts, char separator) {
  std::size_t end = parts.size();
  while (end > 0 && parts[end - 1].empty()) --end;
  std::string out;
  for (std::size_t i = 0; i < end; ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string& nth(std::vector<std::string>& parts, std::size_t number) {
  if (parts.size() < number) parts.resize(number);
  return parts[number - 1];
}

/// Puts an encoded value at its place in an encoded field.
void put(std::string& field, const V2Rule& at, std::size_t repetition, std::string value,
         const hl7::Delimiters& d) {
  if (at.component == 0 && at.repetition == 0) {
    field = std::move(value);
    return;
  }
  std::vector<std::string> repetitions = split_at(field, d.repetition);
  std::string& own = nth(repetitions, repetition);
  if (at.component == 0) {
    own = std::move(value);
  } else {
    std::vector<std::string> components = split_at(own, d.component);
    std::string& component = nth(components, static_cast<std::size_t>(at.component));
    if (at.subcomponent == 0) {
      component = std::move(value);
    } else {
      std::vector<std::string> inner = split_at(component, d.subcomponent);
      nth(inner, static_cast<std::size_t>(at.subcomponent)) = std::move(value);
      component = join_with(inner, d.subcomponent);
    }
    own = join_with(components, d.component);
  }
  field = join_with(repetitions, d.repetition);
}

/// The delimiter a one-letter escape sequence stands for; 0 for other sequences.
char meant(std::string_view sequence, const hl7::Delimiters& d) {
  if (sequence.size() != 1) return 0;
  switch (sequence[0]) {
    case 'F': return d.field;
    case 'S': return d.component;
    case 'R': return d.repetition;
    case 'E': return d.escape;
    case 'T': return d.subcomponent;
    default: return 0;
  }
}

char letter_of(char c, const hl7::Delimiters& d) {
  return c == d.field          ? 'F'
         : c == d.component    ? 'S'
         : c == d.repetition   ? 'R'
         : c == d.escape       ? 'E'
         : c == d.subcomponent ? 'T'
                               : '\0';
}

/// An encoded field in other delimiters. Sequences that mean no delimiter (\.br\, \Xhh\) stay.
std::string recode(std::string_view raw, const hl7::Delimiters& from, const hl7::Delimiters& to) {
  std::string out;
  const auto literal = [&](char c) {
    if (const char letter = letter_of(c, to)) {
      out += to.escape;
      out += letter;
      out += to.escape;
    } else {
      out += c;
    }
  };
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (from.escape != 0 && c == from.escape) {
      const std::size_t end = raw.find(from.escape, i + 1);
      if (end == raw.npos) {
        literal(c);
        continue;
      }
      const std::string_view sequence = raw.substr(i + 1, end - i - 1);
      if (const char stands_for = meant(sequence, from)) {
        literal(stands_for);
      } else {
        out += to.escape;
        out += sequence;
        out += to.escape;
      }
      i = end;
    } else if (c == from.component) {
      out += to.component;
    } else if (c == from.repetition) {
      out += to.repetition;
    } else if (from.subcomponent != 0 && c == from.subcomponent) {
      out += to.subcomponent;
    } else {
      literal(c);
    }
  }
  return out;
}

V2Segment copy_of(const hl7::SegmentView& segment) {
  V2Segment out;
  out.name = core::ascii_upper(segment.name());
  out.from = segment.index();
  for (int f = 1; f <= segment.field_count(); ++f) out.fields.emplace_back(segment.field(f).raw());
  return out;
}

bool accepts(const Transform& transform, std::string_view type, std::string_view trigger) {
  if (transform.accept.empty()) return true;
  return std::any_of(transform.accept.begin(), transform.accept.end(), [&](const auto& one) {
    return one == type || (one.size() == type.size() + 1 + trigger.size() &&
                           one.starts_with(type) && one[type.size()] == '^' &&
                           one.ends_with(trigger));
  });
}

/// What the version does not know does not go out; Z segments do.
void fit(std::vector<V2Segment>& segments, const schema::V2Version& version) {
  std::erase_if(segments, [&](V2Segment& segment) {
    if (segment.name.starts_with('Z')) return false;
    const schema::SegmentDef* def = version.segment(segment.name);
    if (def && segment.fields.size() > def->fields.size()) {
      segment.fields.resize(def->fields.size());
    }
    return def == nullptr;
  });
}

std::string written(const std::vector<V2Segment>& segments, const hl7::Delimiters& from,
                    std::string_view encoding) {
  hl7::Delimiters to = from;
  if (!encoding.empty()) {
    to.field = encoding[0];
    to.component = encoding[1];
    to.repetition = encoding[2];
    to.escape = encoding[3];
    to.subcomponent = encoding[4];
  }
  std::string out;
  for (const V2Segment& segment : segments) {
    const bool header = segment.name == "MSH" || segment.name == "BHS" || segment.name == "FHS";
    std::size_t end = segment.fields.size();
    while (end > 0 && segment.fields[end - 1].empty()) --end;
    out += segment.name;
    for (std::size_t f = 0; f < end; ++f) {
      const std::string& field = segment.fields[f];
      if (header && f == 0) continue;
      out += to.field;
      if (header && f == 1) {
        out += encoding.empty() ? field : std::string(encoding.substr(1));
      } else {
        out += encoding.empty() ? field : recode(field, from, to);
      }
    }
    out += '\r';
  }
  return out;
}

}  // namespace

bool has_transform(const MappingSet& set, std::string_view name) {
  const auto& all = set.impl().program.transforms;
  return std::any_of(all.begin(), all.end(), [&](const Transform& t) { return t.name == name; });
}

std::vector<std::string_view> transform_names(const MappingSet& set) {
  std::vector<std::string_view> names;
  for (const Transform& one : set.impl().program.transforms) names.push_back(one.name);
  return names;
}

bool transform_accepts(const MappingSet& set, std::string_view name, std::string_view type,
                       std::string_view trigger) {
  const auto& all = set.impl().program.transforms;
  return std::any_of(all.begin(), all.end(), [&](const Transform& t) {
    return t.name == name && accepts(t, type, trigger);
  });
}

core::Result<const Transform*> Mapper::Impl::transform_for(std::string_view name) const {
  for (const Transform& one : p_.transforms) {
    const bool takes = accepts(one, header_.type, header_.trigger);
    if (name.empty() && takes) return &one;
    if (name.empty() || one.name != name) continue;
    if (takes) return &one;
    return core::fail(core::ErrorCode::kNotMapped,
                      "the transformation does not accept this message", "MSH-9");
  }
  return core::fail(core::ErrorCode::kNotMapped,
                    name.empty() ? "no transformation accepts this message"
                                 : "there is no transformation of that name",
                    "MSH-9");
}

core::Result<V2Output> Mapper::Impl::transform(const hl7::Message& message, std::string_view name,
                                               const Environment& environment) {
  start(message, environment, {});
  const auto version = version_of(message);
  if (!version) return core::fail(version.error());
  const auto found = transform_for(name);
  if (!found) return core::fail(found.error());
  const Transform& transform = **found;
  tree_.groups.assign(1, {});
  tree_.group_of.assign(message.segment_count(), 0);
  if (structure_def_) schema::group(message, *structure_def_, tree_, out_.issues);
  index_.build(message, tree_);
  V2Draft draft;
  for (std::uint32_t s = 0; s < message.segment_count(); ++s) {
    V2Segment segment = copy_of(message.segment(s));
    const bool kept = transform.keep.empty() || segment.name == "MSH" ||
                      std::any_of(transform.keep.begin(), transform.keep.end(), [&](auto id) {
                        return p_.segments[id] == segment.name;
                      });
    if (kept) draft.segments.push_back(std::move(segment));
  }
  if (draft.segments.empty() || draft.segments.front().name != "MSH") {
    return core::fail(core::ErrorCode::kNoMsh, "a message to be sent on begins with MSH");
  }
  for (std::uint32_t i = transform.steps.first; i < transform.steps.end() && !aborted_; ++i) {
    run_step(p_.v2_steps[i], draft);
  }
  if (aborted_) {
    return core::fail(core::ErrorCode::kNotMapped,
                      "the message asks for more work than one message may");
  }
  if (!transform.version.empty()) {
    V2Rule at;
    at.field = 12;
    at.component = 1;
    put(nth(draft.segments.front().fields, 12), at, 1, std::string(transform.version),
        message.delimiters());
    if (transform.fit) fit(draft.segments, *impl_.v2->version(transform.version));
  }
  V2Output out;
  out.transform = transform.name;
  out.text = written(draft.segments, message.delimiters(), transform.encoding);
  out.vocab_misses = std::move(out_.vocab_misses);
  out.issues = std::move(out_.issues);
  return out;
}

void Mapper::Impl::stand_on(std::uint32_t segment) {
  here_ = {};
  here_.stamp = ++stamp_;
  if (segment == kNil) return;
  here_.segment = segment;
  here_.run_end = segment + 1;
  here_.group = here_.scope = index_.group_of(segment);
  here_.name = index_.name_of(segment);
  here_.has_segment = true;
}

void Mapper::Impl::run_step(const V2Step& step, V2Draft& draft) {
  const std::string& name = p_.segments[step.segment];
  const auto holds = [&](std::uint32_t segment) {
    stand_on(segment);
    return step.when == kNil || test(step.when, Val());
  };
  if (step.kind == V2Step::Kind::kDrop) {
    std::erase_if(draft.segments, [&](const V2Segment& one) {
      return one.name == name && one.from != kNil && holds(one.from);
    });
    return;
  }
  if (step.kind == V2Step::Kind::kChange) {
    for (V2Segment& one : draft.segments) {
      if (one.name == name && one.from != kNil && holds(one.from)) run_targets(step, one.from, one);
    }
    return;
  }
  const std::string anchor = step.place == V2Step::Place::kEnd ? "" : p_.segments[step.anchor];
  for (std::size_t i = 0; i <= draft.segments.size(); ++i) {
    const bool end = i == draft.segments.size();
    if (end && step.place != V2Step::Place::kEnd) return;
    if (!end && (draft.segments[i].name != anchor || draft.segments[i].from == kNil)) continue;
    const std::uint32_t source = end ? kNil : draft.segments[i].from;
    if (!holds(source)) {
      if (step.place == V2Step::Place::kEach) continue;
      return;
    }
    V2Segment built;
    built.name = name;
    run_targets(step, source, built);
    if (built.fields.empty()) {
      if (step.place == V2Step::Place::kEach) continue;
      return;
    }
    const std::size_t at = step.place == V2Step::Place::kAfter || step.place == V2Step::Place::kEach
                               ? i + 1 : i;
    draft.segments.insert(draft.segments.begin() + static_cast<std::ptrdiff_t>(at),
                          std::move(built));
    if (step.place != V2Step::Place::kEach) return;
    ++i;
  }
}

void Mapper::Impl::run_targets(const V2Step& step, std::uint32_t source, V2Segment& out) {
  const hl7::Delimiters& d = message_->delimiters();
  std::string value;
  for (std::uint32_t t = step.targets.first; t < step.targets.end() && !aborted_; ++t) {
    const Range rules = p_.v2_targets[t].rules;
    const V2Rule& head = p_.v2_rules[rules.first];
    const auto number = static_cast<std::size_t>(head.field);
    // A component of a field without [n] is one of each repetition.
    std::size_t first = 1, last = 1;
    if (head.repetition > 0) {
      first = last = static_cast<std::size_t>(head.repetition);
    } else if (head.component > 0 && out.fields.size() >= number) {
      last = std::max<std::size_t>(1, split_at(out.fields[number - 1], d.repetition).size());
    }
    for (std::size_t r = first; r <= last && !aborted_; ++r) {
      Val current;
      if (out.from != kNil && head.component > 0) {
        const hl7::Value field = message_->segment(source).field(head.field);
        current.kind = Val::Kind::kHl7;
        current.v = field.repetition(static_cast<int>(r));
        current.at = {source, head.field, static_cast<std::int16_t>(r)};
      }
      for (std::uint32_t i = rules.first; i < rules.end(); ++i) {
        const V2Rule& rule = p_.v2_rules[i];
        if (rule.remove) {
          if (out.fields.size() >= number) put(out.fields[number - 1], rule, r, {}, d);
          break;
        }
        if (!v2_value(rule, current, value)) continue;
        put(nth(out.fields, number), rule, r, value, d);
        break;
      }
    }
  }
}

bool Mapper::Impl::v2_value(const V2Rule& rule, const Val& current, std::string& out) {
  out.clear();
  if (!step()) return false;
  if (rule.when != kNil && !test(rule.when, current)) return false;
  if (rule.has_from && v2_from(rule, current, out)) return true;
  if (!rule.has_from && rule.concat != kNil) {
    Val source;
    std::string text;
    if (concat(rule.concat, current, text, source)) {
      out = hl7::escape(text, message_->delimiters());
      return true;
    }
  }
  for (std::uint32_t i = rule.fallback.first; i < rule.fallback.end(); ++i) {
    const Val value = first(p_.terms[i], current);
    V2Rule plain;
    plain.component = rule.component;
    if (value.valued() && v2_piece(plain, value, out)) return true;
  }
  return false;
}

/// Repetitions side by side in a whole field; the first that yields in a part of one.
bool Mapper::Impl::v2_from(const V2Rule& rule, const Val& current, std::string& out) {
  const hl7::Delimiters& d = message_->delimiters();
  const bool all = (rule.component == 0 && rule.repetition == 0) || rule.has_join;
  bool any = false;
  for (std::uint32_t i = rule.from.first; i < rule.from.end() && !any; ++i) {
    const Term& term = p_.terms[i];
    visit(term, current, [&](const Val& value) {
      if (term.kind == Term::Kind::kLiteral && term.text.empty()) {
        out = "\"\"";
        any = true;
        return true;
      }
      if (!value.valued() && !value.deleted()) return false;
      if (rule.where != kNil && !test(rule.where, value)) return false;
      std::string piece;
      if (!v2_piece(rule, value, piece)) return false;
      if (any) out += rule.has_join ? hl7::escape(rule.join, d) : std::string(1, d.repetition);
      out += piece;
      any = true;
      return !all || aborted_;
    });
  }
  return any;
}

/// One value, encoded, for a place that may be smaller than it is.
bool Mapper::Impl::v2_piece(const V2Rule& rule, const Val& value, std::string& out) {
  const hl7::Delimiters& d = message_->delimiters();
  if (value.deleted()) {
    out = "\"\"";
    return true;
  }
  const bool plain = rule.vocab == kNil && rule.concat == kNil &&
                     rule.function == Function::kNone && !rule.has_join;
  if (plain && value.kind == Val::Kind::kHl7) {
    hl7::Value part = value.v;
    if (rule.component > 0 && part.level() < hl7::Value::Level::kComponent) part = part.child(1);
    if (rule.subcomponent > 0) part = part.child(1);
    out = part.raw();
    return !out.empty();
  }
  std::string text;
  if (rule.concat != kNil) {
    Val source;
    if (!concat(rule.concat, value, text, source)) return false;
  } else if (rule.vocab != kNil) {
    const Vocab& vocab = p_.vocabs[rule.vocab];
    std::string scratch;
    const std::string_view code = core::trim(text_of(value, scratch));
    const VocabRow* row = vocab.find(code);
    Rule told;
    told.info = rule.info;
    told.vocab = rule.vocab;
    if (!row) missed(vocab, code, told, value);
    if (!row && !vocab.has_fallback) return false;
    text = row ? row->code : vocab.fallback;
  } else if (rule.function == Function::kText && value.kind == Val::Kind::kHl7) {
    for (const hl7::Value child : value.v.children()) {
      if (!child.valued()) continue;
      text += (text.empty() ? "" : " ") + child.text();
    }
  } else {
    std::string scratch;
    text = text_of(value, scratch);
  }
  if (rule.function == Function::kUpper) text = core::ascii_upper(text);
  if (rule.function == Function::kLower) text = core::ascii_lower(text);
  out = hl7::escape(text, d);
  return !out.empty();
}

}  // namespace mapping
