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

/// Calls `each` (returns true to stop) for every value of the term; @return whether it stopped.
template <class F>
bool Mapper::Impl::visit(const Term& term, const Val& current, F&& each) {
  Val out;
  switch (term.kind) {
    case Term::Kind::kField: {
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
      out.draft = index_.nearest_made(term.name, here_.group, here_.segment);
      if (out.draft < 0) return false;
      out.kind = Val::Kind::kResource;
      return each(out);
    case Term::Kind::kEnv:
      out.kind = Val::Kind::kText;
      out.text = env(term);
      return !out.text.empty() && each(out);
    case Term::Kind::kSegment:
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
      out.v = out.v.child(term.component);
      out.at.component = term.component;
      if (term.subcomponent != 0) {
        out.v = out.v.child(term.subcomponent);
        out.at.subcomponent = term.subcomponent;
      }
    }
    if (each(static_cast<const Val&>(out))) return true;
  }
  return false;
}

}  // namespace mapping
