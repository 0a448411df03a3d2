#pragma once
#include <boost/test/unit_test.hpp>
#include <core/metrics.hpp>
#include <mllp/server.hpp>
#include <net/runtime.hpp>
#include <unit/mllp/fake_handler.hpp>
#include <unit/mllp/printing.hpp>
#include <unit/mllp/raw_peer.hpp>
#include <unit/net/await.hpp>

#include <memory>
#include <string>
#include <vector>

namespace test {

/// An MLLP server on a free loopback port in front of a FakeHandler.
struct ServerFixture {
  ServerFixture() { runtime.start(); }
  ~ServerFixture() {
    handler.release();
    server.reset();
    runtime.stop();
  }
  void serve(mllp::ServerOptions options = {}, net::ListenOptions listen = {}) {
    options.feed = core::FeedName{"hospital"};
    listen.name = "adt";
    auto opened = mllp::Server::open(runtime, metrics, listen, options, handler);
    BOOST_REQUIRE(opened);
    server = std::move(*opened);
    server->start();
  }
  std::uint16_t port() const { return server->port(); }

  /// Sends, ends the own side and reads replies until the server ends too. ["AA:1", "AR:"]
  std::vector<std::string> exchange(const std::string& bytes, bool end_output = true) {
    RawPeer peer(port());
    peer.send(bytes);
    if (end_output) peer.end_output();
    return codes(peer.all_frames());
  }
  static std::vector<std::string> codes(const std::vector<std::string>& replies) {
    std::vector<std::string> out;
    for (const std::string& reply : replies) out.push_back(code_and_id(reply));
    return out;
  }
  void check_good_message_is_served() {
    const std::string id = "good" + std::to_string(++good_);
    const auto replies = exchange("\x0B" + message(id) + "\x1C\x0D");
    BOOST_REQUIRE(replies.size() == 1);
    BOOST_TEST(replies[0] == "AA:" + id);
  }
  double closed(const std::string& reason) {
    return metrics.counter("chartwire_mllp_closed_total", "Connections ended, by reason",
                           {{"listener", "adt"}, {"reason", reason}}).value();
  }
  double anomaly(const std::string& kind) {
    return metrics.counter("chartwire_mllp_anomalies_total", "Framing oddities, by kind",
                           {{"listener", "adt"}, {"kind", kind}}).value();
  }
  double undelivered() {
    return metrics.counter("chartwire_mllp_ack_undelivered_total",
                           "Messages answered whose answer could not be written",
                           {{"listener", "adt"}}).value();
  }

  core::Metrics metrics;
  net::Runtime runtime{2, &metrics};
  FakeHandler handler;
  std::unique_ptr<mllp::Server> server;
  int good_ = 0;
};

}  // namespace test
