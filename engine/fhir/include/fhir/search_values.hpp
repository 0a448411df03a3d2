#pragma once
#include <core/result.hpp>
#include <fhir/date_range.hpp>
#include <fhir/path.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fhir {

/// Both sides of FHIR search (http://hl7.org/fhir/R4/search.html) without a store: what a resource
/// is indexed under, and what a search value asks for. Thread: any.

/// How a parameter's values are compared. A parameter of type uri is indexed as a token without
/// system; number, quantity, composite and special parameters are not indexed.
enum class SearchKind : std::uint8_t { kToken, kReference, kDate, kString };

/// nullopt for types that are not indexed. `type` as in schema::R4::SearchParam.
std::optional<SearchKind> search_kind(std::string_view type);

struct SearchParameter {
  std::string name;
  SearchKind kind;
  Path path;
};

/// An entry of the search index. Its texts are views into the resource's tree or the scratch
/// document it was made with.
struct SearchValue {
  std::string_view param;   ///< name of the SearchParameter
  std::size_t place = 0;    ///< of the SearchParameter among those that were asked for
  SearchKind kind = SearchKind::kToken;
  std::string_view system;  ///< token only; empty = none
  /// token: code, identifier value, "true"; reference: "Type/id", or an absolute URL, urn or
  /// canonical as written; string: folded by fold_search_text().
  std::string_view code;
  std::string_view type;    ///< reference "Type/id" only: its type, where `code` begins
  std::int64_t start = 0, end = 0;   ///< date: microseconds, `end` exclusive; open sides are
                                     ///< kTimeBegin and kTimeEnd
};
inline constexpr std::int64_t kTimeBegin = INT64_MIN;
inline constexpr std::int64_t kTimeEnd = INT64_MAX;

/// Entries one resource may have; further ones are not indexed.
inline constexpr std::size_t kSearchValuesMax = 2000;
/// Longer strings are indexed by their beginning.
inline constexpr std::size_t kSearchTextBytesMax = 256;

/// Appends what `resource` is found by. Equal entries of one parameter come once. What is not in
/// the resource as such (folded texts) is made in `scratch`.
void search_values(std::span<const SearchParameter> parameters, const Node* resource,
                   Document& scratch, std::vector<SearchValue>& out);

/// Lower case without accents, white space runs as one blank: index and query alike.
std::string fold_search_text(std::string_view text);

/// Splits "a,b\,c" at the commas that are not escaped; the parts keep their escapes.
std::vector<std::string> split_search_values(std::string_view text);
/// Takes the backslashes off \, \| \$ \\.
std::string unescape_search_value(std::string_view text);

/// `code` | `system|code` | `|code` | `system|`
struct TokenQuery {
  std::optional<std::string> system;  ///< nullopt: any; empty: only entries without system
  std::string code;                   ///< empty: any code of the system
  bool matches(const SearchValue& value) const;
};
TokenQuery parse_token_query(std::string_view value);

struct DateQuery {
  enum class Prefix : std::uint8_t { kEq, kNe, kGt, kLt, kGe, kLe, kSa, kEb, kAp };
  Prefix prefix = Prefix::kEq;
  DateRange range;
  /// R4 3.1.1.4.6: eq = the query's span contains the value's; gt = the value reaches beyond it...
  bool matches(std::int64_t start, std::int64_t end) const;
};
/// kBadSearch when prefix or date are malformed.
core::Result<DateQuery> parse_date_query(std::string_view value);

}  // namespace fhir
