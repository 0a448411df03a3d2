#pragma once
#include <core/result.hpp>
#include <net/http_message.hpp>
#include <schema/r4.hpp>
#include <store/records.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fhirapi {

/// A search request, understood.
struct SearchRequest {
  store::SearchQuery query;
  bool count_only = false;                 ///< _summary=count or _count=0
  bool total = false;                      ///< _total=accurate
  net::HttpPairs used;                     ///< what the self link shows, without the cursor
  std::vector<std::string> ignored;        ///< names that are not indexed or not known
};

/// @param base absolute, "http://host/fhir/r4": references below it are local.
/// Errors are kBadSearch: unknown modifier, malformed date, too much; under `strict` also ignored
/// parameters.
core::Result<SearchRequest> parse_search(const schema::R4& r4, std::string_view type,
                                         const net::HttpPairs& parameters,
                                         const std::vector<std::string>& searchable,
                                         std::string_view base, bool strict);

/// "?a=b&c=d", percent-encoded; empty without parameters.
std::string query_string(const net::HttpPairs& parameters);

}  // namespace fhirapi
