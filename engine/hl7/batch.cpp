#include <hl7/batch.hpp>

#include "header.hpp"

#include <core/text.hpp>

#include <optional>

namespace hl7 {

namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::uint32_t kBts = packed_name("BTS");
constexpr std::uint32_t kFts = packed_name("FTS");

/// The batch segment or MSH at the start of a line; 0 for anything else.
std::uint32_t line_kind(std::string_view line) {
  const std::uint32_t key = detail::name_key(line.substr(0, 3));
  if (!is_header_key(key) && key != kBts && key != kFts) return 0;
  if (line.size() == 3) return is_header_key(key) ? 0 : key;
  return is_delimiter_char(line[3]) || is_filler(line[3]) ? key : 0;
}

/// Without blank lines and framing bytes behind the last segment; its own terminator stays.
std::string_view trim_message(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && is_filler(text[end - 1])) --end;
  std::string_view rest = text.substr(end);
  const std::size_t blanks = rest.find_first_of("\r\n");
  if (blanks == kNone) return text;   // blanks without a line end belong to the last segment
  const bool crlf = rest.substr(blanks).starts_with("\r\n");
  return text.substr(0, end + blanks + (crlf ? 2 : 1));
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  core::Result<Batch> run() {
    std::size_t line = 0;
    while (line < text_.size()) {
      const std::size_t end = text_.find_first_of("\r\n", line);
      std::size_t name = line;
      while (name < text_.size() && name < end && skipped(name) > 0) name += skipped(name);
      const std::string_view content = text_.substr(name, end == kNone ? kNone : end - name);
      if (auto status = take(line_kind(content), name, content); !status) {
        return core::fail(std::move(status.error()));
      }
      if (end == kNone) break;
      line = end + 1;
    }
    close_message(text_.size());
    if (!batch_.is_batch && batch_.messages.empty()) {
      return core::fail(core::ErrorCode::kNoMsh, "no line starts with MSH");
    }
    return std::move(batch_);
  }

 private:
  /// Bytes at `at` that may stand before a segment name.
  std::size_t skipped(std::size_t at) const {
    if (text_.substr(at).starts_with(kUtf8Mark)) return kUtf8Mark.size();
    const char c = text_[at];
    return c != '\r' && c != '\n' && is_filler(c) ? 1 : 0;
  }

  core::Status take(std::uint32_t kind, std::size_t at, std::string_view line) {
    if (kind == 0) return {};
    close_message(at);
    switch (kind) {
      case kMsh:
        if (batch_.messages.size() >= kBatchMessagesMax) {
          return core::fail(core::ErrorCode::kBatchCount,
                            "more than " + std::to_string(kBatchMessagesMax) + " messages");
        }
        message_begin_ = at;
        ++in_batch_;
        break;
      case kBhs:
      case kFhs:
        batch_.is_batch = true;
        if (batch_.header.empty() || (kind == kBhs && batches_ == 0)) batch_.header = line;
        if (kind == kBhs) {
          ++batches_;
          in_batch_ = 0;
        }
        break;
      case kBts:
        batch_.trailer = line;
        check(line, in_batch_, "BTS");
        in_batch_ = 0;
        break;
      default:   // FTS
        batch_.trailer = line;
        check(line, batches_, "FTS");
        break;
    }
    return {};
  }

  void close_message(std::size_t end) {
    if (message_begin_ == kNone) return;
    batch_.messages.push_back(trim_message(text_.substr(message_begin_, end - message_begin_)));
    message_begin_ = kNone;
  }

  /// Field 1 of a trailer counts what it closes; an empty one claims nothing.
  void check(std::string_view line, std::int64_t seen, std::string_view name) {
    if (line.size() <= 4) return;
    const char separator = line[3];
    const std::string_view field = core::trim(line.substr(4, line.find(separator, 4) - 4));
    if (field.empty()) return;
    const std::optional<std::int64_t> claimed = core::to_int(field);
    if (claimed && *claimed == seen) return;
    batch_.issues.push_back(
        {.severity = Severity::kError,
         .code = core::ErrorCode::kBatchCount,
         .at = {.segment = std::string(name), .field = 1},
         .text = claimed ? "the trailer counts " + std::to_string(*claimed) + ", " +
                               std::to_string(seen) + " came"
                         : "the trailer's count is no number"});
  }

  std::string_view text_;
  Batch batch_;
  std::size_t message_begin_ = kNone;
  std::int64_t in_batch_ = 0;
  std::int64_t batches_ = 0;
};

}  // namespace

core::Result<Batch> split_batch(std::string_view text) { return Splitter(text).run(); }

}  // namespace hl7
