#pragma once
#include <net/byte_stream.hpp>

#include <chrono>
#include <string_view>
#include <vector>

namespace net::detail {

/// What was read from a stream and not used yet. Small while idle, grows while a lot comes.
class HttpBuffer {
 public:
  std::string_view view() const { return {data_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t count);
  void clear() { begin_ = end_ = 0; }

  /// Reads once. @return the bytes added, 0 at the end of the stream.
  Awaitable<core::Result<std::size_t>> fill(ByteStream& stream, std::chrono::milliseconds deadline);

 private:
  void make_room();

  std::vector<char> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// One limit for several waits.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds whole)
      : end_(std::chrono::steady_clock::now() + whole) {}
  bool passed() const { return std::chrono::steady_clock::now() >= end_; }
  /// At least a millisecond, so that a wait begun in time also is one.
  std::chrono::milliseconds left() const;

 private:
  std::chrono::steady_clock::time_point end_;
};

/// `text` without what could end a line: header values come from handlers and configuration.
void append_header(std::string& out, std::string_view name, std::string_view value);

}  // namespace net::detail
