#pragma once
#include <core/result.hpp>
#include <hl7/issue.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hl7 {

/// Limits of one message; exceeding one is an error, never truncation.
inline constexpr std::size_t kSegmentsMax = 100'000;
inline constexpr std::size_t kFieldsMax = 2'000;  ///< per segment
inline constexpr std::size_t kRepetitionsMax = 50'000;    ///< per field
inline constexpr std::size_t kTextBytesMax = 1U << 30;    ///< per message
inline constexpr std::size_t kTextBeforeMshMax = 1'024;   ///< bytes skipped to find MSH

/// MSH-1 and MSH-2 (chapter 2.5.4). `truncation` is 2.7's fifth character, 0 when absent.
struct Delimiters {
  char field = '|';
  char component = '^';
  char repetition = '~';
  char escape = '\\';     ///< 0 when the message declares none
  char subcomponent = '&';  ///< 0 when the message declares none
  char truncation = 0;
  /// ICU name (static storage) of the set that the bytes of \Xhh..\ are in (MSH-18); null = UTF-8.
  const char* hex_charset = nullptr;
  bool operator==(const Delimiters& other) const {
    return field == other.field && component == other.component &&
           repetition == other.repetition && escape == other.escape &&
           subcomponent == other.subcomponent && truncation == other.truncation;
  }
};

class Message;
class Pieces;

/// A piece of a message at some level, as a view. Child access never fails: what is absent is
/// empty. A scalar counts as its own first child, so `^4.1` reads both "A&B" and "A".
/// Lifetime: the Message it came from. Size: two pointers and a word; pass by value.
class Value {
 public:
  enum class Level : std::uint8_t { kField, kRepetition, kComponent, kSubcomponent };

  Value() = default;
  Value(std::string_view raw, Level level, const Delimiters* delimiters)
      : raw_(raw), delimiters_(delimiters), level_(level) {}

  std::string_view raw() const { return raw_; }      ///< still escaped
  Level level() const { return level_; }
  bool empty() const { return raw_.empty(); }
  /// HL7 null: exactly two double quotes, "delete the stored value".
  bool is_null() const { return raw_ == "\"\""; }
  /// Neither empty nor null (nor only delimiters).
  bool valued() const;

  /// Repetitions of a field; 1 for what is not a field; 0 when empty.
  int repetition_count() const;
  Value repetition(int n) const;   ///< 1-based
  /// All of them in one walk: `for (Value each : value.repetitions())`; none when empty.
  Pieces repetitions() const;
  /// n-th child: component of a field (its first repetition) or repetition, subcomponent of a
  /// component. A subcomponent's child 1 is itself. 1-based.
  Value child(int n) const;
  int child_count() const;
  /// All children in one walk; none when empty.
  Pieces children() const;

  /// Unescaped text; empty for the HL7 null, which is never the text `""`.
  /// Without escapes this is raw() itself, else it is decoded into `scratch`.
  /// \F\ \S\ \T\ \R\ \E\ \P\ \Xhh\ \.br\ \.sp\ ... see hl7/escape.hpp.
  std::string_view text(std::string& scratch) const;
  std::string text() const;
  const Delimiters* delimiters() const { return delimiters_; }

 private:
  std::string_view raw_;
  const Delimiters* delimiters_ = nullptr;
  Level level_ = Level::kField;
};

namespace detail {
/// Up to the first `c`. Values are a few bytes, where this beats a call of memchr.
inline std::size_t find_byte(std::string_view text, char c) {
  if (text.size() >= 32) return std::min(text.find(c), text.size());
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && *at != c) ++at;
  return static_cast<std::size_t>(at - text.data());
}
}  // namespace detail

/// Repetitions of a field or children of a value, an input range. Lifetime: the Message.
class Pieces {
 public:
  class Iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(std::string_view whole, char separator, Value::Level level,
             const Delimiters* delimiters)
        : at_(whole.data()), end_(whole.data() + whole.size()), delimiters_(delimiters),
          separator_(separator), level_(level), done_(whole.empty()) {
      size_ = length();
    }
    Value operator*() const { return {{at_, size_}, level_, delimiters_}; }
    Iterator& operator++() {
      if (at_ + size_ == end_) {
        done_ = true;
      } else {
        at_ += size_ + 1;
        size_ = length();
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    std::size_t length() const {   // a separator of 0 is one the message does not declare
      const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
      return separator_ == 0 ? rest.size() : detail::find_byte(rest, separator_);
    }
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    std::size_t size_ = 0;
    const Delimiters* delimiters_ = nullptr;
    char separator_ = 0;
    Value::Level level_ = Value::Level::kField;
    bool done_ = true;
  };

  Pieces(std::string_view whole, char separator, Value::Level level, const Delimiters* delimiters)
      : whole_(whole), delimiters_(delimiters), separator_(separator), level_(level) {}
  Iterator begin() const { return {whole_, separator_, level_, delimiters_}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view whole_;
  const Delimiters* delimiters_;
  char separator_;
  Value::Level level_;
};

inline Pieces Value::repetitions() const {
  if (delimiters_ == nullptr || level_ != Level::kField) return {raw_, 0, level_, delimiters_};
  return {raw_, delimiters_->repetition, Level::kRepetition, delimiters_};
}

inline Pieces Value::children() const {
  const Delimiters* d = delimiters_;
  if (d == nullptr || level_ == Level::kSubcomponent) return {raw_, 0, level_, d};
  if (level_ == Level::kComponent) return {raw_, d->subcomponent, Level::kSubcomponent, d};
  const std::size_t size = level_ == Level::kRepetition || d->repetition == 0
                               ? raw_.size() : detail::find_byte(raw_, d->repetition);
  return {raw_.substr(0, size), d->component, Level::kComponent, d};
}

namespace detail {

/// The delimiters of what must not be split or unescaped: MSH-1 and MSH-2.
extern const Delimiters kNoDelimiters;

/// Segment name as three upper-case bytes in one word; 0 when it is no segment name.
std::uint32_t name_key(std::string_view name);

struct Segment {
  std::uint32_t begin;            ///< offset in the text
  std::uint32_t end;              ///< after the last field, without blanks and terminator
  std::uint32_t first_separator;  ///< index in separators of the one before raw field 1
  std::uint32_t key;              ///< name_key()
  std::uint32_t occurrence;       ///< n-th of its name, 1-based
  std::uint16_t separator_count;
  std::uint16_t shift;            ///< 1 for MSH, FHS, BHS, whose field 1 is the separator itself
};

/// Everything a Message owns, in one block that never moves: views point here.
struct MessageState {
  std::string text;
  Delimiters delimiters;
  std::vector<Segment> segments;
  std::unique_ptr<std::uint32_t[]> separators;  ///< offset of each field separator
  Issues issues;
};

}  // namespace detail

/// One segment, as a view. Lifetime: the Message, also when that has been moved.
class SegmentView {
 public:
  SegmentView() = default;
  SegmentView(const detail::MessageState* state, std::uint32_t index)
      : state_(state), index_(index) {}

  bool present() const { return state_ != nullptr; }
  std::string_view name() const;   ///< "PID", as written
  std::string_view raw() const;    ///< without its terminator
  std::uint32_t index() const { return index_; }   ///< 0-based place in the message
  int occurrence() const;          ///< n-th of its name, 1-based
  int field_count() const;
  /// Bit n (1 to 63): field n is not empty. Later fields have no bit.
  std::uint64_t fields_present() const;
  /// @return whether the name is `name`, whatever the case it was written in.
  bool is(std::string_view name) const;
  /// Field n as chapter 2 counts: MSH-1 is the separator itself, MSH-2 the encoding characters
  /// (likewise FHS and BHS).
  Value field(int n) const {
    if (state_ == nullptr || n < 1) return {};
    const detail::Segment& s = state_->segments[index_];
    if (s.shift != 0 && n <= 2) return header_field(n);
    const auto k = static_cast<std::uint32_t>(n - s.shift);
    if (k > s.separator_count) return {};
    const std::uint32_t* at = state_->separators.get() + s.first_separator + (k - 1);
    const std::uint32_t begin = *at + 1;
    const std::uint32_t end = k < s.separator_count ? at[1] : s.end;
    return {{state_->text.data() + begin, end - begin}, Value::Level::kField, &state_->delimiters};
  }

 private:
  Value header_field(int n) const;
  const detail::MessageState* state_ = nullptr;
  std::uint32_t index_ = 0;
};

struct ParseOptions {
  /// Refuse what the tolerances below would accept. Each tolerance used becomes a warning.
  /// Tolerated: text, blanks or a byte order mark before MSH, LF or CRLF ends, a line feed inside
  /// a field (kept), a missing last CR, blank lines, lines of left-over framing bytes, blanks
  /// around a segment, lower-case names, an MSH-2 of 2 or 3 characters.
  bool strict = false;
};

/// A parsed HL7 v2 message (ER7), versions 2.1 to 2.8.x: the text and an index of its boundaries,
/// made in one pass. Owns its text, moves cheaply, never changes; views survive a move (a
/// moved-from Message may only be assigned to or destroyed). Thread: read by any.
class Message {
 public:
  /// `text` is UTF-8 (see hl7/charset.hpp) and starts with MSH, or with FHS or BHS to read a batch
  /// header. Errors: kNoMsh, kBadEncodingCharacters, kTooManySegments, kTooManyFields (also too
  /// many repetitions), kBadSegmentName, kSegmentSequence (a second MSH: see hl7/batch.hpp),
  /// kTooLong. Error texts name places, never values.
  static core::Result<Message> parse(std::string text, const ParseOptions& options = {});

  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message() = default;

  /// The text exactly as given to parse().
  std::string_view text() const& { return state_->text; }
  std::string_view text() const&& = delete;
  const Delimiters& delimiters() const { return state_->delimiters; }
  const Issues& issues() const { return state_->issues; }   ///< tolerances applied

  std::uint32_t segment_count() const {
    return static_cast<std::uint32_t>(state_->segments.size());
  }
  SegmentView segment(std::uint32_t index) const& {
    return index < segment_count() ? SegmentView(state_.get(), index) : SegmentView();
  }
  SegmentView segment(std::uint32_t index) const&& = delete;
  /// n-th segment of that name (1-based); not present() when there is none.
  SegmentView find(std::string_view name, int occurrence = 1) const&;
  SegmentView find(std::string_view name, int occurrence = 1) const&& = delete;
  /// Shorthand for tests and headers: "PID-3", "PID-3[2].4.1", "OBX[2]-5"; empty when absent.
  std::string get(std::string_view path) const;

 private:
  explicit Message(std::unique_ptr<detail::MessageState> state) : state_(std::move(state)) {}
  std::unique_ptr<detail::MessageState> state_;
};

/// Walks every field, repetition, component and sub-component boundary of ER7 text in one pass
/// and counts them: the scan under parse(), exposed so that it can be measured.
/// The four lower figures are the separators seen, outside MSH-2 (FHS-2, BHS-2) at the start.
struct BoundaryCounts {
  std::uint64_t segments = 0;   ///< line ends (CR, LF or CRLF), and a last line without one
  std::uint64_t fields = 0, repetitions = 0, components = 0, subcomponents = 0;
  bool operator==(const BoundaryCounts&) const = default;
};
BoundaryCounts scan_boundaries(std::string_view text, const Delimiters& delimiters);

/// What MSH says, read once. Views into the message.
struct Header {
  Value sending_application, sending_facility, receiving_application, receiving_facility;
  std::string_view type;        ///< MSH-9.1 "ADT"
  std::string_view trigger;     ///< MSH-9.2 "A01"
  std::string_view structure;   ///< MSH-9.3 "ADT_A01", may be empty
  std::string_view control_id;  ///< MSH-10, raw
  std::string_view processing_id, version, sequence_number, accept_ack, application_ack, charset;
  Value date_time;
};
Header read_header(const Message& message);
Header read_header(const Message&& message) = delete;

}  // namespace hl7
