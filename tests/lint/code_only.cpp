#include "rules.hpp"

namespace lint {

namespace {

class Stripper {
 public:
  explicit Stripper(std::string_view source) : in_(source), out_(source) {}

  std::string run() {
    while (at_ < in_.size()) {
      if (starts("#include")) {
        skip_line();
      } else if (starts("//")) {
        blank(line_end());
      } else if (starts("/*")) {
        blank(after("*/", at_ + 2));
      } else if (starts("R\"") && !word_before()) {
        raw_string();
      } else if (in_[at_] == '"') {
        literal('"');
      } else if (in_[at_] == '\'' && !digit_before()) {
        literal('\'');
      } else {
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  bool starts(std::string_view what) const { return in_.substr(at_).starts_with(what); }
  static bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
  bool word_before() const { return at_ > 0 && word(in_[at_ - 1]); }
  /// 1'000 is no character literal.
  bool digit_before() const { return word_before(); }
  std::size_t line_end() const {
    const std::size_t end = in_.find('\n', at_);
    return end == std::string_view::npos ? in_.size() : end;
  }
  std::size_t after(std::string_view what, std::size_t from) const {
    const std::size_t found = in_.find(what, from);
    return found == std::string_view::npos ? in_.size() : found + what.size();
  }
  void skip_line() { at_ = line_end(); }
  void blank(std::size_t end) {
    for (; at_ < end; ++at_) {
      if (in_[at_] != '\n') out_[at_] = ' ';
    }
  }
  void raw_string() {
    const std::size_t open = in_.find('(', at_);
    if (open == std::string_view::npos) return blank(in_.size());
    const std::string close = ")" + std::string(in_.substr(at_ + 2, open - at_ - 2)) + "\"";
    blank(after(close, open));
  }
  void literal(char quote) {
    std::size_t end = at_ + 1;
    while (end < in_.size() && in_[end] != quote && in_[end] != '\n') {
      end += in_[end] == '\\' ? 2 : 1;
    }
    // A quote stays on both sides, so that `f("x")` still has an argument.
    out_[at_] = quote;
    ++at_;
    blank(std::min(end, in_.size()));
    if (at_ < in_.size()) ++at_;
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
};

}  // namespace

std::string code_only(std::string_view source) { return Stripper(source).run(); }

}  // namespace lint
