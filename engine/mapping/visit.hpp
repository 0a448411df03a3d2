#pragma once
#include "runtime.hpp"

/// The walk over what a term gives, shared by values.cpp, eval.cpp, leaf.cpp and keys.cpp.
namespace mapping {

inline bool Mapper::Impl::step() {
  if (++steps_ > kStepsMax ||
      ((steps_ & 0xfff) == 0 && out_.document.bytes_used() > kOutputBytesMax)) {
    aborted_ = true;
  }
  return !aborted_;
}

/// How a value was asked for is part of what it is: free text or not, which key parts.
inline std::uint8_t Mapper::Impl::aspect_of(const Val& value) const {
  return static_cast<std::uint8_t>(static_cast<unsigned>(value.v.level()) |
                                   (value.whole_text ? 4u : 0u) |
                                   (static_cast<unsigned>(value.key) << 3));
}

/// What `make` gives, from the memo where that maker has never used more than the value. Runs with
/// lineage keep no memo: origins differ from message to message.
template <class F>
fhir::Node* Mapper::Impl::once(std::size_t maker, const Val& value, F&& make) {
  const std::string_view raw = value.v.raw();
  const auto index = static_cast<std::uint32_t>(maker);
  if (value.kind != Val::Kind::kHl7 || options_.lineage || shape_ || raw.size() > kMemoValueMax ||
      !recall_->worth(index)) {
    return make();
  }
  const MemoKey key{index, recall_->context, aspect_of(value), raw};
  const std::uint64_t hash = key.hash();
  // Shared: whoever wants to change it makes a copy of its own first.
  if (const auto known = recall_->find(hash, key)) {
    return const_cast<fhir::Node*>(known.entry->node);
  }
  if (!recall_->again(hash)) return make();
  const std::size_t said = said_so_far();
  const bool before = more_than_value_;
  more_than_value_ = false;
  fhir::Node* node = make();
  if (more_than_value_) {
    recall_->uses[maker].never = true;
  } else if (said == said_so_far() && !aborted_) {
    recall_->memo->keep(hash, key, node);
  }
  more_than_value_ |= before;
  return node;
}

/// Calls `each` (returns true to stop) for every value of the term; @return whether it stopped.
template <class F>
bool Mapper::Impl::visit(const Term& term, const Val& current, F&& each) {
  Val out;
  switch (term.kind) {
    case Term::Kind::kField: {
      more_than_value_ = true;
      if (trace_) note_field(term);
      if (shape_) shape_field(term);
      const bool own = here_.has_segment && term.segment == here_.name && term.occurrence == 0;
      if (!own) {
        const std::uint32_t segment = segment_of(term);
        return segment != kNil && visit_field(term, segment, each);
      }
      for (std::uint32_t s = here_.segment; s < here_.run_end; ++s) {
        if (visit_field(term, s, each)) return true;
      }
      return false;
    }
    case Term::Kind::kChild:
      out = child_of(current, term.component, term.subcomponent);
      break;
    case Term::Kind::kThis:
      out = current;
      break;
    case Term::Kind::kLiteral:
      out.kind = Val::Kind::kText;
      out.text = term.text;
      return each(out);
    case Term::Kind::kCoding:
      out.kind = Val::Kind::kCoding;
      out.text = term.text;
      out.system = term.system;
      return each(out);
    case Term::Kind::kResource:
      more_than_value_ = true;
      if (trace_) note({Read::Kind::kResource, term.name, 0});
      if (shape_) {
        shape_->never |= !shape_->spec->add(shape_->spec->resources, term.name);
      }
      out.draft = nearest_made(term.name);
      if (out.draft < 0) return false;
      out.kind = Val::Kind::kResource;
      return each(out);
    case Term::Kind::kEnv:
      if (term.env < EnvName::kNameSpace) {
        more_than_value_ = true;
        if (trace_) note({Read::Kind::kEnv, static_cast<std::uint16_t>(term.env), 0});
        if (shape_) shape_env(term.env);
      }
      out.kind = Val::Kind::kText;
      out.text = env(term);
      return !out.text.empty() && each(out);
    case Term::Kind::kSegment:
      note_foreign();
      if (const std::uint32_t segment = segment_of(term); segment != kNil) {
        out.kind = Val::Kind::kText;
        out.text = message_->segment(segment).name();
        out.at.segment = segment;
        return each(out);
      }
      return false;
  }
  if (out.kind == Val::Kind::kNone) return false;
  out.whole_text = term.whole_text;
  out.key = term.key;
  return each(out);
}

template <class F>
bool Mapper::Impl::visit_field(const Term& term, std::uint32_t segment, F&& each) {
  const hl7::Value field = message_->segment(segment).field(term.field);
  if (options_.explain) {
    auto& used = used_[segment];
    if (used.size() <= static_cast<std::size_t>(term.field)) {
      used.resize(static_cast<std::size_t>(term.field) + 1);
    }
    used[static_cast<std::size_t>(term.field)] = true;
  }
  if (field.empty()) return false;
  Val out;
  out.kind = Val::Kind::kHl7;
  out.whole_text = term.whole_text;
  out.key = term.key;
  out.at.segment = segment;
  out.at.field = term.field;
  int number = 0;
  for (const hl7::Value repetition : field.repetitions()) {
    ++number;
    if (!step()) return true;
    if (term.index != 0 && number != term.index) {
      if (number > term.index) break;
      continue;
    }
    out.at.repetition = static_cast<std::int16_t>(number > 32767 ? 32767 : number);
    out.at.component = out.at.subcomponent = 0;
    out.v = repetition;
    if (term.filter != kNil && !test(term.filter, out)) continue;
    if (term.component != 0) {
      out.v = child(out.v, term.component);
      out.at.component = term.component;
      if (term.subcomponent != 0) {
        out.v = child(out.v, term.subcomponent);
        out.at.subcomponent = term.subcomponent;
      }
    }
    if (each(static_cast<const Val&>(out))) return true;
  }
  return false;
}

}  // namespace mapping
