#include <hl7/xml.hpp>

#include "header.hpp"

#include <core/text.hpp>
#include <hl7/escape.hpp>

#include <algorithm>
#include <array>

namespace hl7 {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// Types without components (chapter 2A): their text stands directly in the element.
bool is_primitive(std::string_view type) {
  static constexpr auto kTypes = std::to_array<std::string_view>(
      {"ST", "TX", "FT", "NM", "IS", "ID", "DT", "TM", "DTM", "SI", "GTS", "TN", "SNM", "NUL"});
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

class XmlWriter {
 public:
  XmlWriter(const Message& message, const XmlNames& names)
      : message_(message), names_(names), d_(message.delimiters()) {}

  std::string write() {
    out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + names_.root +
           " xmlns=\"urn:hl7-org:v2xml\">\n";
    for (std::uint32_t i = 0; i < message_.segment_count(); ++i) segment(message_.segment(i));
    out_ += "</" + names_.root + ">\n";
    return std::move(out_);
  }

 private:
  void open(std::string_view tag) { out_.append("<").append(tag).append(">"); }
  void close(std::string_view tag) { out_.append("</").append(tag).append(">"); }

  void segment(const SegmentView& view) {
    const std::string name = core::ascii_upper(view.name());
    const bool is_header = is_header_key(detail::name_key(name));
    out_.append("  ");
    open(name);
    for (int n = 1; n <= view.field_count(); ++n) {
      const Value field = view.field(n);
      if (field.empty()) continue;
      const std::string tag = name + "." + std::to_string(n);
      if (is_header && n <= 2) {   // the delimiters themselves
        open(tag);
        characters(field.raw());
        close(tag);
        continue;
      }
      const std::string type = field_type(view, name, n);
      for (const Value each : field.repetitions()) {
        open(tag);
        parts(each, type);
        close(tag);
      }
    }
    close(name);
    out_.push_back('\n');
  }

  std::string field_type(const SegmentView& view, const std::string& name, int n) const {
    std::string type = names_.field_type ? names_.field_type(name, n) : std::string();
    if (name != "OBX" || n != 5) return type;
    const std::string_view own = core::trim(view.field(2).raw());   // varies with OBX-2
    const bool plain = own.size() >= 2 && own.size() <= 3 &&
                       std::all_of(own.begin(), own.end(), [](char c) {
                         return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                       });
    return plain ? std::string(own) : type;
  }

  void parts(const Value& value, const std::string& type) {
    const bool whole = type.empty() || (is_primitive(type) && value.child_count() <= 1);
    if (whole || value.level() == Value::Level::kSubcomponent) {
      text(value.raw());
      return;
    }
    for (int n = 1; n <= value.child_count(); ++n) {
      const Value child = value.child(n);
      if (child.empty()) continue;
      const std::string tag = type + "." + std::to_string(n);
      std::string below = names_.component_type ? names_.component_type(type, n) : std::string();
      if (below.empty() && child.child_count() > 1) below = "ST";   // more than the schema knows
      open(tag);
      parts(child, child.child_count() > 1 || !is_primitive(below) ? below : std::string());
      close(tag);
    }
  }

  /// Escape sequences that stand for a character become it, others an <escape V=""/>.
  void text(std::string_view raw) {
    while (!raw.empty()) {
      const std::size_t first = d_.escape == 0 ? kNone : raw.find(d_.escape);
      characters(raw.substr(0, first));
      if (first == kNone) return;
      const std::size_t last = raw.find(d_.escape, first + 1);
      if (last == kNone || !is_sequence(raw.substr(first + 1, last - first - 1))) {   // a stray one
        characters(raw.substr(first, 1));
        raw.remove_prefix(first + 1);
        continue;
      }
      sequence(raw.substr(first, last - first + 1));
      raw.remove_prefix(last + 1);
    }
  }

  /// What an <escape> can carry, so that it can be read back.
  bool is_sequence(std::string_view body) const {
    return !body.empty() && escape(body, d_) == body &&
           std::all_of(body.begin(), body.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  }

  void sequence(std::string_view with_escapes) {
    const std::string_view body = with_escapes.substr(1, with_escapes.size() - 2);
    if (body.size() == 1 && std::string_view("FSTREP").find(body[0]) != kNone) {
      characters(unescape(with_escapes, d_));
      return;
    }
    out_.append("<escape V=\"");
    characters(body);
    out_.append("\"/>");
  }

  void characters(std::string_view text) {
    for (const char c : text) {
      switch (c) {
        case '<': out_.append("&lt;"); break;
        case '>': out_.append("&gt;"); break;
        case '&': out_.append("&amp;"); break;
        case '"': out_.append("&quot;"); break;
        case '\t':
        case '\n':
        case '\r': out_.push_back(c); break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {   // XML 1.0 cannot say it
            out_.append("\xef\xbf\xbd");
          } else {
            out_.push_back(c);
          }
      }
    }
  }

  const Message& message_;
  const XmlNames& names_;
  const Delimiters& d_;
  std::string out_;
};

}  // namespace

std::string to_xml(const Message& message, const XmlNames& names) {
  return XmlWriter(message, names).write();
}

}  // namespace hl7
