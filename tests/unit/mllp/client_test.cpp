#include <mllp/client.hpp>
#include <net/event.hpp>
#include <net/memory_stream.hpp>
#include <unit/mllp/server_fixture.hpp>

#include <future>

using namespace std::chrono_literals;
using State = mllp::SendResult::State;
using core::ErrorCode;
using test::message;

namespace {

/// A client over a memory stream whose other end the test plays.
struct ClientFixture : test::ServerFixture {
  void open(mllp::ClientOptions options) {
    const auto executor = runtime.executor(0);
    auto pair = net::memory_stream_pair(executor);
    far = pair.second;
    client = mllp::Client::over(runtime, pair.first, std::move(options));
  }
  std::future<mllp::SendResult> send(const std::string& text) {
    return boost::asio::co_spawn(far->executor(), client->send(text), boost::asio::use_future);
  }
  mllp::SendResult get(std::future<mllp::SendResult>& result) {
    if (result.wait_for(test::kPatience) != std::future_status::ready) {
      throw std::runtime_error("send() does not end");
    }
    return result.get();
  }
  static net::Awaitable<std::string> read_until_frames(std::shared_ptr<net::ByteStream> stream,
                                                       std::string& seen, int frames) {
    std::string buffer(4'096, '\0');
    const auto count = [&seen] {
      int n = 0;
      for (std::size_t at = 0; (at = seen.find("\x1C\x0D", at)) != std::string::npos; ++at) ++n;
      return n;
    };
    while (count() < frames) {
      auto n = co_await stream->read_some(buffer, 30s);
      if (!n || *n == 0) break;
      seen.append(buffer, 0, *n);
    }
    co_return seen;
  }
  /// Everything the client wrote so far, at least that many frames.
  std::string written(int frames) {
    auto future = boost::asio::co_spawn(far->executor(), read_until_frames(far, seen_, frames),
                                        boost::asio::use_future);
    return future.get();
  }
  static net::Awaitable<bool> write(std::shared_ptr<net::ByteStream> stream, std::string bytes) {
    auto written = co_await stream->write_all(bytes, 30s);
    co_return written.has_value();
  }
  void answer(const std::string& bytes) {
    auto future = boost::asio::co_spawn(far->executor(), write(far, bytes),
                                        boost::asio::use_future);
    BOOST_TEST(future.get());
  }
  void answer_ack(const std::string& code, const std::string& id) {
    answer("\x0B" + test::ack(code, id) + "\x1C\x0D");
  }
  mllp::ClientCounters counters() {
    auto ask = [](std::shared_ptr<mllp::Client> c) -> net::Awaitable<mllp::ClientCounters> {
      co_return c->counters();
    };
    return boost::asio::co_spawn(far->executor(), ask(client), boost::asio::use_future).get();
  }

  std::shared_ptr<net::ByteStream> far;
  std::shared_ptr<mllp::Client> client;
  std::string seen_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mllp_client, ClientFixture)

BOOST_AUTO_TEST_CASE(sends_over_tcp_in_order_with_a_window) {
  serve();
  const auto executor = runtime.executor(0);
  auto connecting = boost::asio::co_spawn(
      executor, mllp::Client::connect(runtime, {.port = port(), .window = 8}),
      boost::asio::use_future);
  auto connected = connecting.get();
  BOOST_REQUIRE(connected);
  client = *connected;
  auto all = [](std::shared_ptr<mllp::Client> c, int from) -> net::Awaitable<int> {
    int confirmed = 0;
    for (int i = 0; i < 50; ++i) {
      auto result = co_await c->send(message(std::to_string(from + i)));
      confirmed += result.state == State::kConfirmed && result.code == hl7::AckCode::kAA;
    }
    co_return confirmed;
  };
  std::vector<std::future<int>> senders;
  for (int i = 0; i < 10; ++i) {
    senders.push_back(boost::asio::co_spawn(executor, all(client, i * 1'000),
                                            boost::asio::use_future));
  }
  for (auto& sender : senders) BOOST_TEST(sender.get() == 50);
  BOOST_TEST(handler.received() == 500);
}

BOOST_AUTO_TEST_CASE(refusals_carry_code_and_text) {
  open({});
  auto result = send(message("1"));
  written(1);
  answer("\x0BMSH|^~\\&|C|D|A|B|20260101||ACK|9|P|2.5.1\rMSA|AE|1|no such visit\r\x1C\x0D");
  const auto got = get(result);
  BOOST_TEST((got.state == State::kRefused));
  BOOST_TEST((got.code == hl7::AckCode::kAE));
  BOOST_TEST(got.text == "no such visit");
  BOOST_TEST(client->connected());
}

BOOST_AUTO_TEST_CASE(another_id_never_confirms_and_silence_leaves_in_doubt) {
  open({.window = 2, .ack_deadline = 200ms});
  auto first = send(message("1"));
  auto second = send(message("2"));
  written(2);
  answer_ack("AA", "7");
  answer_ack("AA", "2");
  BOOST_TEST((get(second).state == State::kConfirmed));
  const auto doubtful = get(first);
  BOOST_TEST((doubtful.state == State::kInDoubt));
  BOOST_TEST((doubtful.reason.code == ErrorCode::kTimeout));
  BOOST_TEST(!client->connected());
  BOOST_TEST(counters().mismatched == 1);
  auto third = send(message("3"));
  BOOST_TEST((get(third).state == State::kNotSent));
}

BOOST_AUTO_TEST_CASE(a_closing_peer_leaves_in_doubt_what_was_sent_and_frees_what_waits) {
  open({.window = 1});
  auto first = send(message("1"));
  written(1);
  auto second = send(message("2"));   // waits for the window
  runtime.post(far->executor(), [this] { far->close(); });
  BOOST_TEST((get(first).state == State::kInDoubt));
  BOOST_TEST((get(second).state == State::kNotSent));
}

BOOST_AUTO_TEST_CASE(a_refusal_without_id_belongs_to_the_only_one_under_way) {
  open({});
  auto result = send("no message at all");
  written(1);
  answer_ack("AA", "");   // a confirmation needs an id
  answer_ack("AR", "");
  BOOST_TEST((get(result).state == State::kRefused));
  BOOST_TEST(counters().mismatched == 1);
}

BOOST_AUTO_TEST_CASE(enhanced_mode_waits_for_both_acknowledgements) {
  open({});
  auto result = send(message("1", "AL|AL"));
  written(1);
  answer_ack("CA", "1");
  answer_ack("AA", "1");
  const auto got = get(result);
  BOOST_TEST((got.state == State::kConfirmed));
  BOOST_TEST(test::code_and_id(got.accept_ack) == "CA:1");
  BOOST_TEST(test::code_and_id(got.application_ack) == "AA:1");
  BOOST_TEST(!got.application_pending);
}

BOOST_AUTO_TEST_CASE(an_application_ack_that_stays_away_is_pending_not_in_doubt) {
  open({.application_deadline = 50ms});
  auto result = send(message("1", "AL|AL"));
  written(1);
  answer_ack("CA", "1");
  const auto got = get(result);
  BOOST_TEST((got.state == State::kConfirmed));
  BOOST_TEST(got.application_pending);
  BOOST_TEST(client->connected());
}

BOOST_AUTO_TEST_CASE(accept_ack_alone_and_no_ack_at_all) {
  open({});
  auto accepted = send(message("1", "AL|NE"));
  written(1);
  answer_ack("CA", "1");
  BOOST_TEST((get(accepted).state == State::kConfirmed));
  auto silent = send(message("2", "NE|NE"));
  BOOST_TEST((get(silent).state == State::kUnconfirmed));
  auto refused = send(message("3", "ER|NE"));
  written(3);
  answer_ack("CR", "3");
  BOOST_TEST((get(refused).state == State::kRefused));
}

BOOST_AUTO_TEST_CASE(release_2_waits_for_the_commit_and_commits_itself) {
  mllp::ClientOptions options;
  options.frames.commit_blocks = true;
  options.window = 5;
  open(options);
  auto first = send(message("1"));
  auto second = send(message("2"));
  written(1);
  answer("\x0B\x06\x1C\x0D\x0B" + test::ack("AA", "1") + "\x1C\x0D");
  BOOST_TEST((get(first).state == State::kConfirmed));
  const std::string bytes = written(3);
  BOOST_TEST(bytes.find("\x0B\x06\x1C\x0D") != std::string::npos);
  answer("\x0B\x15\x1C\x0D");
  BOOST_TEST((get(second).state == State::kRefused));
}

BOOST_AUTO_TEST_CASE(release_2_ends_agree_with_each_other) {
  mllp::ServerOptions options;
  options.frames.commit_blocks = true;
  serve(options);
  mllp::ClientOptions mine;
  mine.port = port();
  mine.frames.commit_blocks = true;
  const auto executor = runtime.executor(0);
  auto connecting = boost::asio::co_spawn(executor, mllp::Client::connect(runtime, mine),
                                          boost::asio::use_future);
  auto connected = connecting.get();
  BOOST_REQUIRE(connected);
  auto three = [](std::shared_ptr<mllp::Client> c) -> net::Awaitable<int> {
    int confirmed = 0;
    for (int i = 0; i < 3; ++i) {
      auto result = co_await c->send(message(std::to_string(i)));
      confirmed += result.state == State::kConfirmed;
    }
    co_return confirmed;
  };
  auto sending = boost::asio::co_spawn(executor, three(*connected), boost::asio::use_future);
  BOOST_TEST(sending.get() == 3);
  BOOST_TEST(handler.received() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
