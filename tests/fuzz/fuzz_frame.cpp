// The MLLP frame decoder: the same events for any split, and what its header promises of a frame.
#include "check.hpp"

#include <mllp/frame_decoder.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Kind = mllp::FrameEvent::Kind;

void drain(mllp::FrameDecoder& decoder, const mllp::FrameOptions& options, bool take,
           std::vector<std::string>& log) {
  for (;;) {
    const mllp::FrameEvent event = decoder.next();
    if (event.kind == Kind::kNeedMore) return;
    if (event.kind == Kind::kFrame) {
      check(!event.bytes.empty(), "an empty frame is a fault");
      check(event.bytes.size() <= options.frame_bytes_max, "a frame beyond the limit");
      check(event.bytes.find("\x1C\x0D") == std::string_view::npos, "a frame with its end inside");
      check(event.bytes.front() != mllp::kStartBlock, "a frame with its start inside");
    }
    if (event.kind == Kind::kFault) {
      check(event.bytes.size() <= mllp::kPrefixBytesMax, "a prefix beyond its limit");
    }
    std::string line = std::to_string(static_cast<int>(event.kind)) + (event.fatal ? "!" : ":");
    line += std::to_string(static_cast<int>(event.fault.code)) + event.fault.where + " ";
    line += take ? decoder.take(event) : std::string(event.bytes);
    log.push_back(std::move(line));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  mllp::FrameOptions options;
  options.frame_bytes_max = 1 + data[0];
  options.drain_bytes_max = options.frame_bytes_max + data[1];
  options.junk_bytes_max = 1 + data[2];
  options.tolerate_missing_return = data[3] & 1;
  options.commit_blocks = data[3] & 2;
  const std::string stream(reinterpret_cast<const char*>(data) + 4, size - 4);

  std::vector<std::string> whole, pieces;
  mllp::FrameDecoder at_once(options), bit_by_bit(options);
  at_once.feed(stream);
  drain(at_once, options, false, whole);
  std::uint32_t state = data[0] * 257u + data[3] + 1;
  for (std::size_t at = 0; at < stream.size();) {
    state = state * 1'664'525u + 1'013'904'223u;
    const std::size_t length = 1 + (state >> 24) % ((data[3] >> 2) + 1);
    // Memory of its own and no more: a view kept too long, or a read beyond, is seen.
    const auto piece = std::make_unique<std::vector<char>>(
        stream.begin() + static_cast<std::ptrdiff_t>(at),
        stream.begin() + static_cast<std::ptrdiff_t>(std::min(stream.size(), at + length)));
    at += piece->size();
    bit_by_bit.feed(std::string_view(piece->data(), piece->size()));
    drain(bit_by_bit, options, data[3] & 128, pieces);
  }
  check(whole == pieces, "another split, other events");
  const bool dead = !whole.empty() && whole.back().find('!') == 1;
  check(dead || at_once.in_progress() == bit_by_bit.in_progress(), "in_progress() by split");
  return 0;
}
