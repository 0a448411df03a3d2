#include <algorithm>
#include <utility>

#include "visit.hpp"

/// Resources that rules make on the way: `as:` on a Reference. Made once a message for each key,
/// and remembered from message to message: the same physicians, wards and payers come again.
namespace mapping {

using fhir::Node;

std::int32_t Mapper::Impl::make_linked(const MapInfo& map, const Val& value) {
  if (!made_before_.empty()) {
    const std::int32_t made = made_before_.back();
    made_before_.pop_back();
    return made;
  }
  // The new resource's own rules are no part of the target that links to it.
  Trace* const outer = std::exchange(trace_, nullptr);
  ShapeTrace* const shape = std::exchange(shape_, nullptr);
  const std::int32_t draft = linked(map, value);
  trace_ = outer;
  shape_ = shape;
  if (shape_) shape_->lost = true;   // links are holes; this one could be none
  note_linked(map, value, draft);
  return draft;
}

namespace {

/// Added to the aspect of a value: what it adds to the resource that it names, which is there.
constexpr std::uint8_t kCompletes = 0x80;

}  // namespace

const Mapper::Impl::LinkedBefore* Mapper::Impl::linked_before(std::uint32_t map,
                                                              const Val& value) const {
  if (value.kind != Val::Kind::kHl7 || options_.lineage) return nullptr;
  for (const LinkedBefore& one : linked_before_) {
    if (one.map == map && one.aspect == aspect_of(value) && one.value == value.v.raw()) return &one;
  }
  return nullptr;
}

std::int32_t Mapper::Impl::linked(const MapInfo& map, const Val& value) {
  const auto number = static_cast<std::uint32_t>(&map - p_.maps.data());
  if (const LinkedBefore* one = linked_before(number, value)) return one->draft;
  [[clang::uninitialized]] Asked asked;
  asked.maker = makers_.linked + number;
  if (const auto found = look(asked, value)) return recalled_linked(map, value, asked, found);
  if (asked.open) {
    const std::int32_t known = completed_linked(map, asked);
    return known >= 0 ? remember(map, value, asked, known) : traced_linked(map, value, asked);
  }
  Linked how = Linked::kNew;
  return new_linked(map, value, how);
}

/// What is asked for once more in this message, of a map that reads nothing but the value and what
/// stays as it is for a whole message, is that draft again. How many drafts there were decides
/// about new ones alone.
std::int32_t Mapper::Impl::remember(const MapInfo& map, const Val& value, const Asked& asked,
                                    std::int32_t draft) {
  const auto moves = [](const Read& one) {
    return one.kind != Read::Kind::kEnv && one.kind != Read::Kind::kDrafts;
  };
  const Read* const reads = asked.reads->all.data();
  if (value.kind == Val::Kind::kHl7 && !options_.lineage && linked_before_.size() < kLinksMax &&
      std::none_of(reads, reads + asked.reads->count, moves)) {
    const auto number = static_cast<std::uint32_t>(&map - p_.maps.data());
    linked_before_.push_back({number, aspect_of(value), value.v.raw(), draft});
  }
  return draft;
}

std::int32_t Mapper::Impl::recalled_linked(const MapInfo& map, const Val& value, const Asked& asked,
                                           const Recall::State::Found& found) {
  const Memo::Entry entry = *found.entry;
  const Node* made = recall_keys(entry.node);
  if (const std::int32_t known = known_linked(map, value); known >= 0) {
    return remember(map, value, asked, known);
  }
  if (!link_again(*found.memo, entry, *asked.reads, value)) {
    Linked how = Linked::kNew;
    return new_linked(map, value, how);
  }
  if (made->kind == Node::Kind::kNull) return -1;
  if (entry.link_count != 0) recall_keys(entry.node);   // the links had keys of their own
  return remember(map, value, asked, add_draft(map, out_.document.unshare(made), {}));
}

std::int32_t Mapper::Impl::traced_linked(const MapInfo& map, const Val& value,
                                         const Asked& asked) {
  Linked how = Linked::kNew;
  Trace& trace = begin_trace(asked, value);
  const std::int32_t draft = new_linked(map, value, how);
  if (!end_trace(trace, asked)) return draft;
  if (how == Linked::kNew) {
    const Draft* made = draft < 0 ? nullptr : &out_.drafts[static_cast<std::size_t>(draft)];
    const Node* list = made ? to_recall(made->root, made->keys)
                            : to_recall(nullptr, {keys_.data(), key_count_});
    recall_->memo->keep(asked.hash, asked.key, list, trace.links);
  }
  if (how != Linked::kKnown) return draft;
  const bool of_value = asked.reads->count == 0 && trace.links.empty();
  if (of_value && !keep_completion(map, asked, draft)) return draft;
  return remember(map, value, asked, draft);
}

/// What the value has just added to a draft of that key with the members that it had before:
/// whether a rule runs depends on what is there, what it gives on the value alone. As a list: the
/// key, the members added, and the names of the others. @return false: those may be changed.
bool Mapper::Impl::keep_completion(const MapInfo& map, const Asked& asked, std::int32_t draft) {
  const Target* const targets = p_.targets.data() + map.targets.first;
  const auto inner_choice = [](const Target& one) {
    return !one.choice.empty() && one.steps.count != 0;
  };
  if (std::any_of(targets, targets + map.targets.count, inner_choice)) return false;
  fhir::Document& doc = out_.document;
  const Draft& known = out_.drafts[static_cast<std::size_t>(draft)];
  Node* const added = doc.object();
  Node* const list = doc.array();
  doc.append(list, doc.string(known.keys[0]));
  doc.append(list, added);
  for (const fhir::Member* m = known.root->first_member; m; m = m->next) {
    if (list->count < count_before_ + 2) {
      doc.append(list, doc.string(m->name, false));
    } else {
      doc.add(added, m->name, m->value);
    }
  }
  MemoKey key = asked.key;
  key.aspect |= kCompletes;
  recall_->memo->keep(key.hash(), key, list);
  return true;
}

/// The draft that keep_completion() has seen like that, completed; -1: there is none like it.
std::int32_t Mapper::Impl::completed_linked(const MapInfo& map, const Asked& asked) {
  MemoKey key = asked.key;
  key.aspect |= kCompletes;
  const auto found = recall_->find(key.hash(), key);
  if (!found || asked.reads->count != 0) return -1;
  const Node* const list = found.entry->node;
  const std::int32_t* const known = drafts_by_key_.find(map.type, list->first_item->value->text);
  if (!known || *known < 0) return -1;
  Node* const root = out_.drafts[static_cast<std::size_t>(*known)].root;
  if (root->count + 2 != list->count) return -1;
  const fhir::Item* item = list->first_item->next;
  const Node* const added = item->value;
  for (const fhir::Member* m = root->first_member; m; m = m->next) {
    item = item->next;
    if (m->name != item->value->text) return -1;
  }
  for (const fhir::Member* m = added->first_member; m; m = m->next) {
    out_.document.add(root, m->name, m->value);
  }
  completed_ += added->count != 0;
  return *known;
}

/// The draft that has the first of the keys already, completed; -1 when there is none.
std::int32_t Mapper::Impl::known_linked(const MapInfo& map, const Val& value) {
  if (key_count_ == 0) return -1;
  const std::int32_t* const known = drafts_by_key_.find(map.type, keys_[0]);
  if (!known || *known < 0) return -1;
  const std::int32_t draft = *known;
  Node* const root = out_.drafts[static_cast<std::size_t>(draft)].root;
  const std::uint32_t before = root->count;
  complete(map.targets, root, value);
  completed_ += root->count != before;
  count_before_ = before;
  return draft;
}

std::int32_t Mapper::Impl::new_linked(const MapInfo& map, const Val& value, Linked& how) {
  keys_of(map, value);
  if (const std::int32_t known = known_linked(map, value); known >= 0) {
    how = Linked::kKnown;
    return known;
  }
  HeldKeys own = hold_keys();
  Node* root = bare(map);
  apply_root(map.targets, root, value);
  const bool made = root->count > 1 && satisfied(root, map.need);
  put_back(std::move(own));
  if (key_count_ == 0) how = Linked::kOnce;
  if (!made) return -1;
  if (key_count_ == 0) {
    const std::string_view key = content_key(map, root, patient_here());
    if (const std::int32_t* known = drafts_by_key_.find(map.type, key)) {
      if (*known >= 0) return *known;
    }
    add_key(key);
  }
  return add_draft(map, root, {});
}

/// As a list: the resource, whether its authority is inferred, and its keys.
const Node* Mapper::Impl::to_recall(const Node* root, std::span<const std::string> keys) {
  fhir::Document& doc = out_.document;
  Node* list = doc.array();
  doc.append(list, root ? const_cast<Node*>(root) : doc.null());
  doc.append(list, doc.boolean(inferred_));
  for (const std::string& key : keys) doc.append(list, doc.string(key, false));
  return list;
}

/// Makes the keys of what is recalled the current ones; @return the resource.
const Node* Mapper::Impl::recall_keys(const Node* recalled) {
  const fhir::Item* item = recalled->first_item;
  const Node* made = item->value;
  item = item->next;
  key_count_ = 0;
  inferred_ = item->value->text == "true";
  for (item = item->next; item; item = item->next) add_key(item->value->text);
  return made;
}

}  // namespace mapping
