#include "draft_prints.hpp"

#include <core/hash.hpp>
#include <core/text.hpp>

#include <array>
#include <cstring>

namespace pipeline {
namespace {

const std::array<std::uint64_t, 2>& seeds() {
  static const std::array<std::uint64_t, 2> random = [] {
    const core::Uuid uuid = core::uuid_v4();
    std::array<std::uint64_t, 2> made{};
    std::memcpy(made.data(), uuid.bytes.data(), sizeof made);
    return made;
  }();
  return random;
}

// Lengths before texts: what follows cannot be read as a part of what stands before.
void append_text(char kind, std::string_view text, std::string& out) {
  const auto size = static_cast<std::uint32_t>(text.size());
  char head[1 + sizeof size];
  head[0] = kind;
  std::memcpy(head + 1, &size, sizeof size);
  out.append(head, sizeof head).append(text);
}

}  // namespace

Print print_of(std::string_view text) {
  return {core::stable_hash(text, seeds()[0]), core::stable_hash(text, seeds()[1])};
}

void DraftPrints::take(const mapping::MapOutput& output) {
  drafts_.clear();
  references_.clear();
  for (const mapping::Draft& draft : output.drafts) {
    One& one = drafts_.emplace_back();
    one.from = references_.size();
    text_.clear();
    append_text('m', std::to_string(draft.map_rule), text_);
    // The same words of a row that only names the thing, or only adds numbers, say something else.
    if (draft.policy.unite_person) text_ += 'u';
    const std::uint32_t gone = draft.policy.parts_gone;
    if (gone != 0) append_text('g', std::to_string(gone), text_);
    for (const std::string_view name : draft.policy.keep) append_text('k', name, text_);
    append(draft.root);
    one.to = references_.size();
    one.print = print_of(text_);
  }
}

std::span<const std::uint32_t> DraftPrints::references(std::size_t index) const {
  const One& one = drafts_.at(index);
  return std::span(references_).subspan(one.from, one.to - one.from);
}

void DraftPrints::append(const fhir::Node* node) {
  using Kind = fhir::Node::Kind;
  switch (node->kind) {
    case Kind::kObject:
      text_ += '{';
      for (const fhir::Member* member = node->first_member; member; member = member->next) {
        append_text(':', member->name, text_);
        append(member->value);
      }
      text_ += '}';
      return;
    case Kind::kArray:
      text_ += '[';
      for (const fhir::Item* item = node->first_item; item; item = item->next) {
        append(item->value);
      }
      text_ += ']';
      return;
    case Kind::kString:
      if (!node->text.empty() && node->text.front() == mapping::kDraftMark) {
        // The number of a draft means another resource in another message.
        const auto index = core::to_int(node->text.substr(1)).value_or(-1);
        if (index >= 0 && index <= UINT32_MAX) {
          references_.push_back(static_cast<std::uint32_t>(index));
          text_ += 'r';
          return;
        }
      }
      append_text('s', node->text, text_);
      return;
    case Kind::kNumber: append_text('n', node->text, text_); return;
    case Kind::kBool: append_text('b', node->text, text_); return;
    case Kind::kNull: text_ += '0'; return;
  }
}

}  // namespace pipeline
