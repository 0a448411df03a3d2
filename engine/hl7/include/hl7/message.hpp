#pragma once
#include <core/result.hpp>
#include <hl7/issue.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hl7 {

/// Limits of one message; exceeding one is an error, never truncation.
inline constexpr std::size_t kSegmentsMax = 100'000;
inline constexpr std::size_t kFieldsMax = 2'000;  ///< per segment

/// MSH-1 and MSH-2 (chapter 2.5.4). `truncation` is 2.7's fifth character, 0 when absent.
struct Delimiters {
  char field = '|';
  char component = '^';
  char repetition = '~';
  char escape = '\\';     ///< 0 when the message declares none
  char subcomponent = '&';
  char truncation = 0;
  bool operator==(const Delimiters&) const = default;
};

class Message;

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
  /// n-th child: component of a field (its first repetition) or repetition, subcomponent of a
  /// component. A subcomponent's child 1 is itself. 1-based.
  Value child(int n) const;
  int child_count() const;

  /// Unescaped text. Without escapes this is raw() itself, else it is decoded into `scratch`.
  /// \F\ \S\ \T\ \R\ \E\ \P\ \Xhh\ \.br\ \.sp\ ... see hl7/escape.hpp.
  std::string_view text(std::string& scratch) const;
  std::string text() const;
  const Delimiters* delimiters() const { return delimiters_; }

 private:
  std::string_view raw_;
  const Delimiters* delimiters_ = nullptr;
  Level level_ = Level::kField;
};

/// One segment, as a view. Lifetime: the Message.
class SegmentView {
 public:
  SegmentView() = default;
  SegmentView(const Message* message, std::uint32_t index) : message_(message), index_(index) {}

  bool present() const { return message_ != nullptr; }
  std::string_view name() const;   ///< "PID", as written
  std::string_view raw() const;    ///< without its terminator
  std::uint32_t index() const { return index_; }   ///< 0-based place in the message
  int occurrence() const;          ///< n-th of its name, 1-based
  int field_count() const;
  /// Field n as chapter 2 counts: MSH-1 is the separator itself, MSH-2 the encoding characters.
  Value field(int n) const;

 private:
  const Message* message_ = nullptr;
  std::uint32_t index_ = 0;
};

struct ParseOptions {
  /// Refuse what the tolerances below would accept (LF or CRLF ends, blank lines, text before MSH,
  /// trailing blanks after a segment, lower-case names). Each tolerance used becomes a warning.
  bool strict = false;
};

/// A parsed HL7 v2 message (ER7), versions 2.1 to 2.8.x: the text and an index of its boundaries,
/// made in one pass. Owns its text, moves cheaply, never changes. Thread: read by any.
class Message {
 public:
  /// `text` is UTF-8 (see hl7/charset.hpp). Errors: kNoMsh, kBadEncodingCharacters,
  /// kTooManySegments, kTooManyFields, kBadSegmentName.
  static core::Result<Message> parse(std::string text, const ParseOptions& options = {});

  Message(Message&&) noexcept;
  Message& operator=(Message&&) noexcept;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message();

  /// The text exactly as given to parse().
  std::string_view text() const& { return text_; }
  std::string_view text() const&& = delete;
  const Delimiters& delimiters() const { return delimiters_; }
  const Issues& issues() const { return issues_; }   ///< tolerances applied

  std::uint32_t segment_count() const { return static_cast<std::uint32_t>(segments_.size()); }
  SegmentView segment(std::uint32_t index) const&;
  SegmentView segment(std::uint32_t index) const&& = delete;
  /// n-th segment of that name (1-based); not present() when there is none.
  SegmentView find(std::string_view name, int occurrence = 1) const&;
  SegmentView find(std::string_view name, int occurrence = 1) const&& = delete;
  /// Shorthand for tests and headers: "PID-3", "PID-3[2].4.1", "OBX[2]-5"; empty when absent.
  std::string get(std::string_view path) const;

 private:
  friend class SegmentView;
  struct Segment {
    std::uint32_t begin;        ///< offset in text_
    std::uint32_t end;
    std::uint32_t first_field;  ///< index in fields_ of field 1
    std::uint16_t field_count;
    std::uint8_t name_length;
  };
  Message() = default;

  std::string text_;
  Delimiters delimiters_;
  std::vector<Segment> segments_;
  std::vector<std::uint32_t> fields_;   ///< begin offset of each field
  Issues issues_;
};

/// Walks every field, repetition, component and sub-component boundary of ER7 text in one pass
/// and counts them: the scan under parse(), exposed so that it can be measured.
struct BoundaryCounts {
  std::uint64_t segments = 0, fields = 0, repetitions = 0, components = 0, subcomponents = 0;
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

}  // namespace hl7
