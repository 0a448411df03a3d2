#include "r4_impl.hpp"
#include "text_file.hpp"

#include <algorithm>
#include <utility>

namespace schema {
namespace {

/// An `e` line before inheritance.
struct RawElement {
  std::string_view path, types, value_set;
  bool repeats = false;
  int min = 0;
};
/// A `C`, `R` or `P` line with its elements.
struct RawType {
  std::string_view name, base;
  TypeEntry::Kind kind = TypeEntry::Kind::kComplex;
  bool abstract = false;
  bool done = false;
  std::vector<RawElement> elements;
};

class Reader {
 public:
  explicit Reader(R4Internals::Impl& impl) : impl_(impl) {}

  bool read(std::string_view text, int& bad_line) {
    LineReader line(text);
    while (line.next()) {
      bad_line = line.line_number();
      if (!read_line(line)) return false;
    }
    for (std::size_t i = 0; i < raw_.size(); ++i) raw_index_[std::string(raw_[i].name)] = i;
    for (RawType& type : raw_) emit(type);
    link_types();
    finish_value_sets();
    finish_search();
    return !raw_.empty();
  }

 private:
  using Impl = R4Internals::Impl;

  bool read_line(LineReader& line) {
    switch (line.kind()) {
      case 'P': return read_type(line, TypeEntry::Kind::kPrimitive);
      case 'C': return read_type(line, TypeEntry::Kind::kComplex);
      case 'R': return read_type(line, TypeEntry::Kind::kResource);
      case 'e': return read_element(line);
      case 'V': return read_value_set(line);
      case 'v': return read_codes(line);
      case 'Q':
        search_ = &impl_.search[std::string(line.column())];
        return true;
      case 's': return read_search(line);
      default: return false;
    }
  }

  bool read_type(LineReader& line, TypeEntry::Kind kind) {
    RawType type;
    type.name = line.column();
    type.base = line.column();
    type.kind = kind;
    type.abstract = line.column() == "abstract";
    raw_.push_back(std::move(type));
    return !raw_.back().name.empty();
  }

  bool read_element(LineReader& line) {
    RawElement element;
    element.path = line.column();
    std::string_view cardinality = line.column();
    element.types = line.column();
    std::string_view binding = line.column();
    if (raw_.empty() || cardinality.empty() || element.types.empty()) return false;
    element.repeats = cardinality.back() == '*';
    element.min = cardinality[0] - '0';
    if (binding.starts_with('!')) element.value_set = binding.substr(1);
    raw_.back().elements.push_back(element);
    return element.min >= 0 && element.min <= 9;
  }

  bool read_value_set(LineReader& line) {
    const std::string id(line.column());
    impl_.value_set_index[id] = static_cast<std::int32_t>(impl_.value_sets.size());
    impl_.value_sets.emplace_back().enumerated = line.column() != "?";
    return true;
  }

  bool read_codes(LineReader& line) {
    if (impl_.value_sets.empty()) return false;
    ValueSetEntry& set = impl_.value_sets.back();
    ValueSetEntry::Part part;
    part.system = std::string(line.column());
    part.begin = static_cast<std::uint32_t>(set.codes.size());
    for (std::string_view code = line.column(); !code.empty(); code = line.column()) {
      set.codes.emplace_back(code);
    }
    part.end = static_cast<std::uint32_t>(set.codes.size());
    set.parts.push_back(std::move(part));
    return true;
  }

  bool read_search(LineReader& line) {
    if (search_ == nullptr) return false;
    R4::SearchParam param;
    param.name = std::string(line.column());
    param.type = std::string(line.column());
    param.expression = std::string(line.remainder());
    if (param.expression == "-") param.expression.clear();
    search_->push_back(std::move(param));
    return true;
  }

  TypeIndex add_type(std::string name, TypeEntry::Kind kind, bool abstract) {
    const auto index = static_cast<TypeIndex>(impl_.types.size());
    impl_.type_index[name] = index;
    TypeEntry entry;
    entry.name = std::move(name);
    entry.kind = kind;
    entry.abstract = abstract;
    entry.begin = static_cast<std::uint32_t>(impl_.elements.size());
    impl_.types.push_back(std::move(entry));
    return index;
  }

  /// Copies the elements of a type that is emitted already.
  void inherit(std::string_view base, std::string_view owner) {
    const TypeIndex from = impl_.find_type(base);
    if (from == kNoType) return;
    const std::uint32_t begin = impl_.types[from].begin;
    for (std::uint32_t i = begin; i < begin + impl_.types[from].count; ++i) {
      ElementDef copy = impl_.elements[i];
      copy.path = std::string(owner) + copy.path.substr(base.size());
      impl_.elements.push_back(std::move(copy));
      sources_.push_back(sources_[i]);
    }
  }

  void emit(RawType& type) {
    if (type.done) return;
    type.done = true;
    if (const auto base = raw_index_.find(type.base); base != raw_index_.end()) {
      emit(raw_[base->second]);
    }
    if (type.kind == TypeEntry::Kind::kPrimitive) {
      add_type(std::string(type.name), type.kind, type.abstract);
      return;
    }
    emit_level(type, "", type.base);
    // Backbone elements: every element that other paths of the type go through.
    for (const RawElement& element : type.elements) {
      if (element.types == "BackboneElement" || element.types == "Element") {
        emit_level(type, element.path, element.types);
      }
    }
  }

  /// The type's elements directly below `parent` (relative path), after the inherited ones.
  void emit_level(const RawType& type, std::string_view parent, std::string_view base) {
    std::string owner(type.name);
    if (!parent.empty()) owner.append(1, '.').append(parent);
    const TypeIndex self = parent.empty()
        ? add_type(owner, type.kind, type.abstract)
        : add_type(owner, TypeEntry::Kind::kBackbone, false);
    inherit(base, owner);
    for (const RawElement& element : type.elements) {
      const std::size_t dot = element.path.rfind('.');
      const std::string_view above =
          dot == std::string_view::npos ? std::string_view() : element.path.substr(0, dot);
      if (above == parent) add_element(type, element);
    }
    impl_.types[self].count =
        static_cast<std::uint32_t>(impl_.elements.size()) - impl_.types[self].begin;
  }

  void add_element(const RawType& type, const RawElement& raw) {
    ElementDef element;
    element.path = std::string(type.name) + "." + std::string(raw.path);
    std::string_view name = raw.path.substr(raw.path.rfind('.') + 1);
    element.choice = name.ends_with("[x]");
    if (element.choice) name.remove_suffix(3);
    element.name = std::string(name);
    element.min = raw.min;
    element.repeats = raw.repeats;
    element.required_binding = std::string(raw.value_set);
    std::string source;
    if (raw.types.starts_with('@')) {
      source = std::string(raw.types.substr(1));
      element.types.emplace_back("BackboneElement");
    } else {
      read_types(raw.types, element);
      if (raw.types == "BackboneElement" || raw.types == "Element") source = element.path;
    }
    impl_.elements.push_back(std::move(element));
    sources_.push_back(std::move(source));
  }

  /// "string,Reference(Patient|Group)".
  static void read_types(std::string_view text, ElementDef& element) {
    while (!text.empty()) {
      const std::size_t comma = text.find(',');
      std::string_view one = text.substr(0, comma);
      text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
      const std::size_t paren = one.find('(');
      element.types.emplace_back(one.substr(0, paren));
      if (paren == std::string_view::npos) continue;
      one = one.substr(paren + 1, one.size() - paren - 2);
      while (!one.empty()) {
        const std::size_t bar = one.find('|');
        element.targets.emplace_back(one.substr(0, bar));
        one = bar == std::string_view::npos ? std::string_view() : one.substr(bar + 1);
      }
    }
  }

  void link_types() {
    impl_.extras.resize(impl_.elements.size());
    for (std::size_t i = 0; i < impl_.elements.size(); ++i) {
      const ElementDef& element = impl_.elements[i];
      impl_.extras[i].first_type = static_cast<std::uint32_t>(impl_.element_types.size());
      for (const std::string& type : element.types) {
        const std::string_view target = sources_[i].empty() ? std::string_view(type) : sources_[i];
        impl_.element_types.push_back(impl_.find_type(target));
      }
      if (!sources_[i].empty() && sources_[i] != element.path) {
        impl_.type_index.emplace(element.path, impl_.find_type(sources_[i]));
      }
      if (const auto set = impl_.value_set_index.find(element.required_binding);
          set != impl_.value_set_index.end()) {
        impl_.extras[i].value_set = set->second;
      }
    }
  }

  void finish_value_sets() {
    for (ValueSetEntry& set : impl_.value_sets) {
      for (const std::string& code : set.codes) set.index.emplace(code, true);
    }
  }

  void finish_search() {
    const auto common = std::exchange(impl_.search["Resource"], {});
    const auto domain = std::exchange(impl_.search["DomainResource"], {});
    impl_.search.erase("Resource");
    impl_.search.erase("DomainResource");
    for (const RawType& type : raw_) {
      if (type.kind != TypeEntry::Kind::kResource || type.abstract) continue;
      auto& list = impl_.search[std::string(type.name)];
      list.insert(list.end(), common.begin(), common.end());
      if (type.base == "DomainResource") list.insert(list.end(), domain.begin(), domain.end());
      std::sort(list.begin(), list.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
    }
  }

  Impl& impl_;
  std::vector<RawType> raw_;
  StringMap<std::size_t> raw_index_;
  std::vector<std::string> sources_;   ///< per element: whose children it has, "" = its type's
  std::vector<R4::SearchParam>* search_ = nullptr;
};

}  // namespace

bool read_r4(std::string_view text, R4Internals::Impl& into, int& bad_line) {
  return Reader(into).read(text, bad_line);
}

}  // namespace schema
