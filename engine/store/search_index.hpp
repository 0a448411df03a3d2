#pragma once
#include "words.hpp"

#include <fhir/node.hpp>
#include <fhir/search_values.hpp>
#include <schema/r4.hpp>
#include <store/db.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// Where the values of a search parameter stand in the index.
struct IndexedParam {
  fhir::SearchKind kind = fhir::SearchKind::kToken;
  std::string stored_as;      ///< name it is indexed under
  /// Not empty: `stored_as` holds more types than this one asks for. "patient" is "subject", when
  /// that is a Patient; indexing both would write every such row twice.
  std::string target_type;
};

/// The search parameters of one resource type that are indexed.
struct TypeParams {
  std::vector<fhir::SearchParameter> extracted;
  std::map<std::string, IndexedParam, std::less<>> by_name;
};

/// Keeps the index tables. Thread: the connection's.
class SearchIndex {
 public:
  SearchIndex(Db& db, Words& words, const schema::R4& r4) : db_(db), words_(words), r4_(r4) {}

  const schema::R4& r4() const { return r4_; }
  const TypeParams& params_of(std::string_view type);
  /// Brings the rows of a resource up to its content (nullptr: none), given the hash that the last
  /// call returned. @return the new hash; equal hashes touch nothing.
  core::Result<std::uint64_t> update(std::int64_t resource, std::string_view type,
                                     const fhir::Node* tree, std::uint64_t before);

 private:
  core::Result<std::vector<std::string>> entries_of(std::string_view type, const fhir::Node* tree);
  core::Result<std::string> entry_of(std::string_view type, const fhir::SearchValue& value);
  core::Result<std::vector<std::string>> stored_entries(std::int64_t resource);
  core::Status write(std::int64_t resource, const std::string& entry, bool add);
  core::Status note(std::int64_t resource, const std::vector<std::string>& entries,
                    const std::string& joined);

  Db& db_;
  Words& words_;
  const schema::R4& r4_;
  std::map<std::string, TypeParams, std::less<>> types_;
  fhir::Document scratch_;
  std::vector<fhir::SearchValue> values_;
};

/// As stored and as asked for: no control characters, at most fhir::kSearchTextBytesMax bytes.
std::string clean_search_text(std::string_view text);

}  // namespace store
