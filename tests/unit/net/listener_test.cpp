#include <boost/test/unit_test.hpp>
#include <net/listener.hpp>
#include <net/tcp.hpp>
#include <sys/resource.h>
#include <unistd.h>
#include <unit/net/await.hpp>

#include <fcntl.h>

using namespace std::chrono_literals;
using core::ErrorCode;
using Stream = std::shared_ptr<net::ByteStream>;

namespace {

net::Awaitable<void> echo(Stream stream) {
  std::string buffer(1'000, '\0');
  for (;;) {
    auto n = co_await stream->read_some(buffer, net::kNoDeadline);
    if (!n || *n == 0) co_return;
    auto written = co_await stream->write_all(std::string_view(buffer).substr(0, *n), 10s);
    if (!written) co_return;
  }
}

net::Awaitable<std::string> ask(Stream stream, std::string question) {
  auto written = co_await stream->write_all(question, 10s);
  if (!written) co_return "cannot write";
  std::string buffer(1'000, '\0');
  auto n = co_await stream->read_some(buffer, 30s);
  if (!n) co_return "cannot read";
  co_return buffer.substr(0, *n);
}

struct Fixture {
  Fixture() { runtime.start(); }
  ~Fixture() {
    listener.reset();
    runtime.stop();
  }
  core::Status open(net::ListenOptions options, net::Serve serve = echo) {
    options.name = "test";
    auto opened = net::Listener::open(runtime, metrics, std::move(options), std::move(serve));
    if (!opened) return core::fail(opened.error());
    listener = std::move(*opened);
    return {};
  }
  Stream connect() {
    auto stream = test::await(runtime, net::connect_tcp("127.0.0.1", listener->port(), 10s));
    BOOST_REQUIRE(stream);
    return *stream;
  }
  double refused(const char* reason) {
    return metrics.counter("chartwire_net_refused_total", "Connections closed at once",
                           {{"listener", "test"}, {"reason", reason}}).value();
  }

  core::Metrics metrics;
  net::Runtime runtime{2, &metrics};
  std::unique_ptr<net::Listener> listener;
};

/// Below it all are in use: as a limit it leaves none.
int lowest_free_descriptor() {
  int fd = 0;
  while (::fcntl(fd, F_GETFD) != -1) ++fd;
  return fd;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(listener, Fixture)

BOOST_AUTO_TEST_CASE(serves_many_connections_on_its_own_port) {
  BOOST_REQUIRE(open({}));
  BOOST_TEST(listener->port() != 0);
  listener->start();
  std::vector<Stream> streams;
  for (int i = 0; i < 50; ++i) streams.push_back(connect());
  for (const Stream& stream : streams) BOOST_TEST(test::await(runtime, ask(stream, "hi")) == "hi");
  BOOST_TEST(listener->connections() == 50);
  for (const Stream& stream : streams) {
    runtime.post(stream->executor(), [stream] { stream->close(); });
  }
  BOOST_TEST(test::eventually([&] { return listener->connections() == 0; }));
}

BOOST_AUTO_TEST_CASE(off_loopback_only_with_permission) {
  const auto refused = open({.bind = "0.0.0.0"});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::kRefusedByPolicy));
  BOOST_TEST(open({.bind = "0.0.0.0", .peers = {"127.0.0.1"}, .off_loopback = true}).has_value());
}

BOOST_AUTO_TEST_CASE(a_port_in_use_and_a_bad_address_are_clear_errors) {
  BOOST_REQUIRE(open({}));
  core::Metrics other;
  const auto second = net::Listener::open(runtime, other, {.port = listener->port()}, echo);
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().code == ErrorCode::kIo));
  BOOST_TEST(second.error().where == "127.0.0.1:" + std::to_string(listener->port()));
  const auto bad = net::Listener::open(runtime, other, {.bind = "here"}, echo);
  BOOST_REQUIRE(!bad);
  BOOST_TEST((bad.error().code == ErrorCode::kBadConfig));
  const auto peers = net::Listener::open(runtime, other, {.peers = {"10.0.0.1/8"}}, echo);
  BOOST_REQUIRE(!peers);
  BOOST_TEST((peers.error().code == ErrorCode::kBadConfig));
}

BOOST_AUTO_TEST_CASE(peers_not_listed_are_closed_and_remembered) {
  BOOST_REQUIRE(open({.peers = {"10.9.8.7"}}));
  listener->start();
  const auto stream = connect();
  BOOST_TEST(test::await(runtime, ask(stream, "hi")) != "hi");
  BOOST_TEST(test::eventually([&] { return refused("peer") == 1; }));
  BOOST_TEST(listener->refused_peers().at("127.0.0.1") == 1);
}

BOOST_AUTO_TEST_CASE(one_connection_too_many_is_closed_and_room_is_reused) {
  BOOST_REQUIRE(open({.connections_max = 2}));
  listener->start();
  const auto first = connect(), second = connect();
  BOOST_TEST(test::await(runtime, ask(first, "1")) == "1");
  BOOST_TEST(test::await(runtime, ask(second, "2")) == "2");
  const auto third = connect();
  BOOST_TEST(test::await(runtime, ask(third, "3")) != "3");
  BOOST_TEST(refused("limit") == 1);
  runtime.post(first->executor(), [first] { first->close(); });
  BOOST_TEST(test::eventually([&] { return listener->connections() == 1; }));
  const auto fourth = connect();
  BOOST_TEST(test::await(runtime, ask(fourth, "4")) == "4");
}

BOOST_AUTO_TEST_CASE(out_of_descriptors_accepting_pauses_and_recovers) {
  BOOST_REQUIRE(open({}));
  const auto stream = connect();   // waits in the backlog: nobody accepts yet
  auto& pauses = metrics.counter("chartwire_net_accept_pauses_total",
                                 "Times accepting paused for want of descriptors or memory",
                                 {{"listener", "test"}});
  pauses.add(0);
  BOOST_TEST(pauses.value() == 0);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest_free_descriptor());
  // No checks in between: the sanitizer's own look at a type needs descriptors.
  setrlimit(RLIMIT_NOFILE, &tight);
  listener->start();
  const bool paused = test::eventually([&] { return pauses.value() >= 1; });
  setrlimit(RLIMIT_NOFILE, &before);
  BOOST_TEST(paused);
  BOOST_TEST(test::await(runtime, ask(stream, "back")) == "back");
}

BOOST_AUTO_TEST_CASE(stop_ends_the_input_and_lets_answers_out) {
  std::atomic<bool> answer{false};
  std::atomic<bool> ended{false};
  std::atomic<bool> answered{false};
  BOOST_REQUIRE(open({}, [&](Stream stream) -> net::Awaitable<void> {
    std::string buffer(100, '\0');
    for (;;) {
      auto n = co_await stream->read_some(buffer, net::kNoDeadline);
      if (!n || *n == 0) break;
    }
    ended = true;
    while (!answer) co_await net::sleep_for(1ms);
    auto written = co_await stream->write_all("answer", 10s);
    answered = written.has_value();
  }));
  listener->start();
  const auto stream = connect();
  BOOST_TEST(test::eventually([&] { return listener->connections() == 1; }));
  std::size_t closed = 99;
  std::thread stopping([&] { closed = listener->stop(test::kPatience); });
  BOOST_TEST(test::eventually([&] { return ended.load(); }));
  answer = true;
  stopping.join();
  BOOST_TEST(closed == 0);
  BOOST_TEST(answered);
  std::string answer_text(100, '\0');
  auto reading = [](Stream from, std::string& into) -> net::Awaitable<std::size_t> {
    auto n = co_await from->read_some(into, 30s);
    co_return n.value_or(0);
  };
  answer_text.resize(test::await(runtime, reading(stream, answer_text)));
  BOOST_TEST(answer_text == "answer");
}

BOOST_AUTO_TEST_CASE(stop_closes_what_outlasts_its_grace) {
  BOOST_REQUIRE(open({}, [](Stream stream) -> net::Awaitable<void> {
    while (!stream->closed()) co_await net::sleep_for(1ms);
  }));
  listener->start();
  const auto a = connect(), b = connect();
  BOOST_TEST(test::eventually([&] { return listener->connections() == 2; }));
  BOOST_TEST(listener->stop(10ms) == 2);
  BOOST_TEST(listener->connections() == 0);
}

BOOST_AUTO_TEST_CASE(a_task_that_throws_is_counted_and_harms_nobody) {
  BOOST_REQUIRE(open({}, [](Stream stream) -> net::Awaitable<void> {
    std::string buffer(10, '\0');
    auto n = co_await stream->read_some(buffer, 30s);
    if (n && buffer[0] == '!') throw std::runtime_error("boom");
    auto written = co_await stream->write_all("fine", 10s);
  }));
  listener->start();
  BOOST_TEST(test::await(runtime, ask(connect(), "!")) == "");
  BOOST_TEST(test::eventually([&] { return runtime.failures() == 1; }));
  BOOST_TEST(test::await(runtime, ask(connect(), "?")) == "fine");
}

BOOST_AUTO_TEST_SUITE_END()
