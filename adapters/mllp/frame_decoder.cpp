#include <mllp/frame_decoder.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace mllp {
namespace {

using core::ErrorCode;

constexpr std::size_t kPartialKeptMax = 64 * 1024;   // capacity kept for the next frame
constexpr std::string_view kEnd = "\x1C\x0D";

constexpr std::array<std::string_view, 4> kMessageBeginnings = {"MSH", "FHS", "BHS", "<?xml"};
constexpr std::array<std::string_view, 9> kHttpBeginnings = {
    "GET /", "POST /", "PUT /", "HEAD /", "PATCH /", "DELETE /", "OPTIONS ", "CONNECT ", "PRI * "};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0' || c == kEndBlock;
}
bool all_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_blank); }

std::string_view skip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}
bool begins_message(std::string_view text) {
  return std::any_of(kMessageBeginnings.begin(), kMessageBeginnings.end(),
                     [text](std::string_view b) { return text.starts_with(b); });
}

/// "http", "tls", or empty.
std::string_view foreign_protocol(std::string_view first_bytes) {
  for (std::string_view request : kHttpBeginnings) {
    if (first_bytes.starts_with(request)) return "http";
  }
  // A TLS record: handshake (22), version 3.x.
  const bool record = first_bytes.size() >= 3 && first_bytes.starts_with("\x16\x03");
  if (record && static_cast<unsigned char>(first_bytes[2]) <= 4) return "tls";
  return {};
}

std::size_t find_byte(std::string_view text, std::size_t from, char byte) {
  if (from >= text.size()) return std::string_view::npos;
  const void* at = std::memchr(text.data() + from, byte, text.size() - from);
  if (at == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

}  // namespace

void append_frame(std::string& out, std::string_view content) {
  out.push_back(kStartBlock);
  out.append(content);
  out.push_back(kEndBlock);
  out.push_back(kEndReturn);
}

std::string frame(std::string_view content) {
  std::string out;
  out.reserve(content.size() + 3);
  append_frame(out, content);
  return out;
}

FrameEvent FrameDecoder::next() {
  FrameEvent event;
  if (!second_.empty()) {
    event.kind = FrameEvent::Kind::kFrame;
    event.bytes = second_;
    second_ = {};
    ++counters_.frames;
    return event;
  }
  while (!rest_.empty() && state_ != State::kDead) {
    const bool found = state_ == State::kBetween ? skip_junk(event) : continue_frame(event);
    if (found) break;
  }
  return event;
}

std::string FrameDecoder::take(const FrameEvent& event) {
  const std::string_view bytes = event.bytes;
  const char* begin = partial_.data();
  const bool in_partial = !bytes.empty() && std::less_equal<>{}(begin, bytes.data()) &&
                          std::less<>{}(bytes.data(), begin + partial_.size());
  if (event.kind != FrameEvent::Kind::kFrame || !in_partial) return std::string(bytes);
  const auto offset = static_cast<std::size_t>(bytes.data() - begin);
  partial_.resize(offset + bytes.size());
  partial_.erase(0, offset);
  std::string out = std::move(partial_);
  partial_.clear();
  return out;
}

bool FrameDecoder::in_progress() const { return inside_frame() || !all_blank(junk_); }

std::string_view FrameDecoder::progress_prefix() const {
  std::string_view text = progress_kept();
  while (text.starts_with(kStartBlock)) text.remove_prefix(1);
  return text.substr(0, kPrefixBytesMax);
}

bool FrameDecoder::fail(FrameEvent& event, core::Error fault, std::string_view prefix,
                        bool fatal) {
  event.kind = FrameEvent::Kind::kFault;
  event.fault = std::move(fault);
  event.bytes = prefix.substr(0, kPrefixBytesMax);
  event.fatal = fatal;
  if (fatal) {
    state_ = State::kDead;
    rest_ = {};
  }
  return true;
}

bool FrameDecoder::skip_junk(FrameEvent& event) {
  const std::size_t start = find_byte(rest_, 0, kStartBlock);
  if (start == 0) {
    rest_.remove_prefix(1);
    begin_frame();
    return false;
  }
  // No further than one byte past the limit: then every split sees the same.
  const std::size_t room = options_.junk_bytes_max + 1 - junk_length_;
  std::string_view junk = rest_.substr(0, std::min(start, room));
  bool ended = false;
  if (junk_pending_end_ && junk.front() == kEndReturn) {
    junk = junk.substr(0, 1);
    ended = true;
  } else if (const std::size_t end = junk.find(kEnd); end != std::string_view::npos) {
    junk = junk.substr(0, end + kEnd.size());
    ended = true;
  }
  junk_pending_end_ = !ended && junk.back() == kEndBlock;
  rest_.remove_prefix(junk.size());
  junk_length_ += junk.size();
  counters_.junk_bytes += junk.size();
  junk_.append(junk.substr(0, kPrefixBytesMax - junk_.size()));
  return judge_junk(event, ended);
}

bool FrameDecoder::judge_junk(FrameEvent& event, bool ended) {
  if (const auto protocol = foreign_protocol(junk_); !protocol.empty()) {
    return fail(event, {ErrorCode::kNotMllp, "another protocol", std::string(protocol)}, {}, true);
  }
  const bool message = begins_message(skip_blanks(junk_));
  if (junk_length_ > options_.junk_bytes_max) {
    return fail(event, {ErrorCode::kNotMllp, "too much outside of frames", "junk"},
                message ? skip_blanks(junk_) : std::string_view{}, true);
  }
  if (!ended) return false;
  if (!message) {
    junk_.clear();
    return false;
  }
  ++counters_.unframed;
  partial_ = std::move(junk_);
  junk_.clear();
  std::string_view text = skip_blanks(partial_);
  if (text.ends_with(kEnd)) text.remove_suffix(kEnd.size());
  return fail(event, {ErrorCode::kNotMllp, "a message without start block", "unframed"}, text);
}

void FrameDecoder::begin_frame() {
  state_ = State::kFrame;
  length_ = 0;
  pending_end_ = false;
  partial_.clear();
  if (partial_.capacity() > kPartialKeptMax) partial_.shrink_to_fit();
  junk_.clear();
  junk_length_ = 0;
  junk_pending_end_ = false;
}

bool FrameDecoder::continue_frame(FrameEvent& event) {
  if (pending_end_) {
    const char after = rest_.front();
    if (after == kEndReturn || (after == kStartBlock && options_.tolerate_missing_return)) {
      return resolve_pending_end(event);
    }
    pending_end_ = false;
    ++counters_.inner_ends;
  }
  for (std::size_t from = 0;;) {
    const std::size_t at = find_byte(rest_, from, kEndBlock);
    if (at == std::string_view::npos || at + 1 == rest_.size()) {
      pending_end_ = at != std::string_view::npos;
      const std::string_view more = rest_;
      rest_ = {};
      return keep(more, event);
    }
    const char after = rest_[at + 1];
    const bool restart = after == kStartBlock && options_.tolerate_missing_return;
    if (after == kEndReturn || restart) {
      const std::string_view last = rest_.substr(0, at);
      rest_.remove_prefix(restart ? at + 1 : at + 2);
      if (restart) ++counters_.missing_returns;
      return end_frame(last, event);
    }
    ++counters_.inner_ends;
    from = at + 1;
  }
}

/// The end block came in an earlier piece and was kept as if it were data.
bool FrameDecoder::resolve_pending_end(FrameEvent& event) {
  if (rest_.front() == kEndReturn) {
    rest_.remove_prefix(1);
  } else {
    ++counters_.missing_returns;
  }
  pending_end_ = false;
  if (state_ == State::kFrame) partial_.pop_back();
  --length_;
  return end_frame({}, event);
}

bool FrameDecoder::keep(std::string_view more, FrameEvent& event) {
  length_ += more.size();
  const std::size_t certain = length_ - (pending_end_ ? 1 : 0);
  if (state_ == State::kFrame && certain > options_.frame_bytes_max) {
    state_ = State::kDrain;
    partial_.resize(std::min(partial_.size(), kPrefixBytesMax));
    partial_.shrink_to_fit();
  }
  if (state_ == State::kDrain) {
    partial_.append(more.substr(0, kPrefixBytesMax - partial_.size()));
    return certain > options_.drain_bytes_max && too_long(certain, event);
  }
  const std::size_t needed = partial_.size() + more.size();
  if (needed > partial_.capacity()) {
    // Doubling, but never beyond what the largest frame needs.
    partial_.reserve(std::max(needed, std::min(needed * 2, options_.frame_bytes_max + 1)));
  }
  partial_.append(more);
  return false;
}

bool FrameDecoder::too_long(std::size_t length, FrameEvent& event) {
  ++counters_.too_long;
  const bool fatal = length > options_.drain_bytes_max;
  // A frame that ends in time shows all its content but the end; one given up, what is certain.
  const std::size_t shown = std::min({kPrefixBytesMax, length, options_.drain_bytes_max});
  std::string_view prefix = std::string_view(partial_).substr(0, shown);
  while (prefix.starts_with(kStartBlock)) prefix.remove_prefix(1);
  const std::string limit = std::to_string(options_.frame_bytes_max);
  return fail(event, {ErrorCode::kFrameTooLong, "limit " + limit + " bytes", {}}, prefix, fatal);
}

bool FrameDecoder::end_frame(std::string_view last, FrameEvent& event) {
  const bool whole = length_ == 0;   // began in this piece
  const std::size_t total = length_ + last.size();
  state_ = State::kBetween;
  length_ = 0;
  if (total > options_.frame_bytes_max) {
    partial_.resize(std::min(partial_.size(), kPrefixBytesMax));
    partial_.append(last.substr(0, kPrefixBytesMax - partial_.size()));
    return too_long(total, event);
  }
  if (whole) return hand_out(last, event);
  partial_.append(last);
  return hand_out(partial_, event);
}

bool FrameDecoder::hand_out(std::string_view content, FrameEvent& event) {
  while (content.starts_with(kStartBlock)) {
    content.remove_prefix(1);
    ++counters_.double_starts;
  }
  if (content.empty()) {
    ++counters_.empty;
    return fail(event, {ErrorCode::kFrameEmpty, "nothing between start and end", {}}, {});
  }
  if (options_.commit_blocks && content.size() == 1) {
    const char c = content.front();
    if (c == kCommitAck) event.kind = FrameEvent::Kind::kCommitAck;
    if (c == kCommitNak) event.kind = FrameEvent::Kind::kCommitNak;
    if (c == kCommitAck || c == kCommitNak) return true;
  }
  if (split_restarts(content, event)) return true;
  event.kind = FrameEvent::Kind::kFrame;
  event.bytes = second_;
  second_ = {};
  ++counters_.frames;
  return true;
}

/// Leaves the last message in second_. @return whether what stood before it is a fault to report.
bool FrameDecoder::split_restarts(std::string_view content, FrameEvent& event) {
  second_ = content;
  std::size_t last = std::string_view::npos;
  for (std::size_t at = 0; (at = find_byte(content, at, kStartBlock)) != std::string_view::npos;
       ++at) {
    if (!begins_message(content.substr(at + 1))) {
      ++counters_.inner_starts;
      continue;
    }
    ++counters_.restarts;
    last = at;
  }
  if (last == std::string_view::npos) return false;
  second_ = content.substr(last + 1);
  const std::string_view broken = content.substr(0, last);
  if (all_blank(broken)) return false;
  return fail(event, {ErrorCode::kFrameBadTrailer, "another message began inside", {}}, broken);
}

}  // namespace mllp
