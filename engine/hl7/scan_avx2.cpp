// The AVX2 form of scan.hpp. Only functions marked CW_AVX2 use the instructions, so the program
// still runs where they are missing; avx2() returns null there.
#include "scan.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>
#include <cstring>

#define CW_AVX2 __attribute__((target("avx2,bmi,popcnt")))

namespace hl7::scan {

namespace {

struct Block {
  __m256i low, high;
};

CW_AVX2 inline Block load(const char* at) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))};
}

/// Fewer than 64 bytes, padded with 0: a declared delimiter is never 0, others are not counted.
CW_AVX2 Block load_last(const char* at, std::size_t size) {
  char padded[64] = {};
  std::memcpy(padded, at, size);
  return load(padded);
}

/// A bit for each of the 64 bytes that equals `c`.
CW_AVX2 inline std::uint64_t match(const Block& block, __m256i c) {
  const auto low =
      static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(block.low, c)));
  const auto high =
      static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(block.high, c)));
  return low | (static_cast<std::uint64_t>(high) << 32);
}

CW_AVX2 inline std::uint64_t match_either(const Block& block, __m256i a, __m256i b) {
  const __m256i low = _mm256_or_si256(_mm256_cmpeq_epi8(block.low, a),
                                      _mm256_cmpeq_epi8(block.low, b));
  const __m256i high = _mm256_or_si256(_mm256_cmpeq_epi8(block.high, a),
                                       _mm256_cmpeq_epi8(block.high, b));
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         (static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32);
}

/// Writes base + place of each set bit. Eight at a time without a test, so up to seven slots
/// beyond the last one are overwritten (Index::kStepSlots leaves room).
CW_AVX2 inline void put_bits(std::uint32_t* out, std::uint64_t bits, std::uint32_t base) {
  for (int left = std::popcount(bits); left > 0; left -= 8) {
    for (int k = 0; k < 8; ++k) {
      out[k] = base + static_cast<std::uint32_t>(_tzcnt_u64(bits));
      bits = _blsr_u64(bits);
    }
    out += 8;
  }
}

CW_AVX2 inline void put_lines(Index& out, std::uint64_t lines, std::uint64_t fields,
                              std::uint32_t base) {
  while (lines != 0) {
    const std::uint64_t below = _blsmsk_u64(lines) & fields;
    out.lines.push_back(
        {base + static_cast<std::uint32_t>(_tzcnt_u64(lines)),
         static_cast<std::uint32_t>(out.separator_count) +
             static_cast<std::uint32_t>(std::popcount(below))});
    lines = _blsr_u64(lines);
  }
}

CW_AVX2 void index_avx2(std::string_view text, std::size_t begin, char field, char repetition,
                        Index& out) {
  const __m256i field_c = _mm256_set1_epi8(field);
  const __m256i cr = _mm256_set1_epi8('\r');
  const __m256i lf = _mm256_set1_epi8('\n');
  const __m256i repetition_c = _mm256_set1_epi8(repetition != 0 ? repetition : '\r');
  std::uint64_t repetitions = 0;
  std::size_t line_first = 0;
  for (std::size_t i = begin; i < text.size(); i += 64) {
    const char* at = text.data() + i;
    out.reserve_step();
    const Block block = text.size() - i < 64 ? load_last(at, text.size() - i) : load(at);
    const std::uint64_t fields = match(block, field_c);
    const std::uint64_t lines = match_either(block, cr, lf);
    repetitions += static_cast<std::uint64_t>(std::popcount(match(block, repetition_c)));
    const auto base = static_cast<std::uint32_t>(i);
    put_bits(out.separators.get() + out.separator_count, fields, base);
    if (lines != 0) {
      put_lines(out, lines, fields, base);
      line_first = out.lines.back().separators_before;
      if (out.lines.size() > kLinesMax) out.stop = Stop::kTooManyLines;
    }
    out.separator_count += static_cast<std::size_t>(std::popcount(fields));
    if (out.separator_count - line_first > kFieldsMax) out.stop = Stop::kTooManyFields;
    if (out.stop != Stop::kNone) break;
  }
  out.repetitions = repetition != 0 ? repetitions : 0;
}

CW_AVX2 BoundaryCounts count_avx2(std::string_view text, std::size_t begin, const Delimiters& d) {
  const char chars[] = {d.field, d.repetition, d.component, d.subcomponent};
  __m256i wanted[4];
  std::uint64_t counts[4] = {};
  for (int k = 0; k < 4; ++k) wanted[k] = _mm256_set1_epi8(chars[k]);
  const __m256i cr = _mm256_set1_epi8('\r');
  const __m256i lf = _mm256_set1_epi8('\n');
  std::uint64_t lines = 0;
  std::uint64_t cr_before = 0;   // 1 when the block before ended with CR
  for (std::size_t i = begin; i < text.size(); i += 64) {
    const char* at = text.data() + i;
    const Block block = text.size() - i < 64 ? load_last(at, text.size() - i) : load(at);
    for (int k = 0; k < 4; ++k) {
      counts[k] += static_cast<std::uint64_t>(std::popcount(match(block, wanted[k])));
    }
    const std::uint64_t crs = match(block, cr);
    const std::uint64_t lfs = match(block, lf);
    const std::uint64_t crlf = lfs & ((crs << 1) | cr_before);
    lines += static_cast<std::uint64_t>(std::popcount(crs | (lfs & ~crlf)));
    cr_before = crs >> 63;
  }
  for (int k = 0; k < 4; ++k) {
    if (chars[k] == 0) counts[k] = 0;
  }
  return {.segments = lines,
          .fields = counts[0],
          .repetitions = counts[1],
          .components = counts[2],
          .subcomponents = counts[3]};
}

CW_AVX2 bool is_ascii_avx2(std::string_view text) {
  std::size_t i = 0;
  for (; i + 64 <= text.size(); i += 64) {
    const Block block = load(text.data() + i);
    if (_mm256_movemask_epi8(_mm256_or_si256(block.low, block.high)) != 0) return false;
  }
  return portable().is_ascii(text.substr(i));
}

}  // namespace

const Functions* avx2() {
  static constexpr Functions functions{index_avx2, count_avx2, is_ascii_avx2};
  static const bool supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                                __builtin_cpu_supports("popcnt");
  return supported ? &functions : nullptr;
}

}  // namespace hl7::scan

#else

namespace hl7::scan {
const Functions* avx2() { return nullptr; }
}  // namespace hl7::scan

#endif
