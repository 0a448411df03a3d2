#pragma once
#include <schema/v2.hpp>

#include "string_map.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

/// tables.txt, read when a table is first asked for.
class V2Tables {
 public:
  explicit V2Tables(std::string path) : path_(std::move(path)) {}
  /// "85" and "0085" alike; nullptr when unknown, or when the file cannot be read.
  const std::vector<std::string>* find(std::string_view number) const;

 private:
  void read() const;
  std::string path_;
  mutable std::once_flag once_;
  mutable StringMap<std::vector<std::string>> tables_;
};

/// A version as read from its file. Segments and data types are parsed at once; structures, of
/// which a feed uses a handful, when first asked for.
class TextVersion final : public V2Version {
 public:
  /// Errors: kIo, kBadConfig with file:line.
  static core::Result<std::unique_ptr<TextVersion>> load(std::string id, const std::string& path,
                                                         const V2Tables& tables);

  std::string_view id() const override { return id_; }
  const SegmentDef* segment(std::string_view id) const override;
  const DatatypeDef* datatype(std::string_view id) const override;
  const StructureDef* structure(std::string_view id) const override;
  std::string_view structure_id(std::string_view type, std::string_view trigger) const override;
  bool has_type(std::string_view type) const override;
  const std::vector<std::string>* table(std::string_view number) const override;
  std::vector<std::string_view> segment_ids() const override;
  std::vector<std::string_view> structure_ids() const override;

 private:
  struct LazyStructure {
    std::string_view tree;
    mutable std::once_flag once;
    mutable std::unique_ptr<StructureDef> def;  ///< nullptr when malformed
  };
  TextVersion(std::string id, std::string text, const V2Tables& tables)
      : id_(std::move(id)), text_(std::move(text)), tables_(tables) {}
  bool parse(int& bad_line);
  void link();

  std::string id_;
  std::string text_;
  const V2Tables& tables_;
  StringMap<SegmentDef> segments_;
  StringMap<DatatypeDef> datatypes_;
  StringMap<LazyStructure> structures_;
  StringMap<std::string> events_;  ///< "ADT A04" -> "ADT_A01"
  StringMap<int> types_;           ///< "ADT" -> how many events
};

}  // namespace schema
