#include "xml_lint.hpp"

#include <hl7/xml.hpp>

#include <core/text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace hl7 {

namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kAttributesMax = 64;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':' || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

class Linter {
 public:
  explicit Linter(std::string_view xml) : xml_(xml) {}

  core::Status run() {
    if (!core::is_valid_utf8(xml_)) return refuse("not valid UTF-8", 0);
    for (std::size_t i = 0; i < xml_.size(); ++i) {
      if (static_cast<unsigned char>(xml_[i]) < 0x20 && !is_space(xml_[i])) {
        return refuse("a control character", i);
      }
    }
    if (xml_.starts_with("\xef\xbb\xbf")) at_ = 3;
    while (at_ < xml_.size()) {
      if (auto status = xml_[at_] == '<' ? markup() : text(); !status) return status;
    }
    if (!names_.empty()) return refuse("an element is not closed", xml_.size());
    return roots_ == 1 ? core::Status() : refuse("no root element", xml_.size());
  }

 private:
  core::Status refuse(std::string detail, std::size_t at) const {
    return core::fail(core::ErrorCode::kBadXml, std::move(detail), xml_line(xml_, at));
  }

  bool starts(std::string_view what) const { return xml_.substr(at_).starts_with(what); }

  core::Status skip_past(std::string_view end, const char* what) {
    const std::size_t found = xml_.find(end, at_);
    if (found == kNone) return refuse(std::string("unterminated ") + what, at_);
    at_ = found + end.size();
    return {};
  }

  core::Status markup() {
    if (starts("<!--")) {
      at_ += 4;
      return skip_past("-->", "comment");
    }
    if (starts("<![CDATA[")) {
      if (names_.empty()) return refuse("text outside the root element", at_);
      return skip_past("]]>", "CDATA section");
    }
    if (starts("<!")) return refuse("DOCTYPE and declarations are refused", at_);
    if (starts("<?")) {
      const bool declaration = roots_ == 0 && at_ <= 3 && starts("<?xml") &&
                               at_ + 5 < xml_.size() && is_space(xml_[at_ + 5]);
      if (!declaration) return refuse("processing instructions are refused", at_);
      return skip_past("?>", "XML declaration");
    }
    return starts("</") ? close_tag() : open_tag();
  }

  std::string_view take_name() {
    const std::size_t begin = at_;
    while (at_ < xml_.size() && is_name_byte(xml_[at_])) ++at_;
    return xml_.substr(begin, at_ - begin);
  }
  void skip_space() {
    while (at_ < xml_.size() && is_space(xml_[at_])) ++at_;
  }

  core::Status close_tag() {
    at_ += 2;
    const std::string_view name = take_name();
    skip_space();
    if (names_.empty() || names_.back() != name || at_ >= xml_.size() || xml_[at_] != '>') {
      return refuse("an end tag that closes nothing", at_);
    }
    names_.pop_back();
    ++at_;
    return {};
  }

  core::Status open_tag() {
    const std::size_t tag = at_++;
    const std::string_view name = take_name();
    if (name.empty()) return refuse("a tag without a name", tag);
    if (names_.empty() && ++roots_ > 1) return refuse("a second root element", tag);
    if (names_.size() >= kXmlDepthMax) return refuse("elements nested too deep", tag);
    std::vector<std::string_view> attributes;
    while (true) {
      const std::size_t before = at_;
      skip_space();
      if (at_ >= xml_.size()) return refuse("an unterminated tag", tag);
      if (xml_[at_] == '>') {
        ++at_;
        names_.push_back(name);
        return {};
      }
      if (starts("/>")) {
        at_ += 2;
        return {};
      }
      if (before == at_) return refuse("malformed attributes", at_);
      if (auto status = attribute(attributes); !status) return status;
    }
  }

  core::Status attribute(std::vector<std::string_view>& seen) {
    const std::size_t begin = at_;
    const std::string_view name = take_name();
    skip_space();
    if (name.empty() || at_ >= xml_.size() || xml_[at_] != '=') {
      return refuse("malformed attributes", begin);
    }
    ++at_;
    skip_space();
    if (at_ >= xml_.size() || (xml_[at_] != '"' && xml_[at_] != '\'')) {
      return refuse("an attribute value without quotes", begin);
    }
    const std::size_t close = xml_.find(xml_[at_], at_ + 1);
    if (close == kNone) return refuse("an unterminated attribute value", begin);
    const std::string_view value = xml_.substr(at_ + 1, close - at_ - 1);
    if (value.find('<') != kNone) return refuse("< in an attribute value", begin);
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return refuse("an attribute given twice", begin);
    }
    seen.push_back(name);
    if (seen.size() > kAttributesMax) return refuse("too many attributes", begin);
    if (auto status = references(value, at_ + 1); !status) return status;
    at_ = close + 1;
    return {};
  }

  core::Status text() {
    const std::size_t end = std::min(xml_.find('<', at_), xml_.size());
    const std::string_view piece = xml_.substr(at_, end - at_);
    if (names_.empty() && !std::all_of(piece.begin(), piece.end(), is_space)) {
      return refuse("text outside the root element", at_);
    }
    if (auto status = references(piece, at_); !status) return status;
    at_ = end;
    return {};
  }

  core::Status references(std::string_view piece, std::size_t offset) const {
    for (std::size_t at = piece.find('&'); at != kNone; at = piece.find('&', at + 1)) {
      const std::string_view body = piece.substr(at + 1, 12);
      const std::size_t end = body.find(';');
      if (end == kNone || !known(body.substr(0, end))) {
        return refuse("an unknown entity or character reference", offset + at);
      }
    }
    return {};
  }

  static bool known(std::string_view name) {
    static constexpr std::array<std::string_view, 5> kEntities{"lt", "gt", "amp", "quot", "apos"};
    if (std::find(kEntities.begin(), kEntities.end(), name) != kEntities.end()) return true;
    if (!name.starts_with('#')) return false;
    const bool hex = name.starts_with("#x");
    const std::string_view digits = name.substr(hex ? 2 : 1);
    std::uint32_t code = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code,
                                               hex ? 16 : 10);
    if (error != std::errc() || stop != digits.data() + digits.size()) return false;
    if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
    return code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF) && code != 0xFFFE &&
           code != 0xFFFF;
  }

  std::string_view xml_;
  std::size_t at_ = 0;
  int roots_ = 0;
  std::vector<std::string_view> names_;   ///< open elements
};

}  // namespace

core::Status lint_xml(std::string_view xml) { return Linter(xml).run(); }

std::string xml_line(std::string_view xml, std::size_t offset) {
  const auto stop = xml.begin() + static_cast<std::ptrdiff_t>(std::min(offset, xml.size()));
  return "line " + std::to_string(1 + std::count(xml.begin(), stop, '\n'));
}

}  // namespace hl7
