#include <algorithm>
#include <fhir/json.hpp>
#include <vector>

#include "utf8.hpp"

namespace fhir {

namespace {

/// Up to here a new name is compared with each earlier one; larger objects are sorted at their end.
constexpr std::uint32_t kLinearNamesMax = 24;
/// Zeros behind the text: words are loaded from any place of it, and a NUL ends every scan.
constexpr std::size_t kPadding = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

/// One pass over a private copy of the text. Strings stay where they are in it; escapes are decoded
/// in place, as they only ever shrink. No recursion: depth costs nothing but an entry of open_.
class JsonReader {
 public:
  JsonReader(std::string_view json, Document& into) : arena_(into) {
    begin_ = static_cast<char*>(arena_.take(json.size() + kPadding, 1));
    if (!json.empty()) std::memcpy(begin_, json.data(), json.size());
    std::memset(begin_ + json.size(), 0, kPadding);
    at_ = begin_;
    end_ = begin_ + json.size();
  }

  core::Result<Node*> read() {
    Node* root = nullptr;
    if (read_value(root) && read_rest()) {
      skip_space();
      if (at_ == end_) return root;
      refuse("text after the end");
    }
    return core::fail(core::ErrorCode::kBadJson, refused_,
                      "offset " + std::to_string(at_ - begin_));
  }

 private:
  bool refuse(const char* why) {
    refused_ = why;
    return false;
  }
  void skip_space() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') ++at_;
  }
  bool take(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
        std::memcmp(at_, expected.data(), expected.size()) != 0) {
      return refuse("no value");
    }
    at_ += expected.size();
    return true;
  }

  bool read_value(Node*& made);
  bool read_rest();
  bool read_member();
  bool read_string(std::string_view& text);
  bool read_escape(char*& to);
  bool read_hex(unsigned& code);
  bool read_number(std::string_view& text);
  bool close(Node* parent);
  bool new_name(std::string_view name);

  Document& arena_;
  char* begin_;
  char* at_;
  char* end_;
  const char* refused_ = "";
  std::size_t depth_ = 0;
  Node* open_[kJsonDepthMax];
  std::uint64_t seen_[kJsonDepthMax];  ///< one bit for each name in the open object, by a hash
};

/// A scalar, or the start of a container, which then is open.
bool JsonReader::read_value(Node*& made) {
  skip_space();
  std::string_view text;
  switch (*at_) {
    case '{':
    case '[':
      if (depth_ == kJsonDepthMax) return refuse("nested too deeply");
      made = arena_.node(*at_ == '{' ? Node::Kind::kObject : Node::Kind::kArray);
      ++at_;
      seen_[depth_] = 0;
      open_[depth_++] = made;
      return true;
    case '"':
      if (!read_string(text)) return false;
      made = arena_.node(Node::Kind::kString, text);
      return true;
    case 't':
      made = arena_.node(Node::Kind::kBool, "true");
      return word("true");
    case 'f':
      made = arena_.node(Node::Kind::kBool, "false");
      return word("false");
    case 'n':
      made = arena_.node(Node::Kind::kNull);
      return word("null");
    default:
      if (!read_number(text)) return false;
      made = arena_.node(Node::Kind::kNumber, text);
      return true;
  }
}

/// Everything inside the containers that are open.
bool JsonReader::read_rest() {
  while (depth_ > 0) {
    Node* parent = open_[depth_ - 1];
    const bool object = parent->is_object();
    skip_space();
    if (take(object ? '}' : ']')) {
      if (!close(parent)) return false;
      continue;
    }
    if (parent->count > 0) {
      if (!take(',')) return refuse(object ? "no comma or }" : "no comma or ]");
      skip_space();
    }
    if (object && !read_member()) return false;
    Node* made = nullptr;
    if (!read_value(made)) return false;
    if (object) {
      parent->last_member->value = made;
    } else {
      arena_.append(parent, made);
    }
  }
  return true;
}

bool JsonReader::read_member() {
  std::string_view name;
  if (*at_ != '"') return refuse("no member name");
  if (!read_string(name) || !new_name(name)) return false;
  skip_space();
  if (!take(':')) return refuse("no colon");
  arena_.add(open_[depth_ - 1], name, nullptr);
  return true;
}

constexpr const char* kDuplicate = "a member name occurs twice in one object";

bool JsonReader::new_name(std::string_view name) {
  const Node* object = open_[depth_ - 1];
  if (object->count >= kLinearNamesMax) return true;  // close() looks
  std::size_t hash = name.size();
  if (!name.empty()) {
    hash += 7u * static_cast<unsigned char>(name.front()) +
            13u * static_cast<unsigned char>(name.back());
  }
  const std::uint64_t bit = std::uint64_t{1} << (hash & 63u);
  const bool fresh = (seen_[depth_ - 1] & bit) == 0;
  seen_[depth_ - 1] |= bit;
  return fresh || !object->find(name) || refuse(kDuplicate);
}

bool JsonReader::close(Node* parent) {
  --depth_;
  if (!parent->is_object() || parent->count <= kLinearNamesMax) return true;
  std::vector<std::string_view> names;
  names.reserve(parent->count);
  for (const Member* m = parent->first_member; m; m = m->next) names.push_back(m->name);
  std::sort(names.begin(), names.end());
  const bool twice = std::adjacent_find(names.begin(), names.end()) != names.end();
  return !twice || refuse(kDuplicate);
}

bool JsonReader::read_string(std::string_view& text) {
  char* const start = ++at_;
  char* to = start;  // lags behind at_ once an escape was decoded
  for (;;) {
    const std::uint64_t word = load_word(at_);
    const std::uint64_t stop =
        below_or_high(word, 0x20) | equal_to(word, '"') | equal_to(word, '\\');
    const std::size_t plain = first_flag(stop);
    if (to != at_) {
      std::memmove(to, at_, plain);
    }
    to += plain;
    at_ += plain;
    if (plain == 8) continue;
    if (*at_ == '"') {
      ++at_;
      text = {start, static_cast<std::size_t>(to - start)};
      return true;
    }
    if (*at_ == '\\') {
      if (!read_escape(to)) return false;
      continue;
    }
    if (static_cast<unsigned char>(*at_) < 0x20) {
      return refuse(at_ == end_ ? "a string does not end" : "a control character in a string");
    }
    const std::size_t length = utf8_length(at_, end_);
    if (length == 0) return refuse("malformed UTF-8");
    if (to != at_) std::memmove(to, at_, length);
    to += length;
    at_ += length;
  }
}

bool JsonReader::read_hex(unsigned& code) {
  code = 0;
  for (int n = 0; n < 4; ++n) {
    const char c = at_[n];
    unsigned digit = 0;
    if (is_digit(c)) {
      digit = static_cast<unsigned>(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      digit = static_cast<unsigned>((c | 0x20) - 'a') + 10;
    } else {
      return refuse("\\u needs four hexadecimal digits");
    }
    code = code << 4 | digit;
  }
  at_ += 4;
  return true;
}

bool JsonReader::read_escape(char*& to) {
  ++at_;
  constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
  const auto simple = kNames.find(*at_);
  if (simple != std::string_view::npos) {
    ++at_;
    *to++ = kValues[simple];
    return true;
  }
  unsigned code = 0;
  if (!take('u')) return refuse("unknown escape");
  if (!read_hex(code)) return false;
  if (code >= 0xD800 && code <= 0xDFFF) {
    unsigned low = 0;
    if (code > 0xDBFF || at_[0] != '\\' || at_[1] != 'u') return refuse("a lone surrogate");
    at_ += 2;
    if (!read_hex(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return refuse("a lone surrogate");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  to = put_utf8(code, to);
  return true;
}

bool JsonReader::read_number(std::string_view& text) {
  const char* const start = at_;
  const auto digits = [this] {
    if (!is_digit(*at_)) return false;
    while (is_digit(*at_)) ++at_;
    return true;
  };
  const bool minus = take('-');
  if (!take('0') && !digits()) return refuse(minus ? "a sign without digits" : "no value");
  if (take('.') && !digits()) return refuse("a point without digits");
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    if (!digits()) return refuse("an exponent without digits");
  }
  text = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

core::Result<Node*> parse_json(std::string_view json, Document& into) {
  if (json.size() > kJsonBytesMax) {
    return core::fail(core::ErrorCode::kBadJson, "longer than the limit",
                      "offset " + std::to_string(kJsonBytesMax));
  }
  return JsonReader(json, into).read();
}

}  // namespace fhir
