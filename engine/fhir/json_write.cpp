#include <fhir/json.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "utf8.hpp"

namespace fhir {

namespace {

/// Which bytes may stand in a JSON string as they are.
bool is_plain(char c) { return c >= 0x20 && c != '"' && c != '\\'; }

/// High bits where one of the eight bytes needs a second look.
std::uint64_t special_bytes(std::uint64_t word) {
  return below_or_high(word, 0x20) | equal_to(word, '"') | equal_to(word, '\\');
}

#if defined(__SSE2__)
/// Sixteen bytes in which nothing needs a second look. Compared as signed numbers, both control
/// characters and bytes of UTF-8 sequences lie below the space.
bool all_plain(__m128i bytes) {
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i shown = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1f));
  return _mm_movemask_epi8(_mm_andnot_si128(_mm_or_si128(quote, escape), shown)) == 0xffff;
}
bool all_plain(std::uint64_t head, std::uint64_t tail) {
  return all_plain(_mm_set_epi64x(static_cast<long long>(tail), static_cast<long long>(head)));
}
#else
bool all_plain(std::uint64_t head, std::uint64_t tail) {
  return (special_bytes(head) | special_bytes(tail)) == 0;
}
#endif

/// Copies a text of up to 16 bytes; false when it has something to escape (or to check). Names and
/// codes are nearly all so short: their first and last bytes in two loads, no loop.
inline bool copy_short(std::string_view text, char* to) {
  const std::size_t size = text.size();
  if (size >= 8) {
    const std::uint64_t head = load_word(text.data()), tail = load_word(text.data() + size - 8);
    std::memcpy(to, &head, 8);
    std::memcpy(to + size - 8, &tail, 8);
    return all_plain(head, tail);
  }
  if (size >= 4) {
    std::uint32_t head = 0, tail = 0;
    std::memcpy(&head, text.data(), 4);
    std::memcpy(&tail, text.data() + size - 4, 4);
    std::memcpy(to, &head, 4);
    std::memcpy(to + size - 4, &tail, 4);
    return special_bytes(std::uint64_t{head} << 32 | tail) == 0;
  }
  bool plain = true;
  for (std::size_t n = 0; n < size; ++n) {
    to[n] = text[n];
    plain &= is_plain(text[n]);
  }
  return plain;
}

/// As copy_short(), for more.
bool copy_long(std::string_view text, char* to) {
  const std::size_t last = text.size() - 16;
  bool plain = true;
  for (std::size_t i = 0; i < last; i += 16) plain &= copy_short(text.substr(i, 16), to + i);
  return copy_short(text.substr(last), to + last) && plain;
}

/// Appends to a string through a small buffer, so that most writes are a store and an addition. Who
/// writes carries the place `at` along and gets the next one back: kept in the object, it would be
/// read and stored with every byte, as a byte may be any object's.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  char* begin() { return buffer_; }
  /// Call last: what is in the buffer goes to the string.
  char* flush(char* at) {
    out_.append(buffer_, static_cast<std::size_t>(at - buffer_));
    return buffer_;
  }

  char* put(char c, char* at) {
    at = room(1, at);
    *at = c;
    return at + 1;
  }
  char* raw(std::string_view text, char* at) {
    if (text.size() > kBufferBytes / 2) {
      at = flush(at);
      out_.append(text);
      return at;
    }
    at = room(text.size(), at);
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }
  char* quoted(std::string_view text, char* at) {
    const bool fits = text.size() <= kBufferBytes / 4;
    at = room(fits ? text.size() + 2 : 1, at);
    *at = '"';
    if (text.size() <= 16 ? copy_short(text, at + 1) : fits && copy_long(text, at + 1)) {
      at += text.size() + 2;
      at[-1] = '"';
      return at;
    }
    return put('"', escaped(text, at + 1));
  }
  /// What stands before an object's value: `{` or `,`, the name and a colon.
  char* name(char before, std::string_view text, char* at) {
    at = room(24, at);
    *at++ = before;
    if (text.size() <= 16) {
      at[0] = '"';
      if (copy_short(text, at + 1)) {
        at += text.size() + 3;
        at[-2] = '"';
        at[-1] = ':';
        return at;
      }
    }
    return put(':', quoted(text, at));
  }
  char* spaces(std::size_t count, char* at) {
    for (; count > 0; --count) at = put(' ', at);
    return at;
  }

 private:
  static constexpr std::size_t kBufferBytes = 4096;

  char* room(std::size_t bytes, char* at) {
    return static_cast<std::size_t>(buffer_ + kBufferBytes - at) < bytes ? flush(at) : at;
  }
  char* escaped(std::string_view text, char* at);
  const char* special(const char* from, const char* end, char*& at);

  std::string& out_;
  char buffer_[kBufferBytes];
};

/// A text in which something has to be escaped, or is too long for the buffer.
char* Writer::escaped(std::string_view text, char* at) {
  const char* from = text.data();
  const char* end = from + text.size();
  while (from != end) {
    at = room(8, at);
    if (end - from >= 8) {
      const std::uint64_t word = load_word(from);
      const std::size_t plain = first_flag(special_bytes(word));
      std::memcpy(at, &word, 8);
      from += plain;
      at += plain;
      if (plain == 8) continue;
    }
    if (is_plain(*from)) {
      *at++ = *from++;
    } else {
      from = special(from, end, at);
    }
  }
  return at;
}

/// One escape or one UTF-8 sequence; returns what follows it.
const char* Writer::special(const char* from, const char* end, char*& at) {
  const auto byte = static_cast<unsigned char>(*from);
  if (byte >= 0x80) {
    const std::size_t length = utf8_length(from, end);
    at = raw(length ? std::string_view(from, length) : std::string_view("\xEF\xBF\xBD"), at);
    return from + (length ? length : 1);
  }
  switch (byte) {
    case '"': at = raw("\\\"", at); break;
    case '\\': at = raw("\\\\", at); break;
    case '\b': at = raw("\\b", at); break;
    case '\f': at = raw("\\f", at); break;
    case '\n': at = raw("\\n", at); break;
    case '\r': at = raw("\\r", at); break;
    case '\t': at = raw("\\t", at); break;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      const char code[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      at = raw({code, sizeof code}, at);
    }
  }
  return from + 1;
}

char* write(const Node* node, Writer& out, char* at) {
  if (node->kind == Node::Kind::kString) return out.quoted(node->text, at);
  if (node->shared && !node->is_leaf()) return out.raw(node->text, at);
  switch (node->kind) {
    case Node::Kind::kString: break;   // above: most values are
    case Node::Kind::kNumber:
    case Node::Kind::kBool: return out.raw(node->text, at);
    case Node::Kind::kNull: return out.raw("null", at);
    case Node::Kind::kObject: {
      if (!node->first_member) return out.raw("{}", at);
      char before = '{';
      for (const Member* m = node->first_member; m; m = m->next) {
        at = out.name(before, m->name, at);
        at = write(m->value, out, at);
        before = ',';
      }
      return out.put('}', at);
    }
    case Node::Kind::kArray: {
      if (!node->first_item) return out.raw("[]", at);
      char before = '[';
      for (const Item* i = node->first_item; i; i = i->next) {
        at = out.put(before, at);
        at = write(i->value, out, at);
        before = ',';
      }
      return out.put(']', at);
    }
  }
  return at;
}

char* pretty(const Node* node, std::size_t indent, Writer& out, char* at) {
  if (node->is_leaf() || node->count == 0) return write(node, out, at);
  const auto line = [&out](char before, std::size_t depth, char* to) {
    return out.spaces(2 * depth, out.put('\n', out.put(before, to)));
  };
  char before = node->is_object() ? '{' : '[';
  for (const Member* m = node->first_member; m; m = m->next) {
    at = out.quoted(m->name, line(before, indent + 1, at));
    at = pretty(m->value, indent + 1, out, out.raw(": ", at));
    before = ',';
  }
  for (const Item* i = node->first_item; i; i = i->next) {
    at = pretty(i->value, indent + 1, out, line(before, indent + 1, at));
    before = ',';
  }
  at = out.spaces(2 * indent, out.put('\n', at));
  return out.put(node->is_object() ? '}' : ']', at);
}

}  // namespace

void write_json(const Node* node, std::string& out) {
  [[clang::uninitialized]] Writer writer(out);
  writer.flush(write(node, writer, writer.begin()));
}

std::string pretty_json(const Node* node) {
  std::string out;
  [[clang::uninitialized]] Writer writer(out);
  writer.flush(writer.put('\n', pretty(node, 0, writer, writer.begin())));
  return out;
}

void write_json_string(std::string_view text, std::string& out) {
  [[clang::uninitialized]] Writer writer(out);
  writer.flush(writer.quoted(text, writer.begin()));
}

}  // namespace fhir
