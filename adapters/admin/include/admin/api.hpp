#pragma once
#include <identity/mpi.hpp>
#include <net/http_router.hpp>
#include <net/offload.hpp>
#include <pipeline/engine.hpp>
#include <store/records.hpp>

#include <memory>
#include <mutex>

namespace admin {

/// Routes of `/api/v1`. Until accounts exist the listener is bound to loopback only. Answers name
/// sequences, control ids, feeds and resource ids; message bodies are not served here.
///   GET  /api/v1/status
///   GET  /api/v1/messages?failed=true&before=N&limit=N
///   GET  /api/v1/messages/{sequence}
///   POST /api/v1/messages/{sequence}/replay
///   GET  /api/v1/queues/{destination}?after=ROW&limit=N
///   POST /api/v1/queues/{destination}/{sequence}/{part}/retry | skip   {"reason": "..."}
///   GET  /api/v1/mpi/pairs?all=true&limit=N
///   POST /api/v1/mpi/pairs/{patient}/{other}/link | unlink | not-the-same | later   {"by": "..."}
///   POST /api/v1/mpi/pairs/{patient}/{other}/merge   {"by": "...", "survivor": Patient id}: the
///        first proposes, a second person approves; 403 for one's own proposal
///   GET  /api/v1/mapping/unmapped?feed=            codes no vocabulary knew since the start
///   GET  /api/v1/deficiencies?rule=&mrn=&visit=&patient=&owner=&service=&unit=&older_than=30d
///        &open=true&now=T&format=csv
/// Thread: any; the engine outlives it. Reads use a connection of their own, one at a time.
class Api {
 public:
  Api(pipeline::Engine& engine, std::shared_ptr<const pipeline::Knowledge> knowledge,
      const core::Clock& clock, std::unique_ptr<store::Records> reader);
  void add_routes(net::HttpRouter& router);

 private:
  net::HttpResponse status();
  net::HttpResponse messages(const net::HttpRequest& request);
  net::HttpResponse message(const net::HttpRequest& request);
  net::HttpResponse replay(const net::HttpRequest& request);
  net::HttpResponse queue(const net::HttpRequest& request);
  net::HttpResponse decide(const net::HttpRequest& request, const std::string& state);
  net::HttpResponse deficiencies(const net::HttpRequest& request);
  net::HttpResponse unmapped(const net::HttpRequest& request);
  net::HttpResponse pairs(const net::HttpRequest& request);
  net::HttpResponse decide_pair(const net::HttpRequest& request);

  pipeline::Engine& engine_;
  std::shared_ptr<const pipeline::Knowledge> knowledge_;
  const core::Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<store::Records> reader_;
  boost::asio::thread_pool pool_{1};   ///< stores block; io threads must not
};

/// The JSON object of a deficiency, as `him deficiencies --json` prints it: rule, patient, mrn,
/// visit, lacking, owner, owner_id, service, unit, state, severity, source, opened, due, closed,
/// opened_by, closed_by.
std::string deficiency_json(const him::Deficiency& deficiency);

/// A worklist as a spreadsheet reads it (RFC 4180): a line of names, then one for each deficiency,
/// each ended by CR LF; times in UTC, the age in whole days at `now` or when it was closed.
std::string deficiencies_csv(const std::vector<him::Deficiency>& found, core::Instant now);

/// The JSON object of a code that no vocabulary knew: feed, vocab, code, count, first and last (ids
/// of messages), first_seen, last_seen (null where no journal says).
std::string unmapped_json(const mapping::Unmapped& unmapped);

/// The JSON object of a pair of Patients that may be one person: patient, other, state, weight,
/// guards, match (as `mpi search --json` prints it), sequence, found, decided_by, proposed_by,
/// survivor.
std::string pair_json(const identity::Pair& pair);

}  // namespace admin
