#include <unit/net/await.hpp>
#include <unit/net/http_fixture.hpp>

namespace {
using namespace std::chrono_literals;

std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}
}  // namespace

BOOST_AUTO_TEST_SUITE(http_server)

BOOST_FIXTURE_TEST_CASE(one_request, HttpFixture) {
  const std::string answer = ask("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  BOOST_TEST(answer ==
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n"
             "Cache-Control: no-store\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
  BOOST_TEST(
      metrics.render().find("chartwire_http_requests_total{code=\"2xx\",listener=\"web\"} 1") !=
      std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(pipelined_requests_are_answered_in_order, HttpFixture) {
  std::string all;
  for (int i = 0; i < 20; ++i) {
    const std::string body = "body " + std::to_string(i);
    all += "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  all += "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string answer = ask(all);
  BOOST_TEST(count(answer, "HTTP/1.1 200 OK") == 21);
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = answer.find("body " + std::to_string(i) + "HTTP/1.1", at);
    BOOST_REQUIRE(at != std::string::npos);
  }
}

BOOST_FIXTURE_TEST_CASE(byte_by_byte, HttpFixture) {
  raw::Socket socket = raw::dial(port);
  for (const char c :
       std::string("\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                   "Connection: close\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n")) {
    socket.send({&c, 1});
  }
  BOOST_TEST(body_of(socket.read_to_end()) == "abcde");
}

BOOST_FIXTURE_TEST_CASE(connection_kept_or_closed_as_asked, HttpFixture) {
  raw::Socket socket = raw::dial(port);
  for (int i = 0; i < 3; ++i) {
    socket.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    BOOST_TEST(socket.read_until("hello").find("Connection: keep-alive") != std::string::npos);
  }
  socket.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  socket.read_until("hello");
  socket.send("GET /hello HTTP/1.0\r\n\r\n");
  BOOST_TEST(socket.read_to_end().find("Connection: close") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(requests_per_connection_are_limited) {
  HttpFixture f({.requests_per_connection_max = 2});
  std::string all;
  for (int i = 0; i < 5; ++i) all += "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
  BOOST_TEST(count(f.ask(all), "HTTP/1.1 200 OK") == 2);
}

BOOST_FIXTURE_TEST_CASE(head_and_no_content_have_no_body, HttpFixture) {
  const std::string head = ask("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  BOOST_TEST(head.find("Content-Length: 5\r\n") != std::string::npos);
  BOOST_TEST(body_of(head) == "");
  const std::string none = ask("DELETE /gone HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  BOOST_TEST(none.starts_with("HTTP/1.1 204 No Content\r\n"));
  BOOST_TEST(none.find("Content-Length") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(expect_continue, HttpFixture) {
  raw::Socket socket = raw::dial(port);
  socket.send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
      "Connection: close\r\n\r\n");
  BOOST_TEST(socket.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("abc");
  BOOST_TEST(body_of(socket.read_to_end()) == "abc");
}

BOOST_FIXTURE_TEST_CASE(routes, HttpFixture) {
  const auto get = [&](const std::string& target) {
    return ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.0\r\n\r\n");
  };
  BOOST_TEST(body_of(get("/show/Patient/a%20b?x=1&y=a%2Bb+c&x=2&z"))
                 .starts_with("Patient a b|x=1|y=a+b c|x=2|z="));
  BOOST_TEST(get("/nowhere").starts_with("HTTP/1.1 404"));
  BOOST_TEST(get("/show/Patient/").starts_with("HTTP/1.1 404"));
  BOOST_TEST(get("/show/Patient/1/2").starts_with("HTTP/1.1 404"));
  const std::string wrong = get("/echo");
  BOOST_TEST(wrong.starts_with("HTTP/1.1 405"));
  BOOST_TEST(wrong.find("Allow: POST\r\n") != std::string::npos);
  BOOST_TEST(get("http://other:80/hello").starts_with("HTTP/1.1 200"));
}

BOOST_FIXTURE_TEST_CASE(answers_cannot_be_split_and_big_ones_arrive_whole, HttpFixture) {
  const std::string inject = ask("GET /inject HTTP/1.0\r\n\r\n");
  BOOST_TEST(inject.find("X-A: b  X-Forged: 1\r\n") != std::string::npos);
  BOOST_TEST(inject.find("\nX-Forged") == std::string::npos);
  const std::string big = ask("GET /big HTTP/1.0\r\n\r\n");
  BOOST_TEST((body_of(big) == std::string(300'000, 'b')));
  BOOST_TEST(big.find("Cache-Control: max-age=60\r\n") != std::string::npos);
  BOOST_TEST(big.find("no-store") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_throwing_handler_costs_one_request, HttpFixture) {
  core::set_log(core::LogFormat::kText, core::LogLevel::kError);
  const std::string answer = ask("GET /boom HTTP/1.1\r\nHost: x\r\n\r\n");
  BOOST_TEST(answer.starts_with("HTTP/1.1 500"));
  BOOST_TEST(answer.find("a bug") == std::string::npos);
  check_good_request_served();
}

BOOST_FIXTURE_TEST_CASE(trailer_fields_are_not_heard, HttpFixture) {
  const std::string answer =
      ask("GET /show/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\nAuthorization: forged\r\nConnection: close\r\nHost: other\r\n\r\n"
          "GET /hello HTTP/1.0\r\n\r\n");
  BOOST_TEST(answer.find("forged") == std::string::npos);
  BOOST_TEST(count(answer, "HTTP/1.1 200 OK") == 2);
  const std::string length =
      ask("GET /show/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\nContent-Length: 100\r\n\r\nGET /hello HTTP/1.0\r\n\r\n");
  BOOST_TEST(length.starts_with("HTTP/1.1 400"), length);
}

BOOST_AUTO_TEST_CASE(idle_and_slow_connections_are_closed) {
  // A fixture each: where several short deadlines run, which one strikes first is chance.
  {
    HttpFixture idle({.idle_deadline = 50ms});
    BOOST_TEST(raw::dial(idle.port).read_to_end() == "");  // idle from the start
  }
  {
    HttpFixture slow({.body_deadline = 50ms});
    raw::Socket body = raw::dial(slow.port);
    body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    const std::string short_body = body.read_to_end();
    BOOST_TEST((short_body.empty() || short_body.starts_with("HTTP/1.1 408")), short_body);
    // Counted after the close that the peer sees.
    BOOST_TEST(test::eventually([&] { return slow.refused("body-timeout") == 1; }));
    slow.check_good_request_served();
  }
  HttpFixture f({.header_deadline = 50ms});
  raw::Socket half = raw::dial(f.port);
  half.send("GET /hello HTT");
  const std::string late = half.read_to_end();
  BOOST_TEST((late.empty() || late.starts_with("HTTP/1.1 408")), late);
  BOOST_TEST(test::eventually([&] { return f.refused("header-timeout") == 1; }));
}

// A byte now and then keeps no connection open: the deadline is the head's, not the wait's.
BOOST_AUTO_TEST_CASE(a_trickle_does_not_move_the_deadline) {
  HttpFixture f({.header_deadline = 100ms});
  raw::Socket socket = raw::dial(f.port);
  socket.send("GET /hello HTTP/1.1\r\nX: ");
  BOOST_TEST(test::eventually([&] {
    socket.send("a");
    return f.refused("header-timeout") == 1;
  }));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_goes_away_leaves_nothing_behind, HttpFixture) {
  for (int i = 0; i < 20; ++i) {
    raw::dial(port).send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    raw::dial(port).send("GET /he");
    raw::dial(port).send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  BOOST_TEST(test::eventually([&] { return listener->connections() == 0; }));
  check_good_request_served();
}

BOOST_FIXTURE_TEST_CASE(draining_answers_what_was_received, HttpFixture) {
  raw::Socket idle = raw::dial(port);
  idle.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  idle.read_until("hello");
  BOOST_TEST(listener->stop(30s) == 0u);
  BOOST_TEST(idle.read_to_end() == "");
}

BOOST_AUTO_TEST_SUITE_END()
