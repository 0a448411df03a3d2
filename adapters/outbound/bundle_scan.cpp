#include "bundle_scan.hpp"

#include <core/text.hpp>

#include <rapidjson/reader.h>
#include <rapidjson/stream.h>

#include <algorithm>
#include <array>

namespace outbound {
namespace {

// Iterative: depth costs no stack. Numbers as text: nothing here needs their value. In place: on a
// copy, so that no text is gathered byte by byte.
constexpr unsigned kScanFlags = rapidjson::kParseIterativeFlag |
                                rapidjson::kParseNumbersAsStringsFlag |
                                rapidjson::kParseInsituFlag;

using Stream = rapidjson::InsituStringStream;

/// Follows the path of keys down to the fifth level, which is all that a Bundle's frame needs:
/// {entry: [{resource: {resourceType, id}, request: {method, url}}]}.
class Scanner : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Scanner> {
 public:
  Scanner(std::string_view json, Stream& stream)
      : json_(json), stream_(stream) {}

  ScannedBody take() { return std::move(body_); }

  bool Default() { return true; }
  bool Null() { return true; }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return true; }

  bool StartObject() {
    if (!enter()) return false;
    const bool entry = depth_ == 3 && in_entries();
    if (entry) {
      if (body_.entries.size() >= kSinkEntriesMax) return false;
      body_.entries.emplace_back();
    }
    // The iterative reader tells of a brace before it takes it.
    if (depth_ == 4 && in_entry("resource")) resource_start_ = stream_.Tell();
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (depth_ == 4 && in_entry("resource")) {
      body_.entries.back().resource.text =
          json_.substr(resource_start_, stream_.Tell() + 1 - resource_start_);
    }
    if (depth_ == 1) body_.resource.text = json_;
    --depth_;
    return true;
  }
  bool StartArray() {
    if (!enter()) return false;
    if (depth_ <= kLevels) keys_[depth_ - 1] = "[";
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    // No key of interest is longer; the rest only has to differ from them.
    if (depth_ <= kLevels) keys_[depth_ - 1].assign(text, std::min<std::size_t>(length, 16));
    return true;
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view value(text, length);
    if (depth_ == 1) {
      if (keys_[0] == "resourceType") body_.resource.type = value;
      if (keys_[0] == "id") body_.resource.id = value;
      if (keys_[0] == "type") body_.bundle_type = value;
    } else if (depth_ == 4 && in_entry("resource")) {
      if (keys_[3] == "resourceType") body_.entries.back().resource.type = value;
      if (keys_[3] == "id") body_.entries.back().resource.id = value;
    } else if (depth_ == 4 && in_entry("request")) {
      if (keys_[3] == "method") body_.entries.back().method = value;
      if (keys_[3] == "url") body_.entries.back().url = value;
    }
    return true;
  }

 private:
  static constexpr std::size_t kLevels = 4;

  bool enter() {
    ++depth_;
    if (depth_ <= kLevels) keys_[depth_ - 1].clear();
    return depth_ <= kSinkDepthMax;
  }
  bool in_entries() const { return keys_[0] == "entry" && keys_[1] == "["; }
  bool in_entry(std::string_view member) const {
    return in_entries() && keys_[2] == member && !body_.entries.empty();
  }

  std::string_view json_;
  Stream& stream_;
  ScannedBody body_;
  std::array<std::string, kLevels> keys_;   ///< the key we are under, by level
  std::size_t depth_ = 0;
  std::size_t resource_start_ = 0;
};

}  // namespace

core::Result<ScannedBody> scan_body(std::string_view json) {
  if (!core::is_valid_utf8(json)) return core::fail(core::ErrorCode::kBadJson, "not UTF-8");
  std::string copy(json);
  Stream stream(copy.data());
  Scanner scanner(json, stream);
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kScanFlags>(stream, scanner);
  if (result.IsError()) {
    const bool ours = result.Code() == rapidjson::kParseErrorTermination;
    return core::fail(core::ErrorCode::kBadJson,
                      ours ? "too deep, or too many entries"
                           : "malformed at byte " + std::to_string(result.Offset()));
  }
  // A zero byte ends the stream for the reader.
  if (stream.Tell() != json.size()) {
    return core::fail(core::ErrorCode::kBadJson,
                      "malformed at byte " + std::to_string(stream.Tell()));
  }
  return scanner.take();
}

}  // namespace outbound
