#include "scan.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace hl7::scan {

namespace {

enum Class : std::uint8_t { kData, kField, kRepetition, kComponent, kSubcomponent, kLine };

std::array<std::uint8_t, 256> class_table(const Delimiters& d) {
  std::array<std::uint8_t, 256> table{};
  const auto put = [&table](char c, Class value) {
    if (c != 0) table[static_cast<unsigned char>(c)] = value;
  };
  put(d.subcomponent, kSubcomponent);
  put(d.component, kComponent);
  put(d.repetition, kRepetition);
  put(d.field, kField);
  put('\r', kLine);
  put('\n', kLine);
  return table;
}

void index_portable(std::string_view text, std::size_t begin, char field, char repetition,
                    Index& out) {
  Delimiters d{.field = field, .component = 0, .repetition = repetition, .subcomponent = 0};
  const auto table = class_table(d);
  std::size_t line_first = 0;   // separators before the current line
  for (std::size_t step = begin; step < text.size(); step += 64) {
    out.reserve_step();
    const std::size_t stop = std::min(step + 64, text.size());
    for (std::size_t i = step; i < stop; ++i) {
      switch (table[static_cast<unsigned char>(text[i])]) {
        case kField: out.separators[out.separator_count++] = static_cast<std::uint32_t>(i); break;
        case kRepetition: ++out.repetitions; break;
        case kLine:
          out.lines.push_back({static_cast<std::uint32_t>(i),
                               static_cast<std::uint32_t>(out.separator_count)});
          line_first = out.separator_count;
          break;
        default: break;
      }
    }
    if (out.separator_count - line_first > kFieldsMax) {
      out.stop = Stop::kTooManyFields;
      return;
    }
    if (out.lines.size() > kLinesMax) {
      out.stop = Stop::kTooManyLines;
      return;
    }
  }
}

BoundaryCounts count_portable(std::string_view text, std::size_t begin, const Delimiters& d) {
  const auto table = class_table(d);
  std::array<std::uint64_t, 6> counts{};
  std::uint64_t crlf = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    ++counts[table[static_cast<unsigned char>(text[i])]];
    if (text[i] == '\n' && i > begin && text[i - 1] == '\r') ++crlf;
  }
  return {.segments = counts[kLine] - crlf,
          .fields = counts[kField],
          .repetitions = counts[kRepetition],
          .components = counts[kComponent],
          .subcomponents = counts[kSubcomponent]};
}

bool is_ascii_portable(std::string_view text) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    seen |= word;
  }
  for (; i < text.size(); ++i) seen |= static_cast<unsigned char>(text[i]);
  return (seen & 0x8080808080808080U) == 0;
}

}  // namespace

Index::Index(std::size_t text_bytes) {
  // A fifth of ordinary traffic is separators; large texts start small and double.
  separator_capacity = std::min<std::size_t>(text_bytes / 4, 65'536) + kStepSlots;
  separators = std::make_unique_for_overwrite<std::uint32_t[]>(separator_capacity);
  lines.reserve(std::min<std::size_t>(text_bytes / 32, 4'096) + 64);
}

void Index::grow_separators() {
  const std::size_t capacity = separator_capacity * 2;
  auto bigger = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
  std::copy_n(separators.get(), separator_count, bigger.get());
  separators = std::move(bigger);
  separator_capacity = capacity;
}

const Functions& portable() {
  static constexpr Functions functions{index_portable, count_portable, is_ascii_portable};
  return functions;
}

const Functions& best() {
  static const Functions& chosen = avx2() != nullptr ? *avx2() : portable();
  return chosen;
}

}  // namespace hl7::scan
