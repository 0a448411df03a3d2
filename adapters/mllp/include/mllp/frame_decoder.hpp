#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mllp {

inline constexpr char kStartBlock = '\x0B';
inline constexpr char kEndBlock = '\x1C';
inline constexpr char kEndReturn = '\x0D';
inline constexpr char kCommitAck = '\x06';   ///< MLLP release 2: 0B 06 1C 0D, stored
inline constexpr char kCommitNak = '\x15';   ///< MLLP release 2: 0B 15 1C 0D, not stored

/// What is kept of a frame that becomes no message: enough to read its MSH, for the refusal.
inline constexpr std::size_t kPrefixBytesMax = 4'096;

/// `0B content 1C 0D`, ready to write.
void append_frame(std::string& out, std::string_view content);
std::string frame(std::string_view content);

struct FrameOptions {
  std::size_t frame_bytes_max = std::size_t{16} << 20;
  /// A frame longer than frame_bytes_max is skipped up to its end, so that the connection can go
  /// on; longer than this it is given up (fatal).
  std::size_t drain_bytes_max = std::size_t{64} << 20;
  /// Bytes between frames before the peer is taken for something that does not speak MLLP.
  std::size_t junk_bytes_max = std::size_t{64} << 10;
  /// Take `1C` directly before `0B` for an end whose `0D` is missing; else it is data.
  bool tolerate_missing_return = true;
  /// Single-byte frames 06 and 15 are release 2 commit blocks; else they are frames like others.
  bool commit_blocks = false;
};

/// What was unusual on one connection since it began.
struct FrameCounters {
  std::uint64_t frames = 0;           ///< handed out as kFrame
  std::uint64_t junk_bytes = 0;       ///< between frames, skipped
  std::uint64_t empty = 0;            ///< frames without content
  std::uint64_t double_starts = 0;    ///< further 0B directly after the first, skipped
  std::uint64_t restarts = 0;         ///< frames in which another message began: the first is a
                                      ///< fault
  std::uint64_t missing_returns = 0;  ///< ends without 0D
  std::uint64_t inner_ends = 0;       ///< 1C taken for data
  std::uint64_t inner_starts = 0;     ///< 0B taken for data (word processors' line break)
  std::uint64_t too_long = 0;
  std::uint64_t unframed = 0;         ///< messages that ended in 1C 0D but had no 0B
};

/// What next() found.
struct FrameEvent {
  enum class Kind { kNeedMore, kFrame, kCommitAck, kCommitNak, kFault };
  Kind kind = Kind::kNeedMore;
  /// kFrame: the content. kFault: up to kPrefixBytesMax of its beginning, to address a refusal.
  /// Dies at the next call of next() or feed().
  std::string_view bytes;
  core::Error fault;    ///< kFault: kFrameTooLong, kFrameEmpty, kFrameBadTrailer, kNotMllp
  bool fatal = false;   ///< kFault: nothing sensible can follow; next() gives kNeedMore for ever
};

/// Splits a byte stream into MLLP frames (HL7 v2.5.1 appendix C.4; release 2: MLLP R2 1.2.2),
/// incrementally: any split of a stream into pieces gives the same events.
///
///   decoder.feed(piece);                       // piece lives until next() says kNeedMore
///   for (;;) {
///     const FrameEvent event = decoder.next();
///     if (event.kind == FrameEvent::Kind::kNeedMore) break;
///     ... decoder.take(event) ...
///   }
///
/// Between frames everything up to 0B is skipped and counted. A first 0B directly followed by more
/// is one start. Inside a frame 1C ends it only before 0D (or, tolerated, before 0B); 0B restarts
/// it only where a message begins behind it (MSH, FHS, BHS, <?xml), for a sender that broke off and
/// began anew must not have two messages read as one; other 0B is data. What came before the last
/// such restart is one fault (kFrameBadTrailer). A message without 0B but with 1C 0D is a fault
/// (kNotMllp), so that its sender hears why nothing happens. HTTP requests and TLS hellos are fatal
/// (kNotMllp, `where` "http" or "tls").
///
/// Thread: one at a time. Owner: the connection. Memory: a frame that arrives in one piece is not
/// copied; else at most frame_bytes_max, allocated as it arrives.
class FrameDecoder {
 public:
  explicit FrameDecoder(FrameOptions options = {}) : options_(options) {}

  /// The next piece of the stream. The one before must have been used up.
  void feed(std::string_view piece) { rest_ = piece; }
  FrameEvent next();
  /// The bytes of an event as a string of its own; moved, not copied, where possible. Once, before
  /// the next call of next().
  std::string take(const FrameEvent& event);

  /// Something other than white space, NUL or stray ends has arrived since the last frame: the
  /// peer is expected to go on soon.
  bool in_progress() const;
  bool inside_frame() const { return state_ == State::kFrame || state_ == State::kDrain; }
  /// What is in progress: how many bytes of it came, up to kPrefixBytesMax of its beginning (for
  /// the refusal when it never ends), and as much of it as is kept (for the log's hash).
  std::size_t progress_bytes() const { return inside_frame() ? length_ : junk_length_; }
  std::string_view progress_prefix() const;
  std::string_view progress_kept() const { return inside_frame() ? partial_ : junk_; }

  const FrameCounters& counters() const { return counters_; }

 private:
  enum class State { kBetween, kFrame, kDrain, kDead };

  bool skip_junk(FrameEvent& event);
  bool judge_junk(FrameEvent& event, bool ended);
  void begin_frame();
  bool continue_frame(FrameEvent& event);
  bool resolve_pending_end(FrameEvent& event);
  bool keep(std::string_view more, FrameEvent& event);
  bool too_long(std::size_t length, FrameEvent& event);
  bool end_frame(std::string_view last, FrameEvent& event);
  bool hand_out(std::string_view content, FrameEvent& event);
  bool split_restarts(std::string_view content, FrameEvent& event);
  bool fail(FrameEvent& event, core::Error fault, std::string_view prefix, bool fatal = false);

  FrameOptions options_;
  FrameCounters counters_;
  State state_ = State::kBetween;
  std::string_view rest_;       // of the piece, not yet looked at
  std::string partial_;  // content of a frame that began in an earlier piece; drain: its prefix
  std::string_view second_;     // the frame behind a restart, due after its fault
  std::size_t length_ = 0;      // of the frame's content so far, a pending 1C included
  bool pending_end_ = false;    // the content so far ends in 1C
  std::string junk_;            // beginning of what lies between frames
  std::size_t junk_length_ = 0;
  bool junk_pending_end_ = false;
};

}  // namespace mllp
