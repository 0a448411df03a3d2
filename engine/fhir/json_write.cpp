#include <array>
#include <bit>
#include <fhir/json.hpp>

#include "utf8.hpp"

namespace fhir {

namespace {

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
  void spaces(std::size_t count) {
    for (; count > 0; --count) put(' ');
  }

 private:
  static constexpr std::size_t kBufferBytes = 4096;

  void need(std::size_t bytes) {
    if (static_cast<std::size_t>(buffer_.data() + kBufferBytes - at_) < bytes) flush();
  }
  void flush() {
    out_.append(buffer_.data(), static_cast<std::size_t>(at_ - buffer_.data()));
    at_ = buffer_.data();
  }
  const char* special(const char* at, const char* end);

  std::string& out_;
  std::array<char, kBufferBytes> buffer_;
  char* at_ = buffer_.data();
};

/// Which bytes may stand in a JSON string as they are.
bool is_plain(char c) { return c >= 0x20 && c != '"' && c != '\\'; }

void Writer::quoted(std::string_view text) {
  put('"');
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    need(8);
    if (end - at >= 8) {
      const std::uint64_t word = load_word(at);
      const std::uint64_t stop =
          below_or_high(word, 0x20) | equal_to(word, '"') | equal_to(word, '\\');
      std::memcpy(at_, at, 8);
      if constexpr (std::endian::native == std::endian::little) {
        const std::size_t plain = stop ? static_cast<std::size_t>(std::countr_zero(stop)) / 8 : 8;
        at += plain;
        at_ += plain;
        if (plain == 8) continue;
      } else if (stop == 0) {
        at += 8;
        at_ += 8;
        continue;
      }
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
  switch (node->kind) {
    case Node::Kind::kString: out.quoted(node->text); return;
    case Node::Kind::kNumber:
    case Node::Kind::kBool: out.raw(node->text); return;
    case Node::Kind::kNull: out.raw("null"); return;
    case Node::Kind::kObject: {
      char before = '{';
      for (const Member* m = node->first_member; m; m = m->next) {
        out.put(before);
        out.quoted(m->name);
        out.put(':');
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
  Writer writer(out);
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
  Writer writer(out);
  writer.quoted(text);
}

}  // namespace fhir
