#include <boost/test/unit_test.hpp>
#include <net/listener.hpp>
#include <net/memory_stream.hpp>
#include <net/tcp.hpp>
#include <unit/net/await.hpp>

#include <future>

using namespace std::chrono_literals;
using core::ErrorCode;
using StreamPair = std::pair<std::shared_ptr<net::ByteStream>, std::shared_ptr<net::ByteStream>>;

namespace {

/// Both ends of a connection, over TCP or in memory; every test below holds for either.
struct Ends {
  explicit Ends(bool tcp) {
    runtime.start();
    if (!tcp) {
      auto pair = net::memory_stream_pair(runtime.executor(), 16 * 1024);
      client = pair.first;
      server = pair.second;
      return;
    }
    net::ListenOptions options;
    options.name = "ends";
    auto opened = net::Listener::open(runtime, metrics, options, [this](auto stream) {
      return hold(std::move(stream));
    });
    listener = std::move(*opened);
    listener->start();
    auto connected = test::await(runtime, net::connect_tcp("127.0.0.1", listener->port(), 10s));
    client = *connected;
    server = accepted.get_future().get();
  }
  ~Ends() {
    release = true;
    if (listener) listener->stop(0ms);
    runtime.stop();
  }
  net::Awaitable<void> hold(std::shared_ptr<net::ByteStream> stream) {
    accepted.set_value(stream);
    while (!release && !stream->closed()) co_await net::sleep_for(2ms);
  }

  core::Metrics metrics;
  net::Runtime runtime{1};
  std::unique_ptr<net::Listener> listener;
  std::promise<std::shared_ptr<net::ByteStream>> accepted;
  std::atomic<bool> release{false};
  std::shared_ptr<net::ByteStream> client, server;
};

net::Awaitable<core::Result<std::string>> read_all(std::shared_ptr<net::ByteStream> stream) {
  std::string out;
  std::string buffer(7'777, '\0');
  for (;;) {
    auto n = co_await stream->read_some(buffer, 30s);
    if (!n) co_return core::fail(n.error());
    if (*n == 0) co_return out;
    out.append(buffer, 0, *n);
  }
}

net::Awaitable<core::Status> write_and_close(std::shared_ptr<net::ByteStream> stream,
                                             std::string bytes) {
  auto written = co_await stream->write_all(bytes, 30s);
  stream->close();
  co_return written;
}

net::Awaitable<core::Result<std::size_t>> read_one(std::shared_ptr<net::ByteStream> stream,
                                                   std::chrono::milliseconds deadline) {
  std::string buffer(100, '\0');
  auto n = co_await stream->read_some(buffer, deadline);
  co_return n;
}

net::Awaitable<core::Status> write_one(std::shared_ptr<net::ByteStream> stream, std::string bytes,
                                       std::chrono::milliseconds deadline) {
  auto written = co_await stream->write_all(bytes, deadline);
  co_return written;
}

constexpr bool kBoth[] = {false, true};

}  // namespace

BOOST_AUTO_TEST_SUITE(byte_stream)

BOOST_AUTO_TEST_CASE(megabytes_arrive_whole_though_the_pipe_is_narrow) {
  for (const bool tcp : kBoth) {
    Ends ends(tcp);
    std::string sent;
    for (int i = 0; sent.size() < 5'000'000; ++i) sent += std::to_string(i);
    auto writing = boost::asio::co_spawn(ends.runtime.executor(),
                                         write_and_close(ends.client, sent),
                                         boost::asio::use_future);
    const auto got = test::await(ends.runtime, read_all(ends.server));
    BOOST_TEST(writing.get().has_value());
    BOOST_REQUIRE(got);
    BOOST_TEST((*got == sent));
  }
}

BOOST_AUTO_TEST_CASE(a_passed_deadline_is_a_timeout_and_closes) {
  for (const bool tcp : kBoth) {
    Ends ends(tcp);
    const auto got = test::await(ends.runtime, read_one(ends.server, 20ms));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == ErrorCode::kTimeout));
    BOOST_TEST(ends.server->closed());
    const auto other = test::await(ends.runtime, read_all(ends.client));
    BOOST_TEST((!other || other->empty()));
  }
}

BOOST_AUTO_TEST_CASE(a_reader_that_never_reads_ends_the_writer_by_deadline) {
  for (const bool tcp : kBoth) {
    Ends ends(tcp);
    const auto written =
        test::await(ends.runtime, write_one(ends.client, std::string(64'000'000, 'x'), 50ms));
    BOOST_REQUIRE(!written);
    BOOST_TEST((written.error().code == ErrorCode::kTimeout));
  }
}

BOOST_AUTO_TEST_CASE(ended_input_wakes_the_reader_and_leaves_writing_alone) {
  for (const bool tcp : kBoth) {
    Ends ends(tcp);
    auto reading = boost::asio::co_spawn(ends.runtime.executor(), read_one(ends.server, 30s),
                                         boost::asio::use_future);
    ends.runtime.post(ends.server->executor(), [&] { ends.server->end_input(); });
    const auto got = reading.get();
    BOOST_REQUIRE(got);
    BOOST_TEST(*got == 0);
    BOOST_TEST(test::await(ends.runtime, write_and_close(ends.server, "late")).has_value());
    const auto answer = test::await(ends.runtime, read_all(ends.client));
    BOOST_REQUIRE(answer);
    BOOST_TEST(*answer == "late");
  }
}

BOOST_AUTO_TEST_CASE(no_deadline_waits_until_bytes_come) {
  for (const bool tcp : kBoth) {
    Ends ends(tcp);
    auto reading = boost::asio::co_spawn(ends.runtime.executor(),
                                         read_one(ends.server, net::kNoDeadline),
                                         boost::asio::use_future);
    BOOST_TEST(test::await(ends.runtime, write_one(ends.client, "abc", 10s)).has_value());
    const auto got = reading.get();
    BOOST_REQUIRE(got);
    BOOST_TEST(*got == 3);
  }
}

BOOST_AUTO_TEST_CASE(connecting_to_nobody_is_unreachable) {
  net::Runtime runtime{1};
  runtime.start();
  std::uint16_t port = 0;
  {
    core::Metrics metrics;
    net::ListenOptions options;
    auto closed = net::Listener::open(runtime, metrics, options, nullptr);
    port = (*closed)->port();
  }
  const auto refused = test::await(runtime, net::connect_tcp("localhost", port, 10s));
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::kUnreachable));
  BOOST_TEST(refused.error().where == "localhost:" + std::to_string(port));
  runtime.stop();
}

BOOST_AUTO_TEST_SUITE_END()
