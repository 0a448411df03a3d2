#include <unit/mllp/server_fixture.hpp>

#include <thread>

using namespace std::chrono_literals;
using test::message;
using Codes = std::vector<std::string>;

namespace {

std::string framed(const std::string& content) { return "\x0B" + content + "\x1C\x0D"; }
std::string pipelined(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += framed(message(std::to_string(i)));
  return bytes;
}
Codes positive(int count) {
  Codes out;
  for (int i = 0; i < count; ++i) out.push_back("AA:" + std::to_string(i));
  return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mllp_server, test::ServerFixture)

BOOST_AUTO_TEST_CASE(hands_in_feed_peer_bytes_and_form) {
  serve();
  const std::string xml = framed("<?xml version=\"1.0\"?><ADT_A01/>");
  BOOST_TEST(exchange(framed(message("1")) + xml).size() == 2);
  const auto got = handler.inbounds();
  BOOST_REQUIRE(got.size() == 2);
  BOOST_TEST(got[0].feed.value() == "hospital");
  BOOST_TEST(got[0].peer.starts_with("127.0.0.1:"));
  BOOST_TEST(got[0].bytes == message("1"));
  BOOST_TEST(!got[0].xml);
  BOOST_TEST(got[1].xml);
}

BOOST_AUTO_TEST_CASE(replies_keep_the_order_of_the_frames) {
  serve();
  handler.hold();
  test::RawPeer peer(port());
  peer.send(pipelined(30));
  BOOST_TEST(test::eventually([&] { return handler.received() == 30; }));
  std::thread other([&] { handler.release(); });   // the last first, from a thread of its own
  BOOST_TEST((codes(peer.frames(30)) == positive(30)));
  other.join();
}

BOOST_AUTO_TEST_CASE(a_full_window_stops_reading_and_loses_nothing) {
  mllp::ServerOptions options;
  options.window_frames_max = 5;
  serve(options);
  handler.hold();
  test::RawPeer peer(port());
  std::thread sender([&] { peer.send(pipelined(2'000)); });
  BOOST_TEST(test::eventually([&] { return handler.received() == 5; }));
  std::this_thread::sleep_for(100ms);
  BOOST_TEST(handler.received() == 5);
  handler.release();
  BOOST_TEST((codes(peer.frames(2'000)) == positive(2'000)));
  sender.join();
}

BOOST_AUTO_TEST_CASE(the_window_also_counts_bytes) {
  mllp::ServerOptions options;
  options.window_bytes_max = 3 * message("0").size();
  serve(options);
  handler.hold();
  test::RawPeer peer(port());
  peer.send(pipelined(10));
  BOOST_TEST(test::eventually([&] { return handler.received() == 3; }));
  std::this_thread::sleep_for(50ms);
  BOOST_TEST(handler.received() == 3);
  handler.release();
  BOOST_TEST((codes(peer.frames(10)) == positive(10)));
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_reads_is_bounded_and_closed) {
  mllp::ServerOptions options;
  options.write_deadline = 200ms;
  serve(options);
  handler.change = [](pipeline::Reply& reply) { reply.messages[0].append(200'000, 'x'); };
  test::RawPeer peer(port(), 4'096);
  const std::string one = framed(message("1"));
  const bool done = test::eventually([&] {
    peer.send_some(one);
    return closed("write-timeout") == 1;
  });
  BOOST_TEST(done, "not closed by its deadline; " << server->listener().connections()
                       << " open, " << handler.received() << " taken in, " << metrics.render());
  BOOST_TEST(undelivered() > 0);
  // What was taken in is what the socket's buffers and one window of replies hold, no more.
  BOOST_TEST(handler.received() < 500);
  handler.change = nullptr;
  check_good_message_is_served();
}

BOOST_AUTO_TEST_CASE(two_hundred_connections) {
  serve();
  std::vector<std::unique_ptr<test::RawPeer>> peers;
  for (int i = 0; i < 200; ++i) peers.push_back(std::make_unique<test::RawPeer>(port()));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 200; ++i) peers[i]->send(framed(message(std::to_string(i))));
    for (std::size_t i = 0; i < 200; ++i) {
      BOOST_REQUIRE((codes(peers[i]->frames(1)) == Codes{"AA:" + std::to_string(i)}));
    }
  }
  BOOST_TEST(handler.received() == 600);
  BOOST_TEST(server->listener().connections() == 200);
}

BOOST_AUTO_TEST_CASE(release_2_commits_before_it_replies) {
  mllp::ServerOptions options;
  options.frames.commit_blocks = true;
  serve(options);
  test::RawPeer peer(port());
  peer.send(framed(message("1")) + framed("garbage") + "\x0B\x06\x1C\x0D" + framed(message("2")));
  const auto got = peer.frames(6);
  BOOST_REQUIRE(got.size() == 6);
  BOOST_TEST(got[0] == "\x06");
  BOOST_TEST(test::code_and_id(got[1]) == "AA:1");
  BOOST_TEST(got[2] == "\x15");
  BOOST_TEST(test::code_and_id(got[3]) == "AR:");
  BOOST_TEST(got[4] == "\x06");
  BOOST_TEST(test::code_and_id(got[5]) == "AA:2");
  BOOST_TEST(handler.received() == 3);   // the peer's own 06 is no message
}

BOOST_AUTO_TEST_CASE(none_or_several_messages_per_reply) {
  handler.change = [](pipeline::Reply& reply) {
    const std::string id = test::code_and_id(reply.messages[0]).substr(3);
    if (id == "0") reply.messages.clear();
    if (id == "1") reply.messages = {test::ack("CA", "1"), test::ack("AA", "1")};
  };
  serve();
  BOOST_TEST((exchange(pipelined(3)) == Codes{"CA:1", "AA:1", "AA:2"}));
}

BOOST_AUTO_TEST_CASE(a_reply_can_close_the_connection) {
  handler.change = [](pipeline::Reply& reply) {
    reply.close_after = test::code_and_id(reply.messages[0]) == "AA:1";
  };
  serve();
  BOOST_TEST((exchange(pipelined(3), false) == positive(2)));
  BOOST_TEST(test::eventually([&] { return closed("handler") == 1; }));
  check_good_message_is_served();
}

BOOST_AUTO_TEST_CASE(idle_connections_end_but_not_while_an_answer_is_due) {
  mllp::ServerOptions options;
  options.idle_deadline = 50ms;
  serve(options);
  handler.hold();
  test::RawPeer peer(port());
  peer.send(framed(message("1")));
  BOOST_TEST(test::eventually([&] { return handler.received() == 1; }));
  std::this_thread::sleep_for(300ms);
  BOOST_TEST(closed("idle") == 0);
  handler.release();
  BOOST_TEST((codes(peer.all_frames()) == Codes{"AA:1"}));
  BOOST_TEST(test::eventually([&] { return closed("idle") == 1; }));
}

BOOST_AUTO_TEST_CASE(blank_junk_after_a_frame_is_no_frame_in_progress) {
  mllp::ServerOptions options;
  options.frame_deadline = 20ms;
  serve(options);
  test::RawPeer peer(port());
  peer.send(framed(message("1")) + "\r\n");
  BOOST_TEST((codes(peer.frames(1)) == Codes{"AA:1"}));
  std::this_thread::sleep_for(200ms);
  peer.send(framed(message("2")));
  BOOST_TEST((codes(peer.frames(1)) == Codes{"AA:2"}));
}

BOOST_AUTO_TEST_CASE(a_frame_cut_off_is_dropped) {
  serve();
  for (const bool reset : {false, true}) {
    test::RawPeer peer(port());
    peer.send("\x0B" + message("1"));
    // A connection that is reset before it is accepted was never one.
    BOOST_TEST(test::eventually([&] { return server->listener().connections() == 1; }));
    if (reset) {
      peer.reset();
    } else {
      peer.close();
    }
    BOOST_TEST(test::eventually([&] { return server->listener().connections() == 0; }));
  }
  BOOST_TEST(test::eventually([&] { return closed("peer-closed") + closed("reset") == 2; }));
  BOOST_TEST(handler.received() == 0);
  BOOST_TEST(handler.faults().empty());
  check_good_message_is_served();
}

BOOST_AUTO_TEST_CASE(an_answer_nobody_takes_is_counted) {
  serve();
  handler.hold();
  test::RawPeer peer(port());
  peer.send(framed(message("1")));
  BOOST_TEST(test::eventually([&] { return handler.received() == 1; }));
  peer.reset();
  BOOST_TEST(test::eventually([&] {
    handler.release();   // the reset may take a moment to arrive
    return closed("reset") == 1;
  }));
  BOOST_TEST(test::eventually([&] { return undelivered() == 1; }));
  check_good_message_is_served();
}

BOOST_AUTO_TEST_CASE(stopping_answers_what_was_handed_in) {
  serve();
  handler.hold();
  test::RawPeer busy(port()), idle(port());
  busy.send(pipelined(3) + "\x0B" + "MSH|half");
  BOOST_TEST(test::eventually([&] { return handler.received() == 3; }));
  std::size_t left = 99;
  std::thread stopping([&] { left = server->stop(60s); });
  BOOST_TEST(idle.all_frames().empty());
  handler.release();
  BOOST_TEST((codes(busy.all_frames()) == positive(3)));
  stopping.join();
  BOOST_TEST(left == 0);
  BOOST_TEST(closed("drain") == 2);
}

BOOST_AUTO_TEST_CASE(stopping_does_not_wait_for_an_answer_that_never_comes) {
  serve();
  handler.hold();
  test::RawPeer peer(port());
  peer.send(pipelined(1));
  BOOST_TEST(test::eventually([&] { return handler.received() == 1; }));
  BOOST_TEST(server->stop(20ms) == 1);
  handler.release();
  BOOST_TEST(undelivered() == 1);
}

BOOST_AUTO_TEST_CASE(large_frames_wait_for_memory) {
  mllp::ServerOptions options;
  options.large_frames_bytes_max = 1'500'000;
  serve(options);
  handler.hold();
  const std::string big = message("1") + std::string(1'000'000, 'x');
  test::RawPeer first(port()), second(port());
  first.send(framed(big));
  BOOST_TEST(test::eventually([&] { return handler.received() == 1; }));
  std::thread sender([&] { second.send(framed(big)); });
  std::this_thread::sleep_for(100ms);
  BOOST_TEST(handler.received() == 1);
  test::RawPeer small(port());
  small.send(framed(message("small")));
  BOOST_TEST(test::eventually([&] { return handler.received() == 2; }));
  handler.release();
  BOOST_TEST((codes(first.frames(1)) == Codes{"AA:1"}));
  BOOST_TEST((codes(second.frames(1)) == Codes{"AA:1"}));
  sender.join();
}

BOOST_AUTO_TEST_SUITE_END()
