#pragma once
#include <core/clock.hpp>
#include <identity/matcher.hpp>
#include <net/http_router.hpp>
#include <net/offload.hpp>
#include <schema/r4.hpp>
#include <store/records.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fhirapi {

inline constexpr std::uint32_t kPageDefault = 50;    ///< entries of a search page or a history
inline constexpr std::uint32_t kPageMax = 500;       ///< larger _count is cut to it
inline constexpr std::size_t kSearchClausesMax = 50;
inline constexpr std::size_t kSearchValuesOredMax = 200;   ///< values of one parameter, after
                                                           ///< commas

/// Names of the search parameters that the store indexes for a resource type, besides _id and
/// _lastUpdated.
using Searchable = std::function<std::vector<std::string>(std::string_view type)>;

struct Settings {
  /// Absolute base of links and fullUrls, without a slash at the end. Empty: http:// and the
  /// request's Host, with /fhir/r4.
  std::string public_url;
  std::string version = "0.1.0";   ///< of the software, for the CapabilityStatement
};

/// Read access to the resources of the records store (http://hl7.org/fhir/R4/http.html):
///   GET  /fhir/r4/metadata
///   GET  /fhir/r4/{type}/{id}
///   GET  /fhir/r4/{type}/{id}/_history            ?_count
///   GET  /fhir/r4/{type}/{id}/_history/{version}
///   GET  /fhir/r4/{type}?...                       POST /fhir/r4/{type}/_search
///   POST /fhir/r4/Patient/$match                   GET /fhir/r4/Patient/$ihe-pix
/// 404 for what never was, 410 for what was deleted, ETag W/"version", Last-Modified, 304 for a
/// matching If-None-Match. Search: parameters that are not indexed are left out of the self link
/// and named in an OperationOutcome entry, or refused under `Prefer: handling=strict`; unknown
/// modifiers and malformed dates are refused always. Results come in order of id; the next link
/// carries `_cursor`. `_total=accurate` and `_summary=count` count.
/// Every error is an OperationOutcome. Nothing of a request is logged.
/// Thread: any; reads run one at a time on a thread of their own. `r4` and `clock` outlive it, and
/// it outlives the router's use.
class Api {
 public:
  Api(const schema::R4& r4, const core::Clock& clock, std::unique_ptr<store::Records> reader,
      Searchable searchable, Settings settings = {});
  ~Api();
  void add_routes(net::HttpRouter& router);
  /// Who answers Patient/$match; without one it is refused. Before the first request.
  void set_matcher(std::unique_ptr<identity::Matcher> matcher) { matcher_ = std::move(matcher); }

  /// One request, answered on the calling thread (add_routes() calls it on the pool).
  net::HttpResponse handle(const net::HttpRequest& request);

 private:
  net::HttpResponse metadata(const net::HttpRequest& request);
  net::HttpResponse read(const net::HttpRequest& request);
  net::HttpResponse read_version(const net::HttpRequest& request);
  net::HttpResponse history(const net::HttpRequest& request);
  net::HttpResponse search(const net::HttpRequest& request);
  net::HttpResponse route(const net::HttpRequest& request);
  net::HttpResponse operation(const net::HttpRequest& request, std::string_view name);
  std::string base_of(const net::HttpRequest& request) const;
  const std::vector<std::string>& searchable(std::string_view type);

  const schema::R4& r4_;
  const core::Clock& clock_;
  const core::Instant started_;
  std::mutex mutex_;
  std::unique_ptr<store::Records> reader_;
  Searchable searchable_;
  std::map<std::string, std::vector<std::string>, std::less<>> searchable_cache_;
  Settings settings_;
  std::unique_ptr<identity::Matcher> matcher_;
  boost::asio::thread_pool pool_{1};   ///< stores block; io threads must not
};

}  // namespace fhirapi
