#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace fhir::path {

struct Token {
  enum class Kind { kEnd, kName, kQuotedName, kString, kNumber, kDate, kTime, kSymbol, kBad };
  Kind kind = Kind::kEnd;
  std::string text;     ///< decoded; for kBad what is wrong
  std::size_t at = 0;   ///< 0-based offset
};

/// Splits an expression into tokens; white space and comments vanish.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();

 private:
  void skip_space();
  Token quoted(char quote, Token::Kind kind);
  Token number();
  Token date();
  Token symbol();
  char peek(std::size_t n = 0) const { return at_ + n < text_.size() ? text_[at_ + n] : '\0'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace fhir::path
