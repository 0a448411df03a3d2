#include "said_before.hpp"

#include <core/hash.hpp>
#include <core/text.hpp>

#include <cstring>

namespace pipeline {
namespace {

// Lengths before texts: what follows cannot be read as a part of what stands before.
void append_text(char kind, std::string_view text, std::string& out) {
  const auto size = static_cast<std::uint32_t>(text.size());
  char head[1 + sizeof size];
  head[0] = kind;
  std::memcpy(head + 1, &size, sizeof size);
  out.append(head, sizeof head).append(text);
}

}  // namespace

SaidBefore::SaidBefore() {
  const core::Uuid random = core::uuid_v4();
  std::memcpy(seeds_, random.bytes.data(), sizeof seeds_);
}

void SaidBefore::append(const fhir::Node* node, const std::vector<std::string>& ids) {
  using Kind = fhir::Node::Kind;
  switch (node->kind) {
    case Kind::kObject:
      text_ += '{';
      for (const fhir::Member* member = node->first_member; member; member = member->next) {
        append_text(':', member->name, text_);
        append(member->value, ids);
      }
      text_ += '}';
      return;
    case Kind::kArray:
      text_ += '[';
      for (const fhir::Item* item = node->first_item; item; item = item->next) {
        append(item->value, ids);
      }
      text_ += ']';
      return;
    case Kind::kString:
      if (!node->text.empty() && node->text.front() == mapping::kDraftMark) {
        // The number of a draft means another resource in another message.
        const auto index = core::to_int(node->text.substr(1)).value_or(-1);
        if (index >= 0 && static_cast<std::size_t>(index) < ids.size()) {
          append_text('r', ids[static_cast<std::size_t>(index)], text_);
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

SaidBefore::Statement SaidBefore::statement(const mapping::MapOutput& output,
                                            const std::vector<std::size_t>& drafts,
                                            const std::vector<std::string>& ids) {
  text_.clear();
  for (const std::size_t index : drafts) {
    const mapping::Draft& draft = output.drafts[index];
    append_text('m', std::to_string(draft.map_rule), text_);
    append(draft.root, ids);
  }
  return {core::stable_hash(text_, seeds_[0]), core::stable_hash(text_, seeds_[1])};
}

bool SaidBefore::same(const std::string& name, std::uint32_t version,
                      const Statement& statement) const {
  const auto known = last_.find(name);
  return known != last_.end() && known->second.version == version &&
         known->second.statement == statement;
}

void SaidBefore::note(const std::string& name, std::uint32_t version,
                      const Statement& statement) {
  if (last_.size() >= kEntriesMax) forget();
  last_.insert_or_assign(name, Last{version, statement});
}

void SaidBefore::forget() { last_.clear(); }

}  // namespace pipeline
