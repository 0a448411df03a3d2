#include <hl7/ack.hpp>

#include <hl7/escape.hpp>

#include <core/text.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <vector>

namespace hl7 {

namespace {

constexpr std::size_t kMsaTextMax = 80;   // MSA-3 is ST, length 80
constexpr std::string_view kDefaultVersion = "2.5.1";
constexpr auto kCodes = std::to_array<std::string_view>({"AA", "AE", "AR", "CA", "CE", "CR"});

/// Known versions in order; what an ACK looks like changes between them.
constexpr auto kVersions = std::to_array<std::string_view>(
    {"2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1",
     "2.8.2"});
enum VersionRank : std::size_t { k23 = 2, k24 = 4, k25 = 5, k251 = 6, k27 = 8 };

std::optional<std::size_t> version_rank(std::string_view version) {
  const auto* at = std::find(kVersions.begin(), kVersions.end(), version);
  if (at == kVersions.end()) return std::nullopt;
  return static_cast<std::size_t>(at - kVersions.begin());
}

std::string_view table_0357(int code) {
  switch (code) {
    case 0: return "Message accepted";
    case 100: return "Segment sequence error";
    case 101: return "Required field missing";
    case 102: return "Data type error";
    case 103: return "Table value not found";
    case 104: return "Value too long";
    case 198: return "Non-conformant cardinality";
    case 200: return "Unsupported message type";
    case 201: return "Unsupported event code";
    case 202: return "Unsupported processing id";
    case 203: return "Unsupported version id";
    case 204: return "Unknown key identifier";
    case 205: return "Duplicate key identifier";
    case 206: return "Application record locked";
    case 207: return "Application internal error";
    default: return "Other error";
  }
}

/// Table 0516.
std::string_view severity_code(Severity severity) {
  if (severity == Severity::kError) return "E";
  return severity == Severity::kWarning ? "W" : "I";
}

std::string timestamp(core::Instant now) {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(now - day));
  std::array<char, 40> buffer{};
  const int size = std::snprintf(
      buffer.data(), buffer.size(), "%04d%02u%02u%02d%02d%02d+0000", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  return std::string(buffer.data(), static_cast<std::size_t>(std::max(size, 0)));
}

/// At most `size` bytes, not cutting a character.
std::string_view clip(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

/// What the ACK echoes of the message it answers, raw.
struct Echo {
  std::string_view encoding = "^~\\&";
  std::string_view from_application, from_facility;   // of the message
  std::string_view to_application, to_facility;
  std::string_view trigger, control_id, charset;
  std::string_view processing_id = "P";
  std::string_view version = kDefaultVersion;
  std::size_t rank = k251;
};

Echo echo_of(const Message& message) {
  const SegmentView msh = message.find("MSH");
  Echo echo;
  echo.encoding = message.segment(0).field(2).raw();   // also where a batch header stands first
  echo.from_application = msh.field(3).raw();
  echo.from_facility = msh.field(4).raw();
  echo.to_application = msh.field(5).raw();
  echo.to_facility = msh.field(6).raw();
  echo.trigger = msh.field(9).child(2).raw();
  if (echo.trigger.find('\n') != std::string_view::npos) echo.trigger = {};
  echo.control_id = msh.field(10).raw();
  echo.charset = msh.field(18).raw();
  if (!msh.field(11).empty()) echo.processing_id = msh.field(11).raw();
  const auto rank = version_rank(msh.field(12).child(1).raw());
  if (rank) {
    echo.rank = *rank;
    echo.version = msh.field(12).raw();
  }
  return echo;
}

class AckWriter {
 public:
  AckWriter(const Echo& echo, const Delimiters& delimiters, const AckContent& content)
      : echo_(echo), d_(delimiters), content_(content) {
    for (const Severity wanted : {Severity::kError, Severity::kWarning, Severity::kInformation}) {
      if (echo.rank < k25 && wanted != Severity::kError) break;
      for (const Issue& issue : content.issues) {
        if (issue.severity == wanted && issues_.size() < kAckIssuesMax) issues_.push_back(&issue);
      }
    }
  }

  std::string write() {
    header();
    acknowledgment();
    if (echo_.rank < k25) {
      if (!issues_.empty()) old_errors();
    } else {
      for (const Issue* issue : issues_) error(*issue);
    }
    return std::move(out_);
  }

 private:
  void begin(std::string_view name) { out_.append(name); }
  void raw(std::string_view value) { out_.append(1, d_.field).append(value); }
  /// A line feed that a sender left in its header would end a segment for some receivers.
  void echoed(std::string_view value) {
    raw(value);
    std::replace(out_.end() - static_cast<std::ptrdiff_t>(value.size()), out_.end(), '\n', ' ');
  }
  void skip(int fields) { out_.append(static_cast<std::size_t>(fields), d_.field); }
  std::string quoted(std::string_view text) const { return escape(text, d_); }
  void end() {
    const std::size_t last = out_.find_last_not_of(d_.field);
    // A frame ends with 1C 0D: an echoed value that ends with 1C must not stand before the CR.
    const bool cuts_frame = out_[last] == '\x1c';
    if (out_.size() - last > 1) out_.resize(last + 1);
    if (cuts_frame) out_.push_back(d_.field);
    out_.push_back('\r');
  }

  void header() {
    begin("MSH");
    raw(echo_.encoding);
    echoed(echo_.to_application);
    echoed(echo_.to_facility);
    echoed(echo_.from_application);
    echoed(echo_.from_facility);
    raw(timestamp(content_.now));
    skip(1);
    raw("ACK");
    if (echo_.rank >= k23 && !echo_.trigger.empty()) {
      out_.append(1, d_.component).append(echo_.trigger);
      if (echo_.rank >= k24) out_.append(1, d_.component).append("ACK");
    }
    raw(quoted(content_.control_id));
    echoed(echo_.processing_id);
    echoed(echo_.version);
    if (!echo_.charset.empty()) {
      skip(5);
      echoed(echo_.charset);
    }
    end();
  }

  void acknowledgment() {
    begin("MSA");
    raw(to_text(content_.code));
    raw(echo_.control_id);
    const bool has_text = echo_.rank < k27 && !issues_.empty() &&
                          issues_.front()->severity == Severity::kError;
    raw(has_text ? quoted(clip(text_of(*issues_.front()), kMsaTextMax)) : std::string());
    raw(quoted(content_.expected_sequence));
    end();
  }

  static std::string_view text_of(const Issue& issue) {
    return issue.text.empty() ? core::entry(issue.code).meaning : std::string_view(issue.text);
  }

  std::string coded(const core::ErrorEntry& entry, char separator) const {
    return std::to_string(entry.hl7) + separator + quoted(table_0357(entry.hl7)) + separator +
           "HL70357";
  }

  /// Up to 2.4: all in one segment, ERR-1 repeating.
  void old_errors() {
    begin("ERR");
    char before = d_.field;
    for (const Issue* issue : issues_) {
      const core::ErrorEntry& entry = core::entry(issue->code);
      out_.push_back(before);
      place(issue->at, 3);
      out_.push_back(d_.component);
      out_.append(d_.subcomponent != 0 ? coded(entry, d_.subcomponent)
                                       : std::to_string(entry.hl7));
      before = d_.repetition;
    }
    end();
  }

  /// Components of ERL (or ERR-1): segment, occurrence, field, repetition, component, subcomponent.
  void place(const Location& at, std::size_t parts) {
    const int numbers[] = {at.segment.empty() ? 0 : std::max(at.occurrence, 1), at.field,
                           at.field > 0 ? std::max(at.repetition, 1) : 0, at.component,
                           at.subcomponent};
    std::string text = quoted(at.segment);
    std::size_t used = text.size();
    for (std::size_t i = 0; i + 1 < parts; ++i) {
      text.push_back(d_.component);
      if (numbers[i] <= 0) continue;
      text.append(std::to_string(numbers[i]));
      used = text.size();
    }
    if (parts > 3) text.resize(used);   // more follows ERR-1's three
    out_.append(text);
  }

  /// From 2.5: a segment for each.
  void error(const Issue& issue) {
    const core::ErrorEntry& entry = core::entry(issue.code);
    begin("ERR");
    skip(2);
    place(issue.at, 6);
    raw(coded(entry, d_.component));
    raw(severity_code(issue.severity));
    raw(quoted(entry.slug) + d_.component + d_.component + "L");
    skip(1);
    const std::string where = issue.at.text();
    raw(quoted(std::string(entry.slug) + (where.empty() ? "" : " at " + where)));
    raw(quoted(text_of(issue)));
    end();
  }

  const Echo& echo_;
  const Delimiters& d_;
  const AckContent& content_;
  std::vector<const Issue*> issues_;
  std::string out_;
};

struct Wanted {
  bool success = false, error = false;
};

Wanted wanted(std::string_view code) {
  if (code.empty() || core::iequals(code, "NE")) return {};
  if (core::iequals(code, "ER")) return {.error = true};
  if (core::iequals(code, "SU")) return {.success = true};
  return {true, true};
}

}  // namespace

std::string_view to_text(AckCode code) { return kCodes[static_cast<std::size_t>(code)]; }

bool is_positive(AckCode code) { return code == AckCode::kAA || code == AckCode::kCA; }

std::string build_ack(const Message& message, const AckContent& content) {
  return AckWriter(echo_of(message), message.delimiters(), content).write();
}

std::string build_ack_without_header(const AckContent& content) {
  const Delimiters delimiters;
  return AckWriter(Echo{}, delimiters, content).write();
}

AckMode ack_mode(const Header& header) {
  const std::string_view accept = core::trim(header.accept_ack);
  const std::string_view application = core::trim(header.application_ack);
  if (accept.empty() && application.empty()) {
    return {.application_on_success = true, .application_on_error = true};
  }
  const Wanted first = wanted(accept);
  const Wanted second = wanted(application);
  return {.enhanced = true,
          .accept_on_success = first.success,
          .accept_on_error = first.error,
          .application_on_success = second.success,
          .application_on_error = second.error};
}

core::Result<ReceivedAck> read_ack(const Message& message) {
  const SegmentView msa = message.find("MSA");
  const std::string code = core::ascii_upper(core::trim(msa.field(1).raw()));
  const auto* known = std::find(kCodes.begin(), kCodes.end(), code);
  if (known == kCodes.end()) {
    return core::fail(core::ErrorCode::kDataType,
                      msa.present() ? "not an acknowledgement code" : "no MSA segment", "MSA-1");
  }
  ReceivedAck ack{.code = static_cast<AckCode>(known - kCodes.begin()),
                  .control_id = std::string(msa.field(2).raw())};
  ack.text = msa.field(3).text();
  for (int n = 1; ack.text.empty(); ++n) {
    const SegmentView err = message.find("ERR", n);
    if (!err.present()) break;
    ack.text = err.field(8).text();
    if (ack.text.empty()) ack.text = err.field(7).text();
  }
  return ack;
}

}  // namespace hl7
