#include <hl7/escape.hpp>

#include "converter.hpp"

#include <core/text.hpp>

#include <optional>
#include <vector>

namespace hl7 {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool append_hex(std::string_view digits, std::string& out) {
  if (digits.empty() || digits.size() % 2 != 0) return false;
  const std::size_t before = out.size();
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]);
    const int low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) {
      out.resize(before);
      return false;
    }
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return true;
}

/// One pass over a value; every byte is looked at twice at most.
class Decoder {
 public:
  Decoder(std::string_view raw, const Delimiters& delimiters) : rest_(raw), d_(delimiters) {
    out_.reserve(raw.size());
  }

  std::string run() {
    while (true) {
      const std::size_t open = rest_.find(d_.escape);
      out_.append(rest_.substr(0, open));
      if (open == kNone) return std::move(out_);
      rest_.remove_prefix(open + 1);
      const std::size_t close = rest_.find(d_.escape);
      if (close == kNone) {   // unterminated
        ++counted_;
        out_.push_back(d_.escape);
        continue;
      }
      if (!hex_run(close) && !sequence(rest_.substr(0, close))) {
        // Unknown: its closing character may open the next sequence ("C:\dir\T\").
        ++counted_;
        out_.push_back(d_.escape);
        out_.append(rest_.substr(0, close));
        rest_.remove_prefix(close);
        continue;
      }
    }
  }
  int counted() const { return counted_; }

 private:
  /// Decodes and moves past `body` and its closing character; false when unknown.
  bool sequence(std::string_view body) {
    if (body.empty() || !(body.size() == 1 ? character(body[0]) : longer(body))) return false;
    rest_.remove_prefix(body.size() + 1);
    return true;
  }

  bool character(char c) {
    char decoded = 0;
    switch (c) {
      case 'F': decoded = d_.field; break;
      case 'S': decoded = d_.component; break;
      case 'R': decoded = d_.repetition; break;
      case 'E': decoded = d_.escape; break;
      case 'T': decoded = d_.subcomponent != 0 ? d_.subcomponent : '&'; break;
      case 'P': decoded = d_.truncation != 0 ? d_.truncation : '#'; break;
      case 'H':
      case 'N': return true;
      case 'X': keep("X"); return true;
      default: return false;
    }
    out_.push_back(decoded);
    return true;
  }

  bool longer(std::string_view body) {
    if (body[0] == '.' && command(body.substr(1))) return true;
    if (std::string_view(".ZCMX").find(body[0]) == kNone) return false;
    keep(body);   // local, character set, malformed or unknown ones
    return true;
  }

  bool command(std::string_view body) {
    if (body.size() < 2) return false;
    const std::string name = core::ascii_lower(body.substr(0, 2));
    const std::string_view argument = core::trim(body.substr(2));
    if (name == "br" && argument.empty()) {
      out_.push_back('\n');
      return true;
    }
    if (name == "sp" || name == "sk") {
      const auto n = argument.empty() ? 1 : core::to_int(argument.substr(argument[0] == '+'));
      if (!n || *n < 0 || *n > kEscapeBlanksMax) return false;
      out_.append(static_cast<std::size_t>(*n), name == "sp" ? '\n' : ' ');
      return true;
    }
    if (name != "in" && name != "ti" && name != "fi" && name != "nf" && name != "ce") return false;
    ++counted_;
    return true;
  }

  /// Neighbouring \Xhh..\ sequences are decoded together, as a character may be cut between them;
  /// if that fails each is decoded alone, and what fails then is kept. One pass either way.
  bool hex_run(std::size_t close) {
    std::vector<std::string_view> bodies;
    std::string together;
    std::string_view after = rest_;
    while (after[0] == 'X' && append_hex(after.substr(1, close - 1), together)) {
      bodies.push_back(after.substr(0, close));
      after.remove_prefix(close + 1);
      if (after.size() < 2 || after[0] != d_.escape || after[1] != 'X') break;
      close = after.find(d_.escape, 1);
      if (close == kNone) break;
      --close;
      after.remove_prefix(1);
    }
    if (bodies.empty()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(bodies.back().end() - rest_.begin()) + 1);
    if (auto text = to_utf8(together)) {
      out_.append(*text);
      return true;
    }
    for (const std::string_view body : bodies) put_hex(body);
    return true;
  }

  void put_hex(std::string_view body) {
    std::string bytes;
    append_hex(body.substr(1), bytes);
    if (auto text = to_utf8(bytes)) {
      out_.append(*text);
    } else {
      keep(body);
    }
  }

  void keep(std::string_view body) {
    ++counted_;
    out_.push_back(d_.escape);
    out_.append(body);
    out_.push_back(d_.escape);
  }

  std::optional<std::string> to_utf8(const std::string& bytes) const {
    if (d_.hex_charset == nullptr) {
      return core::is_valid_utf8(bytes) ? std::optional(bytes) : std::nullopt;
    }
    auto text = convert_to_utf8(bytes, d_.hex_charset);
    return text ? std::optional(std::move(*text)) : std::nullopt;
  }

  std::string_view rest_;
  const Delimiters& d_;
  std::string out_;
  int counted_ = 0;
};

}  // namespace

std::string unescape(std::string_view raw, const Delimiters& delimiters, int* dropped) {
  if (delimiters.escape == 0) return std::string(raw);
  Decoder decoder(raw, delimiters);
  std::string out = decoder.run();
  if (dropped != nullptr) *dropped += decoder.counted();
  return out;
}

std::string escape(std::string_view text, const Delimiters& d) {
  const auto name_of = [&d](char c) -> std::string_view {
    if (c == 0) return {};
    if (c == d.field) return "F";
    if (c == d.component) return "S";
    if (c == d.repetition) return "R";
    if (c == d.escape) return "E";
    if (c == d.subcomponent) return "T";
    if (c == d.truncation) return "P";
    if (c == '\r' || c == '\n') return ".br";
    return {};
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view name = name_of(text[i]);
    if (name.empty()) {
      out.push_back(text[i]);
    } else if (d.escape == 0) {
      out.push_back(' ');
    } else {
      out.append(1, d.escape).append(name).append(1, d.escape);
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
  }
  return out;
}

}  // namespace hl7
