#include <boost/test/unit_test.hpp>
#include <mllp/frame_decoder.hpp>
#include <unit/mllp/printing.hpp>

#include <random>
#include <string>
#include <vector>

using core::ErrorCode;
using Kind = mllp::FrameEvent::Kind;
using namespace std::string_literals;

namespace {

/// "frame:content", "ack", "nak", "fault:slug:prefix", "fatal:slug:prefix".
using Log = std::vector<std::string>;

void drain(mllp::FrameDecoder& decoder, Log& log, bool take) {
  for (;;) {
    const mllp::FrameEvent event = decoder.next();
    switch (event.kind) {
      case Kind::kNeedMore: return;
      case Kind::kCommitAck: log.push_back("ack"); break;
      case Kind::kCommitNak: log.push_back("nak"); break;
      case Kind::kFrame:
        log.push_back("frame:" + (take ? decoder.take(event) : std::string(event.bytes)));
        break;
      case Kind::kFault:
        log.push_back((event.fatal ? "fatal:" : "fault:") +
                      std::string(core::entry(event.fault.code).slug) + ":" +
                      (take ? decoder.take(event) : std::string(event.bytes)));
        break;
    }
  }
}

Log decode(const std::string& stream, const mllp::FrameOptions& options = {},
           mllp::FrameCounters* counters = nullptr) {
  mllp::FrameDecoder decoder(options);
  Log log;
  decoder.feed(stream);
  drain(decoder, log, false);
  if (counters) *counters = decoder.counters();
  return log;
}

/// In pieces of the given lengths (repeated); each piece lies in memory of its own, so that a view
/// kept too long is seen by the address sanitizer.
Log decode_in_pieces(const std::string& stream, const std::vector<std::size_t>& lengths,
                     const mllp::FrameOptions& options, bool take) {
  mllp::FrameDecoder decoder(options);
  Log log;
  std::size_t turn = 0;
  for (std::size_t at = 0; at < stream.size(); ++turn) {
    const auto piece = std::make_unique<std::string>(
        stream.substr(at, lengths[turn % lengths.size()]));
    at += piece->size();
    piece->shrink_to_fit();
    decoder.feed(*piece);
    drain(decoder, log, take);
  }
  return log;
}

std::string f(std::string_view content) { return mllp::frame(content); }

}  // namespace

BOOST_AUTO_TEST_SUITE(frame_decoder)

BOOST_AUTO_TEST_CASE(plain_and_pipelined_frames) {
  BOOST_TEST(decode(f("MSH|1")) == Log{"frame:MSH|1"});
  BOOST_TEST(decode("\x0BMSH|1\x1C\x0D") == Log{"frame:MSH|1"});
  std::string stream;
  Log expected;
  for (int i = 0; i < 20; ++i) {
    stream += f("MSH|" + std::to_string(i));
    expected.push_back("frame:MSH|" + std::to_string(i));
  }
  BOOST_TEST(decode(stream) == expected);
}

BOOST_AUTO_TEST_CASE(an_unfinished_frame_is_in_progress) {
  mllp::FrameDecoder decoder;
  const std::string half = "\x0BMSH|^~\\&|half";
  decoder.feed(half);
  BOOST_TEST((decoder.next().kind == Kind::kNeedMore));
  BOOST_TEST(decoder.in_progress());
  BOOST_TEST(decoder.inside_frame());
  BOOST_TEST(decoder.progress_bytes() == half.size() - 1);
  BOOST_TEST(decoder.progress_prefix() == "MSH|^~\\&|half");
  const std::string rest = "\x1C\x0D\x0D\n\0 "s;
  decoder.feed(rest);
  BOOST_TEST((decoder.next().kind == Kind::kFrame));
  BOOST_TEST((decoder.next().kind == Kind::kNeedMore));
  BOOST_TEST(!decoder.in_progress());
}

BOOST_AUTO_TEST_CASE(junk_between_frames_is_skipped_and_counted) {
  mllp::FrameCounters counters;
  const auto log = decode("\r\n  "s + f("MSH|a") + "\0\0\n"s + f("MSH|b") + "rest\x1C\x0D" +
                              f("MSH|c"), {}, &counters);
  BOOST_TEST(log == (Log{"frame:MSH|a", "frame:MSH|b", "frame:MSH|c"}));
  BOOST_TEST(counters.junk_bytes == 4 + 3 + 6);
  BOOST_TEST(counters.frames == 3);
}

BOOST_AUTO_TEST_CASE(end_block_needs_its_return) {
  mllp::FrameCounters counters;
  BOOST_TEST(decode(f("MSH|a\x1C" "b"), {}, &counters) == Log{"frame:MSH|a\x1C" "b"});
  BOOST_TEST(counters.inner_ends == 1);
  BOOST_TEST(decode(f("MSH|a\x1C\x1C")) == Log{"frame:MSH|a\x1C\x1C"});
  BOOST_TEST(decode("\x0BMSH|a\x1C\x0BMSH|b\x1C\x0D", {}, &counters) ==
             (Log{"frame:MSH|a", "frame:MSH|b"}));
  BOOST_TEST(counters.missing_returns == 1);
  mllp::FrameOptions strict;
  strict.tolerate_missing_return = false;
  BOOST_TEST(decode("\x0BMSH|a\x1C\x0Bx\x1C\x0D", strict) == Log{"frame:MSH|a\x1C\x0Bx"});
}

BOOST_AUTO_TEST_CASE(starts_twice_and_starts_inside) {
  mllp::FrameCounters counters;
  BOOST_TEST(decode("\x0B\x0BMSH|a\x1C\x0D", {}, &counters) == Log{"frame:MSH|a"});
  BOOST_TEST(counters.double_starts == 1);
  BOOST_TEST(decode("\x0BMSH|a|cut\x0BMSH|b\x1C\x0D", {}, &counters) ==
             (Log{"fault:frame-bad-trailer:MSH|a|cut", "frame:MSH|b"}));
  BOOST_TEST(counters.restarts == 1);
  BOOST_TEST(decode("\x0BMSH|a\x0BMSH|b\x0B<?xml c\x1C\x0D") ==
             (Log{"fault:frame-bad-trailer:MSH|a\x0BMSH|b", "frame:<?xml c"}));
  const std::string soft_break = "MSH|a|line\x0B" "break";
  BOOST_TEST(decode(f(soft_break), {}, &counters) == Log{"frame:" + soft_break});
  BOOST_TEST(counters.inner_starts == 1);
  BOOST_TEST(decode("\x0B \r\x0BMSH|b\x1C\x0D") == Log{"frame:MSH|b"});
}

BOOST_AUTO_TEST_CASE(empty_frames_and_bare_ends) {
  mllp::FrameCounters counters;
  BOOST_TEST(decode("\x0B\x1C\x0D" + f("MSH|a"), {}, &counters) ==
             (Log{"fault:frame-empty:", "frame:MSH|a"}));
  BOOST_TEST(counters.empty == 1);
  BOOST_TEST(decode("\x1C\x0D\x1C\x0D" + f("MSH|a")) == Log{"frame:MSH|a"});
  BOOST_TEST(decode("\x0B\x0B\x1C\x0D") == Log{"fault:frame-empty:"});
}

BOOST_AUTO_TEST_CASE(a_message_without_start_block_is_refused_by_name) {
  mllp::FrameCounters counters;
  BOOST_TEST(decode("\nMSH|^~\\&|A\rPID|1\x1C\x0D" + f("MSH|b"), {}, &counters) ==
             (Log{"fault:not-mllp:MSH|^~\\&|A\rPID|1", "frame:MSH|b"}));
  BOOST_TEST(counters.unframed == 1);
  // What follows an end inside a message is junk, not a message.
  BOOST_TEST(decode("\x0BMSH|a\x1C\x0DPID|1\x1C\x0D") == Log{"frame:MSH|a"});
}

BOOST_AUTO_TEST_CASE(other_protocols_are_fatal) {
  for (const auto& [bytes, where] : std::vector<std::pair<std::string, std::string>>{
           {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "http"},
           {"POST /hl7/v2/x HTTP/1.1\r\n\x0B", "http"},
           {"\x16\x03\x01\x02\x00\x01\x00"s, "tls"},
           {std::string(70'000, 'z'), "junk"}}) {
    mllp::FrameDecoder decoder;
    decoder.feed(bytes);
    const auto event = decoder.next();
    BOOST_REQUIRE((event.kind == Kind::kFault));
    BOOST_TEST(event.fatal);
    BOOST_TEST((event.fault.code == ErrorCode::kNotMllp));
    BOOST_TEST(event.fault.where == where);
    BOOST_TEST((decoder.next().kind == Kind::kNeedMore));
    const std::string good = f("MSH|a");
    decoder.feed(good);
    BOOST_TEST((decoder.next().kind == Kind::kNeedMore));
  }
}

BOOST_AUTO_TEST_CASE(a_frame_too_long_is_drained_and_named) {
  mllp::FrameOptions options;
  options.frame_bytes_max = 10'000;
  options.drain_bytes_max = 50'000;
  const std::string big = "MSH|" + std::string(20'000, 'x');
  const std::string prefix = big.substr(0, mllp::kPrefixBytesMax);
  const Log expected{"fault:frame-too-long:" + prefix, "frame:MSH|next"};
  BOOST_TEST(decode(f(big) + f("MSH|next"), options) == expected);
  BOOST_TEST(decode_in_pieces(f(big) + f("MSH|next"), {1'000}, options, true) == expected);
  const std::string just = "MSH|" + std::string(9'996, 'x');
  BOOST_TEST(decode(f(just), options) == Log{"frame:" + just});
  BOOST_TEST(decode_in_pieces(f(just), {10'001, 1}, options, true) == Log{"frame:" + just});
  BOOST_TEST(decode_in_pieces(f(just), {10'002, 1}, options, true) == Log{"frame:" + just});
  const Log fatal{"fatal:frame-too-long:" + prefix};
  const std::string endless = "\x0BMSH|" + std::string(60'000, 'x');
  BOOST_TEST(decode(endless, options) == fatal);
  BOOST_TEST(decode(endless + "\x1C\x0D", options) == fatal);
  BOOST_TEST(decode_in_pieces(endless, {999}, options, false) == fatal);
}

BOOST_AUTO_TEST_CASE(commit_blocks_only_where_agreed) {
  mllp::FrameOptions release2;
  release2.commit_blocks = true;
  const std::string stream = "\x0B\x06\x1C\x0D\x0B\x15\x1C\x0D" + f("MSH|a") + f("x");
  BOOST_TEST(decode(stream, release2) == (Log{"ack", "nak", "frame:MSH|a", "frame:x"}));
  BOOST_TEST(decode(stream) == (Log{"frame:\x06", "frame:\x15", "frame:MSH|a", "frame:x"}));
}

BOOST_AUTO_TEST_CASE(taking_moves_what_was_collected) {
  mllp::FrameDecoder decoder;
  const std::string first = "\x0BMSH|" + std::string(100'000, 'a');
  const std::string second = "bbb\x1C\x0D" + f("MSH|small");
  decoder.feed(first);
  BOOST_TEST((decoder.next().kind == Kind::kNeedMore));
  decoder.feed(second);
  auto event = decoder.next();
  const char* where = event.bytes.data();
  const std::string taken = decoder.take(event);
  BOOST_TEST((taken.data() == where));
  BOOST_TEST(taken.size() == 100'007);
  event = decoder.next();
  BOOST_TEST(decoder.take(event) == "MSH|small");
}

BOOST_AUTO_TEST_CASE(any_split_of_any_stream_gives_the_same_events) {
  const unsigned seed = 20'261'121;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> words = {
      "\x0B", "\x1C", "\x0D", "\x1C\x0D", "\x06", "\x15", "MSH", "MSH|a", "x", " ", "\0"s, "<?xml",
      "GET /", "\x16\x03\x01", "M", "S", "H", "\x0BMSH|1\x1C\x0D", "\x0B\x1C\x0D", "yyyyyyyyyyyy",
      "\x0B\x06\x1C\x0D", "BHS", "PID|1\r"};
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  std::size_t events = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string stream;
    for (std::size_t i = below(30); i > 0; --i) stream += words[below(words.size())];
    mllp::FrameOptions options;
    options.frame_bytes_max = 5 + below(40);
    options.drain_bytes_max = options.frame_bytes_max + below(40);
    options.junk_bytes_max = 1 + below(60);
    options.tolerate_missing_return = below(2) == 0;
    options.commit_blocks = below(2) == 0;
    const Log whole = decode(stream, options);
    events += whole.size();
    std::vector<std::size_t> lengths;
    for (int i = 0; i < 7; ++i) lengths.push_back(1 + below(9));
    for (const auto& split : {std::vector<std::size_t>{1}, std::vector<std::size_t>{2}, lengths}) {
      const Log pieces = decode_in_pieces(stream, split, options, round % 2 == 0);
      if (pieces != whole) {
        BOOST_FAIL("seed " << seed << " round " << round << ": " << whole << " but " << pieces);
      }
    }
  }
  BOOST_TEST(events > 10'000);
}

BOOST_AUTO_TEST_SUITE_END()
