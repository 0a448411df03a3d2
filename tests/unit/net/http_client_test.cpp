#include <net/http_client.hpp>
#include <net/memory_stream.hpp>

#include <unit/net/await.hpp>
#include <unit/net/http_fixture.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using Result = core::Result<net::HttpResponse>;

net::HttpUrl local(std::uint16_t port) { return {false, "127.0.0.1", port, ""}; }

struct Client {
  explicit Client(std::uint16_t port, net::HttpClientOptions options = {}) {
    runtime.start();
    client.emplace(local(port), options);
  }
  ~Client() {
    run([&]() -> net::Awaitable<int> {
      client->close();
      co_return 0;
    }());
    runtime.stop();
  }
  // All on one thread of the runtime, as the client wants it.
  template <class T>
  T run(net::Awaitable<T> task) {
    auto future =
        boost::asio::co_spawn(runtime.executor(0), std::move(task), boost::asio::use_future);
    BOOST_REQUIRE(future.wait_for(test::kPatience) == std::future_status::ready);
    return future.get();
  }
  Result ask(net::HttpCall call = {}) { return run(client->request(std::move(call))); }

  net::Runtime runtime{1};
  std::optional<net::HttpClient> client;
};

std::string answer(const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// Answers each connection with `bytes` after one request head.
struct Always : raw::ScriptedServer {
  explicit Always(std::string bytes)
      : raw::ScriptedServer([bytes = std::move(bytes)](raw::Socket& socket, int) {
          if (socket.read_until("\r\n\r\n").empty()) return;
          socket.send(bytes);
        }) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(urls) {
  const auto url = net::HttpUrl::parse("HTTP://Example.org:9090/fhir/");
  BOOST_REQUIRE(url.has_value());
  BOOST_TEST(url->host == "example.org");
  BOOST_TEST(url->port == 9090);
  BOOST_TEST(url->path == "/fhir");
  BOOST_TEST(url->host_header() == "example.org:9090");
  BOOST_TEST(net::HttpUrl::parse("https://h")->port == 443);
  BOOST_TEST(net::HttpUrl::parse("https://h")->host_header() == "h");
  BOOST_TEST(net::HttpUrl::parse("http://[::1]:8080/a")->host_header() == "[::1]:8080");
  BOOST_TEST(net::HttpUrl::parse("http://h/")->path == "");
  for (const char* wrong : {"",
                            "h",
                            "ftp://h",
                            "http://",
                            "http:///x",
                            "http://u:p@h/",
                            "http://h:",
                            "http://h:0",
                            "http://h:65536",
                            "http://h:80x",
                            "http://h/?a=1",
                            "http://h/#x",
                            "http://h?x",
                            "http://h /",
                            "http://h/a b",
                            "http://h\r\n",
                            "http://h/\r\nX: y",
                            "http://[::1",
                            "http://[::1]8080",
                            "http://[x]/",
                            "http://h/\"",
                            "file:///etc/passwd"}) {
    const auto bad = net::HttpUrl::parse(wrong);
    BOOST_TEST(!bad.has_value(), wrong);
    if (!bad) BOOST_TEST((bad.error().code == ErrorCode::kBadConfig));
  }
}

BOOST_FIXTURE_TEST_CASE(many_calls_share_one_connection, HttpFixture) {
  Client client(port);
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body " + std::to_string(i);
    const Result got = client.ask({.method = "POST", .target = "/echo", .body = body});
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->status == 200);
    BOOST_TEST(got->body == body);
    BOOST_TEST(got->content_type == "text/plain");
  }
  BOOST_TEST(client.client->connections_opened() == 1);
  const std::string big(1'000'000, 'x');
  BOOST_TEST((client.ask({.method = "POST", .target = "/echo", .body = big})->body == big));
  BOOST_TEST(client.ask({.target = "/nowhere"})->status == 404);
  BOOST_TEST(client.ask({.method = "HEAD", .target = "/hello"})->body == "");
  BOOST_TEST(client.ask({.method = "DELETE", .target = "/gone"})->status == 204);
  BOOST_TEST(client.ask({.target = "/hello"})->body == "hello");
  BOOST_TEST(client.client->connections_opened() == 1);
}

BOOST_AUTO_TEST_CASE(the_request_as_it_stands_on_the_wire) {
  std::string seen;
  raw::ScriptedServer server([&](raw::Socket& socket, int n) {
    if (n == 0) seen = socket.read_until("{}");
    socket.send(answer("ok", "Connection: close\r\n"));
  });
  Client client(server.port());
  const Result got =
      client.ask({.method = "POST",
                  .target = "/fhir",
                  .headers = {{"Content-Type", "application/fhir+json"}, {"X-A", "b\r\nX-F: g"}},
                  .body = "{}"});
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(seen == "POST /fhir HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                         "\r\nContent-Type: application/fhir+json\r\nX-A: b  X-F: g\r\n"
                         "Content-Length: 2\r\n\r\n{}");
}

BOOST_AUTO_TEST_CASE(bodies_by_length_chunks_and_end_of_stream) {
  for (const std::string& bytes :
       {answer("hello"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\n\r\nhello"), std::string("HTTP/1.0 200 OK\r\n\r\nhello"),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
            answer("hello")}) {
    Always server(bytes);
    Client client(server.port());
    const Result got = client.ask();
    BOOST_REQUIRE_MESSAGE(got.has_value(), bytes);
    BOOST_TEST(got->body == "hello");
    BOOST_TEST(got->status == 200);
  }
}

BOOST_AUTO_TEST_CASE(redirects_are_answers) {
  Always server(
      "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n");
  Client client(server.port());
  const Result got = client.ask();
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(got->status == 302);
  BOOST_TEST(server.accepted() == 1);
}

BOOST_AUTO_TEST_CASE(malformed_answers) {
  const std::string te = "Transfer-Encoding: ";
  for (const std::string& bytes : std::vector<std::string>{
           "SSH-2.0-OpenSSH\r\n\r\n", std::string("\x15\x03\x01\x00\x02\x02\x50\r\n\r\n", 11),
           std::string("HTTP/1.1 999999 X\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + te + "chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\n" + te + "xchunked\r\n\r\nabc",
           std::string("HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
           "HTTP/1.1 200 OK\r\n" + te + "chunked\r\n\r\n5\r\nab", std::string("HTTP/1.1 200"),
           std::string()}) {
    Always server(bytes);
    Client client(server.port());
    const Result got = client.ask({.idempotent = true});
    BOOST_TEST(!got.has_value(), bytes);
    if (!got) BOOST_TEST((got.error().code == ErrorCode::kUnreachable), got.error().text());
    BOOST_TEST(server.accepted() == 1);  // a first connection is never replaced silently
  }
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  Always server(interim);
  Client client(server.port());
  BOOST_TEST((client.ask().error().code == ErrorCode::kUnreachable));
}

BOOST_AUTO_TEST_CASE(huge_answers_are_cut_off) {
  Always counted("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'));
  Client one(counted.port(), {.body_bytes_max = 1000});
  BOOST_TEST((one.ask().error().code == ErrorCode::kPayloadTooLarge));
  std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  Always chunked(chunks);
  Client two(chunked.port(), {.body_bytes_max = 1000});
  BOOST_TEST((two.ask().error().code == ErrorCode::kPayloadTooLarge));
  Always endless("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'));
  Client three(endless.port());
  BOOST_TEST((three.ask().error().code == ErrorCode::kUnreachable));
}

BOOST_AUTO_TEST_CASE(a_silent_server_times_out_and_the_next_call_connects_anew) {
  std::atomic<bool> release{false};
  raw::ScriptedServer server([&](raw::Socket& socket, int n) {
    if (socket.read_until("\r\n\r\n").empty()) return;
    if (n == 0)
      test::eventually([&] { return release.load(); });
    else
      socket.send(answer("late but well", "Connection: close\r\n"));
  });
  Client client(server.port(), {.read_deadline = 50ms});
  const Result got = client.ask({.idempotent = true});
  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().code == ErrorCode::kTimeout));
  BOOST_TEST(got.error().where == "127.0.0.1:" + std::to_string(server.port()));
  BOOST_TEST(client.client->connections_opened() == 1);
  release = true;
  Client patient(server.port());
  BOOST_TEST(patient.ask()->body == "late but well");
}

BOOST_AUTO_TEST_CASE(nobody_listens) {
  std::uint16_t port = 0;
  {
    Always gone("");
    port = gone.port();
  }
  Client client(port);
  BOOST_TEST((client.ask().error().code == ErrorCode::kUnreachable));
}

// The server answers once per connection and closes without saying so: a kept connection goes
// stale.
struct Forgetful : raw::ScriptedServer {
  Forgetful()
      : raw::ScriptedServer([](raw::Socket& socket, int n) {
          if (socket.read_until("\r\n\r\n").empty()) return;
          socket.send(answer("answer " + std::to_string(n)));
        }) {}
};

BOOST_AUTO_TEST_CASE(stale_connection_is_replaced_once_for_idempotent_calls) {
  Forgetful server;
  Client client(server.port());
  for (int i = 0; i < 5; ++i) {
    const Result got = client.ask({.method = "POST", .body = "x", .idempotent = true});
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->body == "answer " + std::to_string(i));
  }
  BOOST_TEST(client.client->connections_opened() == 5);
}

BOOST_AUTO_TEST_CASE(stale_connection_fails_a_call_that_may_not_be_repeated) {
  Forgetful server;
  Client client(server.port());
  BOOST_TEST(client.ask({.method = "POST", .body = "x"}).has_value());
  // The close may be seen before or after sending; either way nothing is sent a second time.
  const Result second = client.ask({.method = "POST", .body = "x"});
  if (!second) BOOST_TEST((second.error().code == ErrorCode::kUnreachable));
  BOOST_TEST(client.client->connections_opened() == (second ? 2 : 1));
  BOOST_TEST(client.ask({.method = "POST", .body = "x"}).has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_begun_and_lost_is_not_asked_for_again) {
  raw::ScriptedServer server([](raw::Socket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(answer("first"));
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  });
  Client client(server.port());
  BOOST_TEST(client.ask({.idempotent = true})->body == "first");
  const Result lost = client.ask({.idempotent = true});
  BOOST_TEST(!lost.has_value());
  BOOST_TEST(client.client->connections_opened() == 1);
}

BOOST_AUTO_TEST_CASE(bytes_behind_an_answer_end_the_trust) {
  Always server(answer("one") + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
  Client client(server.port());
  BOOST_TEST(client.ask({.idempotent = true})->body == "one");
  BOOST_TEST(client.ask({.idempotent = true})->body == "one");
  BOOST_TEST(client.client->connections_opened() == 2);
}

BOOST_AUTO_TEST_CASE(an_old_idle_connection_is_not_used) {
  HttpFixture f;
  Client client(f.port, {.idle_max = 0ms});
  BOOST_TEST(client.ask({.target = "/hello"})->body == "hello");
  std::this_thread::sleep_for(2ms);
  BOOST_TEST(client.ask({.target = "/hello"})->body == "hello");
  BOOST_TEST(client.client->connections_opened() == 2);
}

BOOST_AUTO_TEST_CASE(close_ends_a_call_in_flight) {
  std::atomic<bool> asked{false}, release{false};
  raw::ScriptedServer server([&](raw::Socket& socket, int) {
    if (socket.read_until("\r\n\r\n").empty()) return;
    asked = true;
    test::eventually([&] { return release.load(); });
  });
  Client client(server.port());
  auto future =
      boost::asio::co_spawn(client.runtime.executor(0),
                            client.client->request({.idempotent = true}), boost::asio::use_future);
  BOOST_TEST(test::eventually([&] { return asked.load(); }));
  client.runtime.post(client.runtime.executor(0), [&] { client.client->close(); });
  BOOST_REQUIRE(future.wait_for(test::kPatience) == std::future_status::ready);
  const Result got = future.get();
  BOOST_TEST(!got.has_value());
  release = true;
  BOOST_TEST(client.client->connections_opened() == 1);
}

// The same code over memory: no socket, any connector.
BOOST_AUTO_TEST_CASE(any_stream_will_do) {
  HttpFixture f;
  net::Runtime runtime(1);
  runtime.start();
  const auto executor = runtime.executor(0);
  net::HttpClient client(local(1), {},
                         [&](std::string, std::uint16_t, std::chrono::milliseconds)
                             -> net::Awaitable<core::Result<std::shared_ptr<net::ByteStream>>> {
                           auto [ours, theirs] = net::memory_stream_pair(executor);
                           runtime.spawn(executor, "memory-server", f.server->serve(theirs));
                           co_return ours;
                         });
  auto future = boost::asio::co_spawn(executor, client.request({.target = "/hello"}),
                                      boost::asio::use_future);
  BOOST_REQUIRE(future.wait_for(test::kPatience) == std::future_status::ready);
  BOOST_TEST(future.get()->body == "hello");
  runtime.post(executor, [&] { client.close(); });
  BOOST_TEST(runtime.wait_idle(30s));
  runtime.stop();
}

BOOST_AUTO_TEST_SUITE_END()
