#include "path_lexer.hpp"

#include "utf8.hpp"

namespace fhir::path {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '%';
}
bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

}  // namespace

void Lexer::skip_space() {
  for (;;) {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      while (at_ < text_.size() && peek() != '\n') ++at_;
    } else if (c == '/' && peek(1) == '*') {
      const auto end = text_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? text_.size() : end + 2;
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_space();
  const std::size_t start = at_;
  const char c = peek();
  if (at_ >= text_.size()) return {Token::Kind::kEnd, {}, start};
  if (c == '\'' || c == '"') return quoted(c, Token::Kind::kString);
  if (c == '`') return quoted(c, Token::Kind::kQuotedName);
  if (c == '@') return date();
  if (is_digit(c)) return number();
  if (starts_name(c)) {
    ++at_;
    while (in_name(peek())) ++at_;
    return {Token::Kind::kName, std::string(text_.substr(start, at_ - start)), start};
  }
  return symbol();
}

Token Lexer::quoted(char quote, Token::Kind kind) {
  Token token{kind, {}, at_++};
  while (at_ < text_.size() && peek() != quote) {
    char c = text_[at_++];
    if (c != '\\') {
      token.text += c;
      continue;
    }
    c = peek();
    ++at_;
    constexpr std::string_view kNames = "'\"`\\/fnrt", kValues = "'\"`\\/\f\n\r\t";
    const auto simple = kNames.find(c);
    if (c != '\0' && simple != std::string_view::npos) {
      token.text += kValues[simple];
      continue;
    }
    unsigned code = 0;
    bool good = c == 'u';
    for (int n = 0; n < 4 && good; ++n, ++at_) {
      const auto digit =
          std::string_view("0123456789abcdef").find(static_cast<char>(peek() | 0x20));
      good = digit != std::string_view::npos;
      code = code << 4 | static_cast<unsigned>(digit & 15u);
    }
    if (!good || (code >= 0xD800 && code <= 0xDFFF)) return {Token::Kind::kBad, "bad escape", at_};
    char bytes[4];
    token.text.append(bytes, put_utf8(code, bytes));
  }
  if (at_ >= text_.size()) return {Token::Kind::kBad, "a quote is not closed", token.at};
  ++at_;
  return token;
}

Token Lexer::number() {
  const std::size_t start = at_;
  while (is_digit(peek())) ++at_;
  if (peek() == '.' && is_digit(peek(1))) {
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  return {Token::Kind::kNumber, std::string(text_.substr(start, at_ - start)), start};
}

Token Lexer::date() {
  const std::size_t start = at_++;
  const bool time = peek() == 'T';
  if (time) ++at_;
  const std::size_t from = at_;
  while (is_digit(peek()) || peek() == '-' || peek() == '+' || peek() == ':' || peek() == 'T' ||
         peek() == 'Z' || (peek() == '.' && is_digit(peek(1)))) {
    ++at_;
  }
  std::string text(text_.substr(from, at_ - from));
  if (text.empty()) return {Token::Kind::kBad, "no date after @", start};
  if (text.back() == 'T') text.pop_back();  // @2026T: a dateTime to the year
  return {time ? Token::Kind::kTime : Token::Kind::kDate, std::move(text), start};
}

Token Lexer::symbol() {
  const std::size_t start = at_;
  const std::string_view two = text_.substr(at_, 2);
  const bool pair = two == "!=" || two == "!~" || two == "<=" || two == ">=";
  if (!pair && std::string_view(".[](){},|=~<>+-&*/").find(two[0]) == std::string_view::npos) {
    return {Token::Kind::kBad, "unexpected character", start};
  }
  at_ += pair ? 2 : 1;
  return {Token::Kind::kSymbol, std::string(text_.substr(start, at_ - start)), start};
}

}  // namespace fhir::path
