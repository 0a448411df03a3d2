#pragma once
#include <identity/mpi.hpp>
#include <identity/unmerge.hpp>
#include <net/http_router.hpp>
#include <net/offload.hpp>
#include <pipeline/engine.hpp>
#include <store/records.hpp>

#include <memory>
#include <mutex>
#include <string>

namespace admin {

/// Routes of the master patient index beyond the pairs of its queue (admin/api.hpp):
///   GET  /api/v1/mpi/rates
///   GET  /api/v1/mpi/unmerges
///   POST /api/v1/mpi/unmerges                        {"patient", "by", "reason"}
///   GET  /api/v1/mpi/unmerges/{sequence}             with the resources left in doubt
///   GET  /api/v1/mpi/unmerges/{sequence}/messages    repair messages, ER7 one after the other
///   POST /api/v1/mpi/unmerges/{sequence}/items/{type}/{id}   {"by"[, "to": Patient id]}
/// Thread: any; the engine outlives it. Reads use a connection of their own, one at a time.
class MpiApi {
 public:
  MpiApi(pipeline::Engine& engine, std::unique_ptr<store::Records> reader);
  void add_routes(net::HttpRouter& router);

 private:
  net::HttpResponse rates();
  net::HttpResponse unmerges();
  net::HttpResponse unmerge(const net::HttpRequest& request);
  net::HttpResponse show(const net::HttpRequest& request);
  net::HttpResponse messages(const net::HttpRequest& request);
  net::HttpResponse settle(const net::HttpRequest& request);

  pipeline::Engine& engine_;
  std::mutex mutex_;
  std::unique_ptr<store::Records> reader_;
  boost::asio::thread_pool pool_{1};   ///< stores block; io threads must not
};

// JSON objects, one each, as `chartwire mpi ... --json` prints them.
std::string unmerge_json(const identity::UnmergeRecord& record);
std::string unmerge_item_json(const identity::UnmergeItem& item);
/// Rates with their numerators and denominator; `overlays`: open questions of the overlay guard.
std::string rates_json(const identity::Rates& rates, std::uint64_t overlays);

}  // namespace admin
