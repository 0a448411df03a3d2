#pragma once
#include <identity/conflict.hpp>
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
///   GET  /api/v1/mpi/conflicts?all=true              messages held by the overlay guard
///   POST /api/v1/mpi/conflicts/{sequence}/accept | reject   {"by"[, "reason"]}
/// Thread: any; the engine outlives it. Reads use a connection of their own, one at a time.
class MpiApi {
 public:
  /// `model` may be nullptr: then the sides of a conflict are not weighed.
  MpiApi(pipeline::Engine& engine, std::unique_ptr<store::Records> reader,
         std::shared_ptr<const identity::Model> model);
  void add_routes(net::HttpRouter& router);

 private:
  net::HttpResponse rates();
  net::HttpResponse unmerges();
  net::HttpResponse unmerge(const net::HttpRequest& request);
  net::HttpResponse show(const net::HttpRequest& request);
  net::HttpResponse messages(const net::HttpRequest& request);
  net::HttpResponse settle(const net::HttpRequest& request);
  net::HttpResponse conflicts(const net::HttpRequest& request);
  net::HttpResponse decide(const net::HttpRequest& request, const std::string& decision);

  pipeline::Engine& engine_;
  std::mutex mutex_;
  std::unique_ptr<store::Records> reader_;
  std::shared_ptr<const identity::Model> model_;
  boost::asio::thread_pool pool_{1};   ///< stores block; io threads must not
};

// JSON objects, one each, as `chartwire mpi ... --json` prints them.
std::string unmerge_json(const identity::UnmergeRecord& record);
std::string unmerge_item_json(const identity::UnmergeItem& item);
/// A held message with both sides: fields [{field, stored, incoming, level, weight}], weight.
std::string conflict_json(const identity::Conflict& conflict, const identity::SideBySide& sides);
/// Rates with their numerators and denominator; `overlays`: open questions of the overlay guard.
std::string rates_json(const identity::Rates& rates, std::uint64_t overlays);

}  // namespace admin
