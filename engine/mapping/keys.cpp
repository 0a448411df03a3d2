#include <core/hash.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "visit.hpp"

/// Keys: what names a resource across messages (mapping.md section 3), and the drafts they make.
namespace mapping {

using fhir::Node;

namespace {

// Before a key part that is remembered: whether the sending facility stands in for the authority.
constexpr char kStated = '=', kInferred = '?';

}  // namespace

void append_number(std::string& out, std::int32_t number) {
  [[clang::uninitialized]] std::array<char, 12> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_mark(std::string& out, std::int32_t draft) {
  out += kDraftMark;
  append_number(out, draft);
}

void KeyTable::clear() {
  ++stamp_;
  used_ = 0;
  text_.clear();
  if (slots_.empty()) slots_.resize(64);
}

std::size_t KeyTable::place(std::uint64_t hash, std::string_view type, std::string_view key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].stamp == stamp_; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const std::string_view held = std::string_view(text_).substr(slots_[at].begin, slots_[at].size);
    if (held.size() == type.size() + 1 + key.size() && held.starts_with(type) &&
        held[type.size()] == '|' && held.ends_with(key)) {
      break;
    }
  }
  return at;
}

namespace {
std::uint64_t hash_of(std::string_view type, std::string_view key) {
  const auto kind = static_cast<std::uint8_t>(type.front());
  return MemoKey{static_cast<std::uint32_t>(type.size()), 0, kind, key}.hash();
}
}  // namespace

std::int32_t* KeyTable::find(std::string_view type, std::string_view key) {
  Slot& slot = slots_[place(hash_of(type, key), type, key)];
  return slot.stamp == stamp_ ? &slot.value : nullptr;
}

std::int32_t& KeyTable::number(std::string_view type, std::string_view key) {
  if (used_ * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_of(type, key);
  Slot& slot = slots_[place(hash, type, key)];
  if (slot.stamp != stamp_) {
    slot.stamp = stamp_;
    slot.hash = hash;
    slot.begin = static_cast<std::uint32_t>(text_.size());
    text_ += type;
    text_ += '|';
    text_ += key;
    slot.size = static_cast<std::uint32_t>(text_.size()) - slot.begin;
    slot.value = 0;
    ++used_;
  }
  return slot.value;
}

void KeyTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.stamp != stamp_) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].stamp == stamp_) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

bool Mapper::Impl::authority_parts(const Val& name, const Val& universal, const Val& type,
                                   bool only_registered, std::string& out) {
  const std::string_view space = core::trim(text_of(name, scratch_));
  const std::string_view id = core::trim(text_of(universal, scratch2_));
  if (!env_->authorities.empty()) {
    for (std::string_view one : {id, space}) {
      if (one.empty()) continue;
      const auto found = env_->authorities.find(one);
      if (found == env_->authorities.end()) continue;
      out = found->second;
      return true;
    }
  }
  if (only_registered) return false;
  std::string kind_text;
  const std::string_view kind = core::trim(text_of(type, kind_text));
  if (kind == "ISO" && is_oid(id)) {
    out = "urn:oid:";
    out += id;
  } else if ((kind == "UUID" || kind == "GUID") && is_uuid(id)) {
    out = "urn:uuid:";
    out += id;
  } else if (!id.empty() && kind == "URI") {
    out = id;
  } else if (!space.empty() || !id.empty()) {
    out = env_->name_space;
    out += "/id/";
    out += space.empty() ? id : space;
  } else {
    return false;
  }
  return true;
}

/// An HD, or the authority parts of an EI, as one URI: by the registry, else derived.
bool Mapper::Impl::authority(const Val& value, bool only_registered, std::string& out) {
  if (value.kind == Val::Kind::kText) {
    const auto found = env_->authorities.find(value.text);
    if (found == env_->authorities.end()) return false;
    out = found->second;
    return true;
  }
  const bool of_entity = value.key == KeyKind::kEi || value.key == KeyKind::kEiAuthority;
  const int from = of_entity ? 2 : 1;
  return authority_parts(child_of(value, from, 0), child_of(value, from + 1, 0),
                         child_of(value, from + 2, 0), only_registered, out);
}

void Mapper::Impl::append_value(const Val& value, bool nested, std::string& out) {
  const std::string_view text = core::trim(text_of(value, scratch_));
  const bool usual = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '/';
  });
  if (usual) {
    out += text;
    return;
  }
  for (char c : text) {
    // Control characters would read as draft marks; a slash would join two parts.
    if (static_cast<unsigned char>(c) < 0x20) continue;
    if (nested && c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
}

void Mapper::Impl::append_authority(const Val& hd, std::string& out) {
  const auto make = [&](std::string& to) {
    uri_.clear();
    if (authority(hd, false, uri_)) {
      to += uri_;
    } else {
      to += "inferred:";
      Val facility;
      facility.kind = Val::Kind::kHl7;
      facility.v = header_.sending_facility.child(1);
      append_value(facility, true, to);
      inferred_ = true;
    }
    return true;
  };
  if (hd.key == KeyKind::kEi) {
    make(out);   // all of the value, which whoever asks has looked for
  } else {
    key_once(makers_.keys + kAuthorityMaker, hd, authority_part_, out, make);
  }
  out += '|';
}

/// What `make` appends to a key, from the memo where it can be, and whether that was inferred.
/// @param part  for its use alone
template <class F>
bool Mapper::Impl::key_once(std::size_t maker, const Val& value, std::string& part,
                            std::string& out, F&& make) {
  const bool inferred = std::exchange(inferred_, false);
  const Node* known = once(maker, value, [&]() -> Node* {
    part.assign(1, kStated);
    if (!make(part)) return nullptr;
    if (inferred_) part.front() = kInferred;
    return out_.document.string(part);
  });
  inferred_ = inferred || (known && known->text.front() == kInferred);
  if (known) out += known->text.substr(1);
  return known != nullptr;
}

/// Appends a key part by what the value is; @return whether it holds anything.
bool Mapper::Impl::qualified(const Val& value, bool nested, std::string& out) {
  const std::size_t before = out.size();
  if (value.kind == Val::Kind::kResource) {
    append_mark(out, value.draft);
    out += kDraftEnd;
    return true;
  }
  if (value.kind != Val::Kind::kHl7 || value.key == KeyKind::kPlain) {
    append_value(value, nested, out);
    return out.size() != before;
  }
  // Of patients and visits hardly a number comes twice.
  if (value.key == KeyKind::kCx) return make_qualified(value, nested, out);
  const std::size_t number =
      makers_.keys + static_cast<std::size_t>(value.key) * 2 + (nested ? 1 : 0);
  return key_once(number, value, key_part_, out,
                  [&](std::string& to) { return make_qualified(value, nested, to); });
}

/// A place by its facility and parts, as the rung `^4 | %facility / ^1 / ^2` of a room writes it:
/// the room that a bed lies in is the room that another message names alone.
bool Mapper::Impl::place_key(const Val& value, std::string& out) {
  const std::size_t before = out.size();
  const bool facility = child_of(value, 4, 0).valued();
  std::string uri;
  if (facility && authority(child_of(value, 4, 0), false, uri)) {
    out += uri;
  } else {
    Val sender;
    sender.kind = Val::Kind::kHl7;
    sender.v = header_.sending_facility.child(1);
    append_value(sender, true, out);
    inferred_ = true;
  }
  const std::size_t start = out.size();
  std::size_t end = start;
  const auto add = [&](int component) {
    out += '/';
    const std::size_t mark = out.size();
    append_value(child_of(value, component, 0), true, out);
    if (out.size() != mark) end = out.size();
  };
  for (int n : {1, 2, 3}) add(n);
  out.resize(end);
  if (end == start && child_of(value, 8, 0).valued()) {
    out += "/floor";
    add(7);
    add(8);
  } else if (end == start && child_of(value, 7, 0).valued()) {
    out += "/building";
    add(7);
  }
  const bool any = facility || end != start;
  out.resize(any ? end : before);
  return any;
}

bool Mapper::Impl::make_qualified(const Val& value, bool nested, std::string& out) {
  Val id = child_of(value, 1, 0);
  Val hd;
  std::string_view prefix;
  switch (value.key) {
    case KeyKind::kCx: hd = child_of(value, 4, 0); break;
    case KeyKind::kEi:
      hd = value;
      break;
    case KeyKind::kXcn: hd = child_of(value, 9, 0); break;
    case KeyKind::kXon: {
      hd = child_of(value, 6, 0);
      const Val own = child_of(value, 10, 0), old = child_of(value, 3, 0);
      if (!own.valued() && !old.valued()) {
        prefix = "name:";
      } else {
        id = own.valued() ? own : old;
      }
      break;
    }
    case KeyKind::kPl: return place_key(value, out);
    case KeyKind::kHd:
    case KeyKind::kEiAuthority: {
      std::string uri;
      if (!authority(value, false, uri)) return false;
      out += uri;
      return true;
    }
    case KeyKind::kPlain: break;
  }
  if (!id.valued()) return false;
  append_authority(hd, out);
  out += prefix;
  append_value(id, nested, out);
  return true;
}

void Mapper::Impl::add_key(std::string_view key) {
  for (std::size_t i = 0; i < key_count_; ++i) {
    if (keys_[i] == key) return;
  }
  if (keys_.size() == key_count_) keys_.emplace_back();
  keys_[key_count_++] = key;
}

Mapper::Impl::HeldKeys Mapper::Impl::hold_keys() {
  return {std::exchange(keys_, spare_keys()), std::exchange(key_count_, 0), inferred_};
}

void Mapper::Impl::put_back(HeldKeys&& held) {
  key_pool_.push_back(std::exchange(keys_, std::move(held.keys)));
  key_count_ = held.count;
  inferred_ = held.inferred;
}

std::vector<std::string> Mapper::Impl::spare_keys() {
  if (key_pool_.empty()) return {};
  std::vector<std::string> out = std::move(key_pool_.back());
  key_pool_.pop_back();
  return out;
}

bool Mapper::Impl::part(const KeyPart& part, bool nested, const Val& current, std::string& out,
                        bool& is_resource) {
  for (std::uint32_t i = part.terms.first; i < part.terms.end(); ++i) {
    const bool found = visit(p_.terms[i], current, [&](const Val& value) {
      if (!value.valued()) return false;
      is_resource = value.kind == Val::Kind::kResource;
      return key_value(value, p_.terms[i], nested, out);
    });
    if (found) return true;
  }
  return false;
}

/// A rung counts when its first part is there, and something besides a parent and an ordinal.
bool Mapper::Impl::rung(const Rung& rung, const MapInfo& map, const Val& current) {
  const Range parts = rung.parts;
  if (parts.count == 1 && p_.key_parts[parts.first].kind == KeyPart::Kind::kSource) {
    const Range terms = p_.key_parts[parts.first].terms;
    const std::size_t before = key_count_;
    for (std::uint32_t i = terms.first; i < terms.end() && key_count_ == before; ++i) {
      visit(p_.terms[i], current, [&](const Val& value) {
        if (!value.valued()) return aborted_;
        key_text_.clear();
        key_step(KeyStep::Kind::kBegin);
        if (key_value(value, p_.terms[i], false, key_text_)) finish_key();
        return aborted_;
      });
    }
    return key_count_ != before;
  }
  key_text_.clear();
  key_step(KeyStep::Kind::kBegin);
  bool own = false;
  for (std::uint32_t i = parts.first; i < parts.end(); ++i) {
    const KeyPart& one = p_.key_parts[i];
    const std::size_t text_before = key_text_.size();
    const std::size_t steps_before = shape_ ? shape_->keys.size() : 0;
    if (i != parts.first) key_text("/");
    if (one.kind == KeyPart::Kind::kOrdinal) {
      if (!shape_) note_foreign();
      key_step(KeyStep::Kind::kOrdinal);
      give_ordinal(map);
      continue;
    }
    bool is_resource = false;
    const bool valued = part(one, true, current, key_text_, is_resource);
    if (!valued && i == parts.first) return false;
    if (!valued && one.optional) {
      key_text_.resize(text_before);
      if (shape_) shape_->keys.erase(shape_->keys.begin() + static_cast<long>(steps_before));
    }
    own |= valued && !is_resource;
  }
  if (own) finish_key();
  return own;
}

void Mapper::Impl::keys_of(const MapInfo& map, const Val& current) {
  key_count_ = 0;
  inferred_ = false;
  for (std::uint32_t i = map.rungs.first; i < map.rungs.end(); ++i) {
    rung(p_.rungs[i], map, current);
  }
  if (map.rungs.count != 0 || !map.is_datatype) return;
  Val self = current;
  self.key = map.key;
  key_text_.clear();
  if (map.key != KeyKind::kPlain && qualified(self, false, key_text_)) add_key(key_text_);
}

namespace {

/// Content without references: those hold numbers of this message's drafts. Stands in stored keys.
void add_content(const Node* node, std::array<std::uint64_t, 2>& hash) {
  if (node->is_leaf()) {
    hash = core::stable_hashes(node->text, {hash[0] + 1, hash[1] + 1});
    return;
  }
  for (const fhir::Member* m = node->first_member; m; m = m->next) {
    if (m->name == "reference") continue;
    hash = core::stable_hashes(m->name, hash);
    add_content(m->value, hash);
  }
  for (const fhir::Item* i = node->first_item; i; i = i->next) {
    hash = {hash[0] + 7, hash[1] + 7};
    add_content(i->value, hash);
  }
}

}  // namespace

/// For what has no key of its own: its parent and its content.
std::string_view Mapper::Impl::content_key(const MapInfo& map, const Node* root,
                                           std::int32_t patient) {
  key_text_.clear();
  if (patient >= 0 && !map.shared) {
    append_mark(key_text_, patient);
    key_text_ += kDraftEnd;
  } else {
    key_text_ += "message:";
    for (const hl7::Value& part : {header_.sending_facility.child(1)}) {
      Val value;
      value.kind = Val::Kind::kHl7;
      value.v = part;
      append_value(value, true, key_text_);
    }
    key_text_ += '/';
    Val control;
    control.kind = Val::Kind::kText;
    control.text = header_.control_id;
    append_value(control, true, key_text_);
  }
  std::array<std::uint64_t, 2> hash{1, 0x9e3779b97f4a7c15ull};
  add_content(root, hash);
  fmt::format_to(std::back_inserter(key_text_), "/content/{:016x}{:016x}", hash[0], hash[1]);
  return key_text_;
}

std::int32_t Mapper::Impl::patient_here() {
  if (patient_name_ == 0xffff) return -1;
  return nearest_made(patient_name_);
}

std::int32_t Mapper::Impl::add_draft(const MapInfo& map, Node* root, std::string_view made_as) {
  const auto number = static_cast<std::int32_t>(out_.drafts.size());
  Draft draft;
  draft.type = map.type;
  draft.root = root;
  draft.made_as = made_as;
  draft.map_rule = map.info;
  draft.shared = map.shared;
  draft.partial = map.partial;
  draft.inferred_authority = inferred_;
  draft.policy = map.policy;
  if (map.type == "Patient") {
    draft.patient = number;
  } else if (!map.shared && map.type != "MessageHeader") {
    draft.patient = patient_here();
  }
  drafts_by_key_.number(map.type, keys_[0]) = number;
  draft.keys = std::exchange(keys_, spare_keys());
  draft.keys.resize(std::exchange(key_count_, 0));
  out_.drafts.push_back(std::move(draft));
  return number;
}

/// A reference with nothing but its draft: one node for all who refer to it, with its JSON.
Node* Mapper::Impl::shared_reference(std::int32_t draft) {
  const auto number = static_cast<std::size_t>(draft);
  if (number >= references_.size()) references_.resize(number + 1);
  if (!references_[number]) {
    Node* const node = reference_to(draft, nullptr, Val());
    mark_text_.clear();
    fhir::write_json(node, mark_text_);
    node->text = out_.document.keep(mark_text_);
    node->shared = node->first_member->value->shared = true;
    references_[number] = node;
  }
  return references_[number];
}

Node* Mapper::Impl::reference_to(std::int32_t draft, const Rule* rule, const Val& from) {
  mark_text_.clear();
  append_mark(mark_text_, draft);
  Node* node = out_.document.object();
  Node* text = out_.document.string(mark_text_);
  if (rule) mark(text, *rule, from);
  out_.document.add(node, "reference", text);
  return node;
}

}  // namespace mapping
