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

std::int32_t Mapper::Impl::linked(const MapInfo& map, const Val& value) {
  const auto number = static_cast<std::uint32_t>(&map - p_.maps.data());
  const bool plain = value.kind == Val::Kind::kHl7 && !options_.lineage;
  for (const LinkedBefore& one : linked_before_) {
    if (plain && one.map == number && one.aspect == aspect_of(value) &&
        one.value == value.v.raw()) {
      return one.draft;
    }
  }
  [[clang::uninitialized]] Asked asked;
  asked.maker = makers_.linked + number;
  bool kept = true;
  if (const auto found = look(asked, value)) {
    const Memo::Entry entry = *found.entry;
    const bool alone = plain && asked.reads->count == 0 && linked_before_.size() < kLinksMax;
    const auto remember = [&](std::int32_t draft) {
      if (alone) linked_before_.push_back({number, aspect_of(value), value.v.raw(), draft});
      return draft;
    };
    const Node* made = recall_keys(entry.node);
    if (const std::int32_t known = known_linked(map, value); known >= 0) return remember(known);
    if (!link_again(*found.memo, entry, *asked.reads, value)) return new_linked(map, value, kept);
    if (made->kind == Node::Kind::kNull) return -1;
    if (entry.link_count != 0) recall_keys(entry.node);   // the links had keys of their own
    return remember(add_draft(map, out_.document.unshare(made), {}));
  }
  if (!asked.open) return new_linked(map, value, kept);
  Trace& trace = begin_trace(asked, value);
  const std::int32_t draft = new_linked(map, value, kept);
  if (end_trace(trace, asked) && kept) {
    const Draft* made = draft < 0 ? nullptr : &out_.drafts[static_cast<std::size_t>(draft)];
    const Node* list = made ? to_recall(made->root, made->keys)
                            : to_recall(nullptr, {keys_.data(), key_count_});
    recall_->memo->keep(asked.hash, asked.key, list, trace.links);
  }
  return draft;
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
  return draft;
}

/// `kept` becomes false when what is made belongs to this message alone.
std::int32_t Mapper::Impl::new_linked(const MapInfo& map, const Val& value, bool& kept) {
  keys_of(map, value);
  if (const std::int32_t known = known_linked(map, value); known >= 0) {
    kept = false;
    return known;
  }
  HeldKeys own = hold_keys();
  Node* root = bare(map);
  apply_root(map.targets, root, value);
  const bool made = root->count > 1 && satisfied(root, map.need);
  put_back(std::move(own));
  kept &= key_count_ != 0;
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
