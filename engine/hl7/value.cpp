#include <hl7/escape.hpp>
#include <hl7/message.hpp>

#include <algorithm>

namespace hl7 {

namespace {

using detail::find_byte;
using Level = Value::Level;

/// Up to the separator; a separator of 0 is one the message does not declare.
std::string_view first_piece(std::string_view text, char separator) {
  return separator == 0 ? text : text.substr(0, find_byte(text, separator));
}

std::string_view piece(std::string_view text, char separator, int n) {
  if (n < 1 || (separator == 0 && n > 1)) return {};
  if (separator == 0) return text;
  for (; n > 1; --n) {
    const std::size_t at = find_byte(text, separator);
    if (at == text.size()) return {};
    text.remove_prefix(at + 1);
  }
  return first_piece(text, separator);
}

int count_pieces(std::string_view text, char separator) {
  if (text.empty()) return 0;
  if (separator == 0) return 1;
  return 1 + static_cast<int>(std::count(text.begin(), text.end(), separator));
}

}  // namespace

bool Value::valued() const {
  if (raw_.empty() || is_null()) return false;
  const Delimiters& d = delimiters_ != nullptr ? *delimiters_ : detail::kNoDelimiters;
  return std::any_of(raw_.begin(), raw_.end(), [&d](char c) {
    return c != d.component && c != d.repetition && c != d.subcomponent;
  });
}

int Value::repetition_count() const {
  if (raw_.empty()) return 0;
  if (level_ != Level::kField || delimiters_ == nullptr) return 1;
  return count_pieces(raw_, delimiters_->repetition);
}

Value Value::repetition(int n) const {
  if (level_ != Level::kField || delimiters_ == nullptr) return n == 1 ? *this : Value();
  return {piece(raw_, delimiters_->repetition, n), Level::kRepetition, delimiters_};
}

Value Value::child(int n) const {
  if (delimiters_ == nullptr) return n == 1 ? *this : Value();
  switch (level_) {
    case Level::kField:
      return {piece(first_piece(raw_, delimiters_->repetition), delimiters_->component, n),
              Level::kComponent, delimiters_};
    case Level::kRepetition:
      return {piece(raw_, delimiters_->component, n), Level::kComponent, delimiters_};
    case Level::kComponent:
      return {piece(raw_, delimiters_->subcomponent, n), Level::kSubcomponent, delimiters_};
    case Level::kSubcomponent:
      break;
  }
  return n == 1 ? *this : Value();
}

int Value::child_count() const {
  if (raw_.empty()) return 0;
  if (delimiters_ == nullptr) return 1;
  switch (level_) {
    case Level::kField:
      return count_pieces(first_piece(raw_, delimiters_->repetition), delimiters_->component);
    case Level::kRepetition: return count_pieces(raw_, delimiters_->component);
    case Level::kComponent: return count_pieces(raw_, delimiters_->subcomponent);
    case Level::kSubcomponent: break;
  }
  return 1;
}

std::string_view Value::text(std::string& scratch) const {
  if (is_null()) return {};
  if (delimiters_ == nullptr || delimiters_->escape == 0 ||
      find_byte(raw_, delimiters_->escape) == raw_.size()) {
    return raw_;
  }
  scratch = unescape(raw_, *delimiters_);
  return scratch;
}

std::string Value::text() const {
  std::string scratch;
  return std::string(text(scratch));
}

}  // namespace hl7
