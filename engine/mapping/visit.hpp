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

/// What `make` gives, from the memo where that maker has never used more than the value. Runs with
/// lineage keep no memo: origins differ from message to message.
template <class F>
fhir::Node* Mapper::Impl::once(std::size_t maker, const Val& value, F&& make) {
  const std::string_view raw = value.v.raw();
  if (value.kind != Val::Kind::kHl7 || options_.lineage || raw.size() > kMemoValueMax ||
      recall_->never_same[maker]) {
    return make();
  }
  // How the value was asked for is part of what it is: free text or not, which key parts.
  const auto aspect = static_cast<std::uint8_t>(static_cast<unsigned>(value.v.level()) |
                                                (value.whole_text ? 4u : 0u) |
                                                (static_cast<unsigned>(value.key) << 3));
  const auto index = static_cast<std::uint32_t>(maker);
  const std::uint64_t hash = Memo::hash(index, aspect, raw);
  if (const Memo::Entry* known = recall_->memo->find(hash, index, aspect, raw)) {
    return out_.document.clone(known->node, false);
  }
  const std::size_t said = out_.issues.size() + out_.vocab_misses.size();
  const bool before = more_than_value_;
  more_than_value_ = false;
  fhir::Node* node = make();
  if (more_than_value_) {
    // Keys differ only for values without an authority; rules and maps differ by what they read.
    recall_->never_same[maker] = maker < p_.rules.size() + p_.maps.size();
  } else if (said == out_.issues.size() + out_.vocab_misses.size() && !aborted_) {
    recall_->memo->keep(hash, index, aspect, raw, node);
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
      out.draft = index_.nearest_made(term.name, here_.group, here_.segment);
      if (out.draft < 0) return false;
      out.kind = Val::Kind::kResource;
      return each(out);
    case Term::Kind::kEnv:
      more_than_value_ |= term.env != EnvName::kNameSpace && term.env != EnvName::kValue;
      out.kind = Val::Kind::kText;
      out.text = env(term);
      return !out.text.empty() && each(out);
    case Term::Kind::kSegment:
      more_than_value_ = true;
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
