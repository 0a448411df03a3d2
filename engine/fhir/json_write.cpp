#include <fhir/json.hpp>

#include "utf8.hpp"

namespace fhir {

namespace {

/// Which bytes may stand in a JSON string as they are.
bool is_plain(char c) { return c >= 0x20 && c != '"' && c != '\\'; }

/// High bits where one of the eight bytes needs a second look.
std::uint64_t special_bytes(std::uint64_t word) {
  return below_or_high(word, 0x20) | equal_to(word, '"') | equal_to(word, '\\');
}

/// The first and last `Bytes` of a text of that length or up to twice it: both halves in two loads,
/// so that names and codes, nearly all of them short, need no loop.
template <class Word>
bool copy_plain(std::string_view text, char* to) {
  Word head = 0, tail = 0;
  const std::size_t last = text.size() - sizeof(Word);
  std::memcpy(&head, text.data(), sizeof head);
  std::memcpy(&tail, text.data() + last, sizeof tail);
  std::memcpy(to, &head, sizeof head);
  std::memcpy(to + last, &tail, sizeof tail);
  if constexpr (sizeof(Word) == 8) return (special_bytes(head) | special_bytes(tail)) == 0;
  return special_bytes(std::uint64_t{head} << 32 | tail) == 0;
}

/// Copies a text of up to 16 bytes; false when it has something to escape (or to check).
bool copy_short(std::string_view text, char* to) {
  if (text.size() >= 8) return copy_plain<std::uint64_t>(text, to);
  if (text.size() >= 4) return copy_plain<std::uint32_t>(text, to);
  bool plain = true;
  for (std::size_t n = 0; n < text.size(); ++n) {
    to[n] = text[n];
    plain &= is_plain(text[n]);
  }
  return plain;
}

/// As copy_short(), for more.
bool copy_long(std::string_view text, char* to) {
  std::uint64_t found = 0;
  const std::size_t last = text.size() - 8;
  for (std::size_t i = 0; i < last; i += 8) {
    const std::uint64_t word = load_word(text.data() + i);
    std::memcpy(to + i, &word, 8);
    found |= special_bytes(word);
  }
  const std::uint64_t tail = load_word(text.data() + last);
  std::memcpy(to + last, &tail, 8);
  return (found | special_bytes(tail)) == 0;
}

/// Appends to a string through a small buffer, so that most writes are a store and an addition.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { flush(); }

  void put(char c) {
    need(1);
    *at_++ = c;
  }
  void raw(std::string_view text) {
    if (text.size() > kBufferBytes / 2) {
      flush();
      out_.append(text);
      return;
    }
    need(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void quoted(std::string_view text);
  /// What stands before an object's value: `{` or `,`, the name and a colon.
  void name(char before, std::string_view text) {
    need(24);
    *at_++ = before;
    if (text.size() <= 16) {
      at_[0] = '"';
      if (copy_short(text, at_ + 1)) {
        at_ += text.size() + 3;
        at_[-2] = '"';
        at_[-1] = ':';
        return;
      }
    }
    quoted(text);
    put(':');
  }
  void spaces(std::size_t count) {
    for (; count > 0; --count) put(' ');
  }

 private:
  static constexpr std::size_t kBufferBytes = 4096;

  void need(std::size_t bytes) {
    if (static_cast<std::size_t>(buffer_ + kBufferBytes - at_) < bytes) flush();
  }
  void flush() {
    out_.append(buffer_, static_cast<std::size_t>(at_ - buffer_));
    at_ = buffer_;
  }
  const char* special(const char* at, const char* end);

  std::string& out_;
  char buffer_[kBufferBytes];
  char* at_ = buffer_;
};

void Writer::quoted(std::string_view text) {
  const bool fits = text.size() <= kBufferBytes / 4;
  need(fits ? text.size() + 2 : 18);
  *at_++ = '"';
  if (text.size() <= 16 ? copy_short(text, at_) : fits && copy_long(text, at_)) {
    at_ += text.size();
    *at_++ = '"';
    return;
  }
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    need(8);
    if (end - at >= 8) {
      const std::uint64_t word = load_word(at);
      const std::size_t plain = first_flag(special_bytes(word));
      std::memcpy(at_, &word, 8);
      at += plain;
      at_ += plain;
      if (plain == 8) continue;
    }
    if (is_plain(*at)) {
      *at_++ = *at++;
    } else {
      at = special(at, end);
    }
  }
  put('"');
}

/// One escape or one UTF-8 sequence; returns what follows it.
const char* Writer::special(const char* at, const char* end) {
  const auto byte = static_cast<unsigned char>(*at);
  if (byte >= 0x80) {
    const std::size_t length = utf8_length(at, end);
    raw(length ? std::string_view(at, length) : std::string_view("\xEF\xBF\xBD"));
    return at + (length ? length : 1);
  }
  switch (byte) {
    case '"': raw("\\\""); break;
    case '\\': raw("\\\\"); break;
    case '\b': raw("\\b"); break;
    case '\f': raw("\\f"); break;
    case '\n': raw("\\n"); break;
    case '\r': raw("\\r"); break;
    case '\t': raw("\\t"); break;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      const char code[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      raw({code, sizeof code});
    }
  }
  return at + 1;
}

void write(const Node* node, Writer& out) {
  if (node->shared && !node->is_leaf()) return out.raw(node->text);
  switch (node->kind) {
    case Node::Kind::kString: out.quoted(node->text); return;
    case Node::Kind::kNumber:
    case Node::Kind::kBool: out.raw(node->text); return;
    case Node::Kind::kNull: out.raw("null"); return;
    case Node::Kind::kObject: {
      char before = '{';
      for (const Member* m = node->first_member; m; m = m->next) {
        out.name(before, m->name);
        write(m->value, out);
        before = ',';
      }
      out.raw(node->first_member ? "}" : "{}");
      return;
    }
    case Node::Kind::kArray: {
      char before = '[';
      for (const Item* i = node->first_item; i; i = i->next) {
        out.put(before);
        write(i->value, out);
        before = ',';
      }
      out.raw(node->first_item ? "]" : "[]");
      return;
    }
  }
}

void pretty(const Node* node, std::size_t indent, Writer& out) {
  if (node->is_leaf() || node->count == 0) return write(node, out);
  const auto line = [&out](char before, std::size_t depth) {
    out.put(before);
    out.put('\n');
    out.spaces(2 * depth);
  };
  char before = node->is_object() ? '{' : '[';
  for (const Member* m = node->first_member; m; m = m->next) {
    line(before, indent + 1);
    out.quoted(m->name);
    out.raw(": ");
    pretty(m->value, indent + 1, out);
    before = ',';
  }
  for (const Item* i = node->first_item; i; i = i->next) {
    line(before, indent + 1);
    pretty(i->value, indent + 1, out);
    before = ',';
  }
  out.put('\n');
  out.spaces(2 * indent);
  out.put(node->is_object() ? '}' : ']');
}

}  // namespace

void write_json(const Node* node, std::string& out) {
  [[clang::uninitialized]] Writer writer(out);
  write(node, writer);
}

std::string pretty_json(const Node* node) {
  std::string out;
  {
    Writer writer(out);
    pretty(node, 0, writer);
    writer.put('\n');
  }
  return out;
}

void write_json_string(std::string_view text, std::string& out) {
  [[clang::uninitialized]] Writer writer(out);
  writer.quoted(text);
}

}  // namespace fhir
