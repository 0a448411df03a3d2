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
  /// A token that splits a type in a handful of parts: it stands in search_value alone, since rows
  /// of it would narrow no search.
  bool coarse = false;
};

/// The search parameters of one resource type that are indexed.
struct TypeParams {
  std::vector<fhir::SearchParameter> extracted;
  std::map<std::string, IndexedParam, std::less<>> by_name;
  std::vector<std::int64_t> words;   ///< of `extracted`, as "Type.name"; 0 = not asked for yet
};

/// Whether no rows of the tokens of this parameter are kept (IndexedParam::coarse).
bool is_coarse(fhir::SearchKind kind, std::string_view param);

/// Keeps what each resource can be found by (search_value), and tells what changed of it
/// (search_change) to those who keep the rows: SearchProjection. Thread: the connection's.
class SearchIndex {
 public:
  /// `next_change`: number of the next row of search_change; stays where it is.
  SearchIndex(Db& db, Words& words, const schema::R4& r4, std::int64_t& next_change)
      : db_(db), words_(words), r4_(r4), next_change_(next_change) {}

  const schema::R4& r4() const { return r4_; }
  const TypeParams& params_of(std::string_view type) { return known_params(type); }
  /// Brings the entries of a resource up to its content (nullptr: none), given the hash that the
  /// last call returned. @return the new hash; equal hashes touch nothing.
  core::Result<std::uint64_t> update(std::int64_t resource, std::string_view type,
                                     const fhir::Node* tree, std::uint64_t before);

  /// After an undo: words given meanwhile are gone.
  void forget();

 private:
  core::Status collect(std::string_view type, const fhir::Node* tree);
  core::Status add_entry(std::int64_t param, const fhir::SearchValue& value);
  TypeParams& known_params(std::string_view type);
  core::Result<std::int64_t> word_of(std::string_view type, TypeParams& params,
                                     std::size_t place);
  core::Result<std::string> stored_entries(std::int64_t resource);
  core::Status note_change(std::int64_t resource, std::string_view type,
                           const std::vector<std::string_view>& old);

  Db& db_;
  Words& words_;
  const schema::R4& r4_;
  std::int64_t& next_change_;
  std::map<std::string, TypeParams, std::less<>> types_;
  fhir::Document scratch_;
  std::vector<fhir::SearchValue> values_;
  // Of the last collect(); the entries stand in text_.
  std::string text_, joined_;
  std::string gone_, added_;   ///< of the last note_change()
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> now_;
};

/// Between the parts of an entry in search_value, and before and after each entry.
inline constexpr char kEntryField = '\x1f';
inline constexpr char kEntryEnd = '\x1e';

/// What the entries of a parameter in search_value begin with.
std::string entries_of_param(fhir::SearchKind kind, std::int64_t param);

/// As stored and as asked for: no control characters, at most fhir::kSearchTextBytesMax bytes.
std::string clean_search_text(std::string_view text);

}  // namespace store
