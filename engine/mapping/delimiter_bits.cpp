#include "delimiter_bits.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>

namespace mapping {
namespace {

constexpr std::size_t kStep = 64;

#if defined(__SSE2__)
std::uint64_t bits_of(const char* at, const hl7::Delimiters& delimiters) {
  const __m128i a = _mm_set1_epi8(delimiters.component);
  const __m128i b = _mm_set1_epi8(delimiters.subcomponent);
  const __m128i c = _mm_set1_epi8(delimiters.repetition);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kStep; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    const __m128i found = _mm_or_si128(
        _mm_cmpeq_epi8(bytes, a), _mm_or_si128(_mm_cmpeq_epi8(bytes, b), _mm_cmpeq_epi8(bytes, c)));
    bits |= std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(found))} << i;
  }
  return bits;
}
#else
std::uint64_t bits_of(const char* at, const hl7::Delimiters& delimiters) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kStep; ++i) {
    const bool found = at[i] == delimiters.component || at[i] == delimiters.subcomponent ||
                       at[i] == delimiters.repetition;
    bits |= std::uint64_t{found} << i;
  }
  return bits;
}
#endif

}  // namespace

void DelimiterBits::start(std::string_view text, const hl7::Delimiters& delimiters) {
  begin_ = text.data();
  words_.resize(text.size() / kStep + 1);
  std::size_t at = 0;
  for (; at + kStep <= text.size(); at += kStep) {
    words_[at / kStep] = bits_of(begin_ + at, delimiters);
  }
  char rest[kStep] = {};
  std::copy(begin_ + at, begin_ + text.size(), rest);
  // Behind the text a separator that is not declared (0) is found: next() looks no further than it.
  words_[at / kStep] = bits_of(rest, delimiters);
}

}  // namespace mapping
