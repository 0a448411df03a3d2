#pragma once
#include <schema/r4.hpp>

#include "string_map.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

using TypeIndex = std::uint32_t;
inline constexpr TypeIndex kNoType = 0xffffffff;

/// A type or backbone path and where its elements stand.
struct TypeEntry {
  enum class Kind : std::uint8_t { kPrimitive, kComplex, kResource, kBackbone };
  std::string name;
  Kind kind = Kind::kBackbone;
  bool abstract = false;
  std::uint32_t begin = 0, count = 0;   ///< in R4::Impl::elements
};

/// What belongs to an ElementDef and is not public.
struct ElementExtra {
  std::uint32_t first_type = 0;   ///< in R4::Impl::element_types, one for each of ElementDef::types
  std::int32_t value_set = -1;
};

struct ValueSetEntry {
  std::vector<std::string> codes;   ///< all systems' together
  struct Part {
    std::string system;
    std::uint32_t begin = 0, end = 0;
  };
  std::vector<Part> parts;
  bool enumerated = false;
  StringMap<bool> index;

  bool has(std::string_view code) const { return index.find(code) != index.end(); }
  bool has(std::string_view system, std::string_view code) const;
};

struct R4::Impl {
  /// One JSON name of one type; choices have one for each of their types.
  struct ChildSlot {
    std::uint32_t element = 0xffffffff;
    TypeIndex owner = kNoType;
    std::uint16_t type = 0;   ///< which of the element's types
  };

  TypeIndex find_type(std::string_view name) const;
  /// By type or by path through types ("Patient.name").
  TypeIndex resolve(std::string_view type_or_path) const;
  const ChildSlot* find_child(TypeIndex owner, std::string_view json_name) const;
  TypeIndex type_of(const ChildSlot& slot) const {
    return element_types[extras[slot.element].first_type + slot.type];
  }
  void index_children();
  bool slot_matches(const ChildSlot& slot, TypeIndex owner, std::string_view json_name) const;

  std::vector<TypeEntry> types;
  StringMap<TypeIndex> type_index;      ///< also aliases of elements that take another's content
  std::vector<ElementDef> elements;
  std::vector<ElementExtra> extras;
  std::vector<TypeIndex> element_types;
  std::vector<ChildSlot> slots;         ///< open addressing, a power of two
  std::vector<ValueSetEntry> value_sets;
  StringMap<std::int32_t> value_set_index;
  StringMap<std::vector<SearchParam>> search;
};

/// The validator's way in.
struct R4Internals {
  static const R4::Impl& of(const R4& r4) { return *r4.impl_; }
  static R4 make(std::unique_ptr<R4::Impl> impl) {
    R4 r4;
    r4.impl_ = std::move(impl);
    return r4;
  }
  using Impl = R4::Impl;
};

/// Reads the file's text. false with the line at fault.
bool read_r4(std::string_view text, R4Internals::Impl& into, int& bad_line);

}  // namespace schema
