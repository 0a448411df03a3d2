#pragma once
#include <core/result.hpp>

#include <string>
#include <string_view>

namespace schema {

/// Whole file as text. Errors: kIo. Limit: kSchemaFileBytesMax.
inline constexpr std::size_t kSchemaFileBytesMax = 16u * 1024 * 1024;
core::Result<std::string> read_text_file(const std::string& path);

/// Walks the lines of a schema file: comments and blank lines skipped, columns split by blanks.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  /// Moves to the next line; false at the end.
  bool next();
  char kind() const { return line_[0]; }
  /// Next blank-separated column; empty when there is none.
  std::string_view column();
  /// What is left of the line.
  std::string_view remainder() const { return columns_; }
  /// Next column as a number 0..99999; -1 when it is none.
  int number();
  int line_number() const { return line_number_; }

 private:
  std::string_view rest_, line_, columns_;
  int line_number_ = 0;
};

}  // namespace schema
