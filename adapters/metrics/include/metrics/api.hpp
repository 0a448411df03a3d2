#pragma once
#include <core/metrics.hpp>
#include <core/result.hpp>
#include <net/http_router.hpp>
#include <net/offload.hpp>

#include <functional>
#include <string>
#include <vector>

namespace metrics {

/// One condition of being ready. `run` gives the reason when it does not hold; the detail is shown
/// to whoever may reach the listener, so it holds no patient data. It may block (it runs on a
/// thread of the Api's own) but should answer within a second: probes time out.
struct Check {
  std::string name;   ///< "journal", "records", "disk"
  std::function<core::Status()> run;
};

/// Routes:
///   GET /metrics          Prometheus text exposition format 0.0.4
///   GET /livez            200 "ok" while the process serves requests at all
///   GET /readyz           200 "ok", or 503 when a check fails
///   GET /readyz?verbose   one line a check: "[+]journal ok", "[-]disk failed: disk-full: ..."
/// Thread: any. `registry` outlives it, and it outlives the router's use.
class Api {
 public:
  Api(const core::Metrics& registry, std::vector<Check> checks);
  ~Api();
  void add_routes(net::HttpRouter& router);

  /// Each answers on the calling thread (add_routes() has them called on the pool).
  net::HttpResponse metrics() const;
  net::HttpResponse ready(bool verbose) const;

 private:
  const core::Metrics& registry_;
  const std::vector<Check> checks_;
  boost::asio::thread_pool pool_{1};   ///< a scrape or a check may block; io threads must not
};

}  // namespace metrics
