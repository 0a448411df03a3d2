#pragma once
#include <core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace core::yaml {

/// Where a node stands: 1-based line and column. `file` is shared by all nodes of one load.
struct Place {
  int line = 0;
  int column = 0;
};

inline constexpr std::size_t kYamlBytesMax = 4u << 20;
inline constexpr int kYamlDepthMax = 64;

/// A strict YAML tree. Every scalar is a string as written (`NO`, `ON`, `0203`, `1.10` stay text).
/// Refused with their place: anchors, aliases, tags, merge keys, duplicate keys, non-scalar keys,
/// tabs as indentation, depth above kYamlDepthMax, more than kYamlBytesMax, invalid UTF-8.
/// Value type; no dependency on the parser in use.
struct Entry;
struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  bool quoted = false;     ///< scalar was written in quotes (or as a block)
  std::string scalar;
  std::vector<Node> items;                            ///< kSequence
  std::vector<Entry> entries;                         ///< kMapping, in written order
  std::vector<Place> key_places;                      ///< of entries, same index
  Place place;

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_mapping() const { return kind == Kind::kMapping; }
  /// @return the entry of that key or nullptr.
  const Node* find(std::string_view key) const;
};

/// One key and its value; named and used like a pair (which cannot hold the type it is part of).
struct Entry {
  std::string first;
  Node second;
};

/// A parsed file: its documents and the name to put in diagnostics.
struct File {
  std::string name;
  std::vector<Node> documents;

  /// "name:line:column"
  std::string at(Place place) const;
};

/// Errors are kBadYaml with `where` = "name:line:column".
Result<File> parse(std::string_view text, std::string name);
Result<File> load(const std::string& path);

}  // namespace core::yaml
