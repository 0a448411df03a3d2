#pragma once
#include <him/audit.hpp>
#include <him/letters.hpp>
#include <him/providers.hpp>
#include <him/review.hpp>
#include <net/http_router.hpp>
#include <net/offload.hpp>
#include <pipeline/engine.hpp>
#include <store/records.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace admin {

/// Routes of the medical-records department, and of a simulated store's clock:
///   POST /api/v1/him/commands                    an order of him/command.hpp
///   GET  /api/v1/him/letters?unsent=true         without their text
///   GET  /api/v1/him/letters/{number}?format=text|html
///   GET  /api/v1/him/jeopardy?now=T
///   GET  /api/v1/him/rate?month=T&months=3
///   GET  /api/v1/him/chains/{visit}?now=T
///   GET  /api/v1/him/audit/{visit}?now=T&all=true    every applicable rule: pass, open, exempt...
///   GET  /api/v1/him/review?quarter=2026Q3           (or from=, to=) the files of the period
///   GET  /api/v1/him/review/coverage?quarter=2026Q3
///   GET  /api/v1/him/review/plans
///   GET  /api/v1/him/providers                       doctors with more than one id
///   GET  /api/v1/clock      POST /api/v1/clock   {"now": T}; 409 on the system clock
/// Thread: any; the engine outlives it. Reads use a connection of their own, one at a time.
class HimApi {
 public:
  /// Moves a simulated clock; empty: the system's, which nobody moves.
  using Advance = std::function<core::Result<core::Instant>(core::Instant)>;

  HimApi(pipeline::Engine& engine, std::shared_ptr<const pipeline::Knowledge> knowledge,
         const core::Clock& clock, std::unique_ptr<store::Records> reader, him::Site site,
         Advance advance);
  void add_routes(net::HttpRouter& router);

 private:
  net::HttpResponse command(const net::HttpRequest& request);
  net::HttpResponse letters(const net::HttpRequest& request);
  net::HttpResponse letter(const net::HttpRequest& request);
  net::HttpResponse jeopardy(const net::HttpRequest& request);
  net::HttpResponse rate(const net::HttpRequest& request);
  net::HttpResponse chains(const net::HttpRequest& request);
  net::HttpResponse audit(const net::HttpRequest& request);
  net::HttpResponse review(const net::HttpRequest& request);
  net::HttpResponse coverage(const net::HttpRequest& request);
  net::HttpResponse plans();
  net::HttpResponse providers();
  core::Result<him::ReviewPeriod> period_of(const net::HttpRequest& request) const;
  net::HttpResponse clock();
  net::HttpResponse move_clock(const net::HttpRequest& request);
  core::Result<core::Instant> time_of(const net::HttpRequest& request, std::string_view name);

  pipeline::Engine& engine_;
  std::shared_ptr<const pipeline::Knowledge> knowledge_;
  const core::Clock& clock_;
  him::Site site_;
  Advance advance_;
  std::mutex mutex_;
  std::unique_ptr<store::Records> reader_;
  boost::asio::thread_pool pool_{1};   ///< stores block; io threads must not
};

// The JSON objects of these routes, one each, as `chartwire him ... --json` prints them.
std::string letter_json(const him::LetterRecord& letter, bool with_text);
std::string jeopardy_json(const him::Jeopardy& entry);
std::string rate_json(const him::Rate& rate);
std::string chain_json(const him::Chain& chain);
std::string audit_line_json(const him::AuditLine& line);
std::string review_file_json(const him::ReviewFile& file);
std::string review_plan_json(const him::ReviewPlan& plan);
std::string provider_json(const him::Provider& provider);
std::string coverage_json(const him::ReviewCoverage& coverage);

}  // namespace admin
