#include "text_file.hpp"

#include <cstdio>
#include <memory>

namespace schema {

core::Result<std::string> read_text_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) return core::fail(core::ErrorCode::kIo, "cannot open schema file", path);
  std::string text;
  std::size_t used = 0;
  for (;;) {
    text.resize(used + 256 * 1024);
    const std::size_t got = std::fread(text.data() + used, 1, text.size() - used, file.get());
    used += got;
    if (got == 0) break;
    if (used > kSchemaFileBytesMax) {
      return core::fail(core::ErrorCode::kIo, "schema file too large", path);
    }
  }
  if (std::ferror(file.get()) != 0) {
    return core::fail(core::ErrorCode::kIo, "cannot read schema file", path);
  }
  text.resize(used);
  text.shrink_to_fit();   // versions keep theirs
  return text;
}

bool LineReader::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    ++line_number_;
    if (line_.empty() || line_[0] == '#') continue;
    columns_ = line_;
    column();
    return true;
  }
  return false;
}

std::string_view LineReader::column() {
  const std::size_t end = columns_.find(' ');
  const std::string_view result = columns_.substr(0, end);
  columns_ = end == std::string_view::npos ? std::string_view() : columns_.substr(end + 1);
  return result;
}

int LineReader::number() {
  const std::string_view text = column();
  if (text.empty() || text.size() > 6) return -1;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace schema
