#include "r4_impl.hpp"

#include "text_file.hpp"

#include <algorithm>
#include <utility>

namespace schema {
namespace {

std::uint64_t child_hash(TypeIndex owner, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u ^ (std::uint64_t{owner} * 0x9E3779B97F4A7C15u);
  for (const char c : name) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  }
  return hash ^ (hash >> 29);
}

/// "value" + "dateTime" is "valueDateTime".
bool is_choice_name(std::string_view json_name, std::string_view element, std::string_view type) {
  if (json_name.size() != element.size() + type.size() || !json_name.starts_with(element)) {
    return false;
  }
  const std::string_view rest = json_name.substr(element.size());
  const char first = type[0] >= 'a' && type[0] <= 'z' ? static_cast<char>(type[0] - 'a' + 'A')
                                                      : type[0];
  return rest[0] == first && rest.substr(1) == type.substr(1);
}

std::string choice_name(std::string_view element, std::string_view type) {
  std::string name(element);
  name += type;
  char& first = name[element.size()];
  if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
  return name;
}

}  // namespace

bool ValueSetEntry::has(std::string_view system, std::string_view code) const {
  for (const Part& part : parts) {
    if (part.system != system) continue;
    for (std::uint32_t i = part.begin; i < part.end; ++i) {
      if (codes[i] == code) return true;
    }
  }
  return false;
}

TypeIndex R4::Impl::find_type(std::string_view name) const {
  const auto found = type_index.find(name);
  return found == type_index.end() ? kNoType : found->second;
}

TypeIndex R4::Impl::resolve(std::string_view type_or_path) const {
  if (const TypeIndex found = find_type(type_or_path); found != kNoType) return found;
  std::size_t at = type_or_path.find('.');
  TypeIndex type = find_type(type_or_path.substr(0, at));
  while (type != kNoType && at != std::string_view::npos) {
    const std::size_t next = type_or_path.find('.', at + 1);
    const ChildSlot* slot = find_child(type, type_or_path.substr(at + 1, next - at - 1));
    type = slot == nullptr ? kNoType : type_of(*slot);
    at = next;
  }
  return type;
}

bool R4::Impl::slot_matches(const ChildSlot& slot, TypeIndex owner,
                            std::string_view json_name) const {
  if (slot.owner != owner) return false;
  const ElementDef& element = elements[slot.element];
  if (!element.choice) return element.name == json_name;
  return is_choice_name(json_name, element.name, element.types[slot.type]);
}

const R4::Impl::ChildSlot* R4::Impl::find_child(TypeIndex owner, std::string_view json_name) const {
  if (json_name.empty()) return nullptr;
  const std::size_t mask = slots.size() - 1;
  for (std::size_t at = child_hash(owner, json_name) & mask;; at = (at + 1) & mask) {
    const ChildSlot& slot = slots[at];
    if (slot.owner == kNoType) return nullptr;
    if (slot_matches(slot, owner, json_name)) return &slot;
  }
}

void R4::Impl::index_children() {
  std::size_t names = 0;
  for (const ElementDef& element : elements) names += element.choice ? element.types.size() : 1;
  std::size_t size = 1024;
  while (size < names * 2) size *= 2;
  slots.assign(size, {});
  const auto add = [&](const ChildSlot& slot, std::string_view name) {
    std::size_t at = child_hash(slot.owner, name) & (size - 1);
    while (slots[at].owner != kNoType) at = (at + 1) & (size - 1);
    slots[at] = slot;
  };
  for (TypeIndex t = 0; t < types.size(); ++t) {
    for (std::uint32_t e = types[t].begin; e < types[t].begin + types[t].count; ++e) {
      const ElementDef& element = elements[e];
      if (!element.choice) {
        add({e, t, 0}, element.name);
        continue;
      }
      for (std::size_t i = 0; i < element.types.size(); ++i) {
        add({e, t, static_cast<std::uint16_t>(i)}, choice_name(element.name, element.types[i]));
      }
    }
  }
}

R4::R4() = default;
R4::R4(R4&&) noexcept = default;
R4& R4::operator=(R4&&) noexcept = default;
R4::~R4() = default;

core::Result<R4> R4::load(const std::string& file) {
  auto text = read_text_file(file);
  if (!text) return core::fail(std::move(text.error()));
  auto impl = std::make_unique<Impl>();
  int bad_line = 0;
  if (!read_r4(*text, *impl, bad_line)) {
    return core::fail(core::ErrorCode::kBadConfig, "malformed schema line",
                      file + ":" + std::to_string(bad_line));
  }
  impl->index_children();
  return R4Internals::make(std::move(impl));
}

bool R4::is_resource(std::string_view type) const {
  const TypeIndex found = impl_->find_type(type);
  return found != kNoType && impl_->types[found].kind == TypeEntry::Kind::kResource &&
         !impl_->types[found].abstract;
}

bool R4::is_primitive(std::string_view type) const {
  const TypeIndex found = impl_->find_type(type);
  return found != kNoType && impl_->types[found].kind == TypeEntry::Kind::kPrimitive;
}

bool R4::is_complex(std::string_view type) const {
  const TypeIndex found = impl_->find_type(type);
  return found != kNoType && impl_->types[found].kind == TypeEntry::Kind::kComplex;
}

std::vector<std::string_view> R4::resource_types() const {
  std::vector<std::string_view> result;
  for (const TypeEntry& type : impl_->types) {
    if (type.kind == TypeEntry::Kind::kResource && !type.abstract) result.push_back(type.name);
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::span<const ElementDef> R4::children(std::string_view type_or_path) const {
  const TypeIndex type = impl_->resolve(type_or_path);
  if (type == kNoType) return {};
  return {impl_->elements.data() + impl_->types[type].begin, impl_->types[type].count};
}

const ElementDef* R4::child(std::string_view type_or_path, std::string_view json_name,
                            std::string_view* type) const {
  const TypeIndex owner = impl_->resolve(type_or_path);
  if (owner == kNoType) return nullptr;
  const Impl::ChildSlot* slot = impl_->find_child(owner, json_name);
  if (slot == nullptr) return nullptr;
  const ElementDef& element = impl_->elements[slot->element];
  if (type != nullptr) *type = element.types[slot->type];
  return &element;
}

std::span<const std::string> R4::codes(std::string_view value_set) const {
  const auto found = impl_->value_set_index.find(value_set);
  if (found == impl_->value_set_index.end()) return {};
  return impl_->value_sets[static_cast<std::size_t>(found->second)].codes;
}

std::span<const R4::SearchParam> R4::search_params(std::string_view resource_type) const {
  const auto found = impl_->search.find(resource_type);
  if (found == impl_->search.end()) return {};
  return found->second;
}

}  // namespace schema
