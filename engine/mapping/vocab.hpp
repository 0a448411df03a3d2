#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace mapping {

inline constexpr std::size_t kVocabRowsMax = 100'000;

struct VocabRow {
  std::string_view from;      ///< v2 code
  std::string_view code;      ///< empty: known, has no target
  std::string_view display;
  std::string_view system;
};

/// A code table: open addressing over string views. Thread: any, after build().
class Vocab {
 public:
  enum class Unmapped : std::uint8_t { kWarn, kQueue, kError, kIgnore };

  std::string_view name;
  std::string_view table;     ///< "HL70085"
  std::string_view to;        ///< code system of the targets
  std::string_view fallback;  ///< vocab `default`
  bool has_fallback = false;
  bool keep_original = false;
  bool ignore_case = false;
  Unmapped unmapped = Unmapped::kWarn;
  std::uint32_t info = 0;

  /// Adds a row known to be new; put() also replaces.
  void add(const VocabRow& row) { rows_.push_back(row); }
  void put(const VocabRow& row);
  bool erase(std::string_view from);
  void build();
  const VocabRow* find(std::string_view code) const;
  const std::vector<VocabRow>& rows() const { return rows_; }

 private:
  std::uint64_t hash(std::string_view code) const;
  bool same(std::string_view a, std::string_view b) const;

  std::vector<VocabRow> rows_;
  std::vector<std::uint32_t> slots_;
};

}  // namespace mapping
