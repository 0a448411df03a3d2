#pragma once
#include <hl7/message.hpp>

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mapping {

/// A bit for each byte of a message that parts a field (HL7 v2.5 2.5.4: component, subcomponent and
/// repetition separators), found in one pass: fields are walked several times, by several maps.
class DelimiterBits {
 public:
  /// `text` must stay where it is as long as next() is asked.
  void start(std::string_view text, const hl7::Delimiters& delimiters);

  /// The first separator from `at` on, `end` when there is none before it; both lie in the text.
  const char* next(const char* at, const char* end) const {
    const auto first = static_cast<std::size_t>(at - begin_);
    std::size_t word = first / 64;
    if (const std::uint64_t here = words_[word] >> first % 64; here != 0) {
      const char* const found = at + std::countr_zero(here);
      return found < end ? found : end;
    }
    const std::size_t last = static_cast<std::size_t>(end - begin_) / 64;
    while (++word <= last) {
      if (words_[word] == 0) continue;
      const char* const found = begin_ + word * 64 + std::countr_zero(words_[word]);
      return found < end ? found : end;
    }
    return end;
  }

 private:
  const char* begin_ = nullptr;
  std::vector<std::uint64_t> words_;   ///< one more than the text fills
};

}  // namespace mapping
