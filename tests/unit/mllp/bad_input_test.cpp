#include <unit/mllp/server_fixture.hpp>

#include <random>

// The MLLP part of the bad-input list: each gets a clear refusal or a closed connection with a
// counted reason, and the next good message on a new connection is served.

using namespace std::chrono_literals;
using namespace std::string_literals;
using core::ErrorCode;
using test::message;
using Codes = std::vector<std::string>;

namespace {

struct BadInput : test::ServerFixture {
  BadInput() {
    mllp::ServerOptions options;
    options.frame_deadline = 100ms;
    options.frames.drain_bytes_max = std::size_t{20} << 20;
    serve(options);
  }
  ~BadInput() { check_good_message_is_served(); }
};

const std::string kStart = "\x0B", kEnd = "\x1C\x0D";
std::string framed(const std::string& content) { return kStart + content + kEnd; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mllp_bad_input, BadInput)

BOOST_AUTO_TEST_CASE(n01_no_start_byte) {
  BOOST_TEST(exchange(message("1") + kEnd + framed(message("2"))) == (Codes{"AR:1", "AA:2"}));
  BOOST_TEST((handler.faults().at(0) == ErrorCode::kNotMllp));
  BOOST_TEST(anomaly("unframed") == 1);
}

BOOST_AUTO_TEST_CASE(n02_no_end) {
  BOOST_TEST(exchange(kStart + message("1"), false) == Codes{"AR:1"});
  BOOST_TEST((handler.faults().at(0) == ErrorCode::kFrameTimeout));
  BOOST_TEST(test::eventually([&] { return closed("frame-timeout") == 1; }));
  BOOST_TEST(handler.received() == 0);
}

BOOST_AUTO_TEST_CASE(n03_end_without_return) {
  BOOST_TEST(exchange(kStart + message("1") + "\x1C", false) == Codes{"AR:1"});
  BOOST_TEST(test::eventually([&] { return closed("frame-timeout") == 1; }));
  BOOST_TEST(exchange(kStart + message("2") + "\x1C" + framed(message("3"))) ==
             (Codes{"AA:2", "AA:3"}));
  BOOST_TEST(anomaly("missing-return") == 1);
}

BOOST_AUTO_TEST_CASE(n04_double_start) {
  BOOST_TEST(exchange(kStart + framed(message("1"))) == Codes{"AA:1"});
  BOOST_TEST(anomaly("double-start") == 1);
}

BOOST_AUTO_TEST_CASE(n05_restart_inside) {
  BOOST_TEST(exchange(kStart + message("1") + "OBX|1|TX|cut" + framed(message("2"))) ==
             (Codes{"AR:1", "AA:2"}));
  BOOST_TEST((handler.faults().at(0) == ErrorCode::kFrameBadTrailer));
  BOOST_REQUIRE(handler.received() == 1);
  BOOST_TEST(handler.inbounds()[0].bytes == message("2"));
}

BOOST_AUTO_TEST_CASE(n06_empty_frame) {
  BOOST_TEST(exchange(kStart + kEnd + framed(message("1"))) == (Codes{"AR:", "AA:1"}));
  BOOST_TEST((handler.faults().at(0) == ErrorCode::kFrameEmpty));
}

BOOST_AUTO_TEST_CASE(n07_blanks) {
  BOOST_TEST(exchange(framed("  \r\n ") + " \r\n\t" + framed(message("1"))) ==
             (Codes{"AR:", "AA:1"}));
}

BOOST_AUTO_TEST_CASE(n08_end_only_and_twice) {
  BOOST_TEST(exchange(kEnd) == Codes{});
  BOOST_TEST(exchange(framed(message("1")) + kEnd + kEnd + framed(message("2"))) ==
             (Codes{"AA:1", "AA:2"}));
}

BOOST_AUTO_TEST_CASE(n09_junk_before) {
  BOOST_TEST(exchange("\0\0hello\xFF"s + framed(message("1"))) == Codes{"AA:1"});
  BOOST_TEST(anomaly("junk-bytes") == 8);
}

BOOST_AUTO_TEST_CASE(n10_junk_after) {
  BOOST_TEST(exchange(framed(message("1")) + "\r\nOK\r\n" + framed(message("2"))) ==
             (Codes{"AA:1", "AA:2"}));
}

BOOST_AUTO_TEST_CASE(n11_end_inside_message) {
  BOOST_TEST(exchange(kStart + "MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5" + kEnd + "PID|1" + kEnd +
                      framed(message("2"))) == (Codes{"AA:1", "AA:2"}));
}

BOOST_AUTO_TEST_CASE(n12_twenty_pipelined) {
  std::string bytes;
  Codes expected;
  for (int i = 0; i < 20; ++i) {
    bytes += framed(message(std::to_string(i)));
    expected.push_back("AA:" + std::to_string(i));
  }
  BOOST_TEST(exchange(bytes) == expected);
}

BOOST_AUTO_TEST_CASE(n13_byte_by_byte) {
  test::RawPeer peer(port());
  for (const char c : framed(message("1"))) BOOST_REQUIRE(peer.send(std::string(1, c)));
  BOOST_TEST(codes(peer.frames(1)) == Codes{"AA:1"});
}

BOOST_AUTO_TEST_CASE(n14_http) {
  BOOST_TEST(exchange("POST /hl7 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", false) ==
             Codes{});
  BOOST_TEST(test::eventually([&] { return closed("http") == 1; }));
}

BOOST_AUTO_TEST_CASE(n15_tls_hello) {
  BOOST_TEST(exchange("\x16\x03\x01\x00\xA5\x01\x00\x00\xA1\x03\x03"s, false) == Codes{});
  BOOST_TEST(test::eventually([&] { return closed("tls") == 1; }));
}

BOOST_AUTO_TEST_CASE(n16_random_bytes) {
  std::mt19937 random(16);
  for (int round = 0; round < 50; ++round) {
    std::string bytes(1 + random() % 5'000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    for (const std::string& code : exchange(bytes)) BOOST_TEST(code.starts_with("AR:"));
  }
  BOOST_TEST(anomaly("junk-bytes") > 0);
}

BOOST_AUTO_TEST_CASE(n17_gzip) {
  BOOST_TEST(exchange("\x1F\x8B\x08\0\0\0\0\0\0\3\xF3\xF0"s, false) == Codes{"AR:"});
  BOOST_TEST(test::eventually([&] { return closed("frame-timeout") == 1; }));
  BOOST_TEST(exchange(framed("\x1F\x8B\x08\0\0\0\0\0\0\3\xF3\xF0"s)) == Codes{"AR:"});
}

BOOST_AUTO_TEST_CASE(n18_utf16) {
  std::string wide;
  for (const char c : framed(message("1"))) wide += {c, '\0'};
  const Codes refused = exchange(wide, false);
  BOOST_REQUIRE(refused.size() == 1);
  BOOST_TEST(refused[0].starts_with("AR:"));
  BOOST_TEST(test::eventually([&] { return closed("frame-timeout") == 1; }));
  const Codes inside = exchange(framed("\xFF\xFE" + wide.substr(2, 100)));
  BOOST_REQUIRE(inside.size() == 1);
  BOOST_TEST(inside[0].starts_with("AR:"));
}

BOOST_AUTO_TEST_CASE(n19_ebcdic) {
  BOOST_TEST(exchange(framed("\xD4\xE2\xC8\x4F\xB0\xA1\xE0\x50")) == Codes{"AR:"});
}

BOOST_AUTO_TEST_CASE(n20_endless) {
  test::RawPeer peer(port());
  peer.send(kStart + message("1"));
  const std::string more(1 << 20, 'x');
  for (int i = 0; i < 40 && peer.send(more); ++i) {}
  const auto replies = codes(peer.all_frames());
  BOOST_TEST((replies.empty() || replies == Codes{"AR:1"}));   // a reset may overtake the refusal
  BOOST_TEST((handler.faults() == std::vector{ErrorCode::kFrameTooLong}));
  BOOST_TEST(test::eventually([&] { return closed("too-long") == 1; }));
}

BOOST_AUTO_TEST_CASE(n20_too_long_but_ended_goes_on) {
  const std::string big = message("1") + std::string(17 << 20, 'x');
  BOOST_TEST(exchange(framed(big) + framed(message("2"))) == (Codes{"AR:1", "AA:2"}));
  BOOST_TEST(anomaly("too-long") == 1);
}

BOOST_AUTO_TEST_CASE(n21_to_n23_large_messages_arrive_whole) {
  std::string segments = message("21"), fields = message("22") + "ZZZ", field = message("23");
  for (int i = 0; i < 100'000; ++i) segments += "OBX|" + std::to_string(i) + "\r";
  for (int i = 0; i < 100'000; ++i) fields += "|~";
  field += "OBX|1|ED|" + std::string(8 << 20, 'Q');
  BOOST_TEST(exchange(framed(segments) + framed(fields) + framed(field)) ==
             (Codes{"AA:21", "AA:22", "AA:23"}));
  const auto got = handler.inbounds();
  BOOST_REQUIRE(got.size() == 3);
  BOOST_TEST((got[0].bytes == segments && got[1].bytes == fields && got[2].bytes == field));
}

BOOST_AUTO_TEST_CASE(junk_without_end_is_closed) {
  BOOST_TEST(exchange(std::string(100'000, 'z')) == Codes{"AR:"});
  BOOST_TEST(test::eventually([&] { return closed("junk") == 1; }));
}

BOOST_AUTO_TEST_SUITE_END()
