#include "http_io.hpp"

#include <algorithm>
#include <cstring>

namespace net::detail {
namespace {
constexpr std::size_t kHttpBufferBytesMin = 4 * 1024;
constexpr std::size_t kHttpReadBytesMax = 64 * 1024;
}  // namespace

void HttpBuffer::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) clear();
}

// Unused bytes stay few: whoever reads refuses a head beyond its limit and consumes bodies at once.
void HttpBuffer::make_room() {
  if (begin_ > 0) {
    std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (data_.size() - end_ >= kHttpBufferBytesMin / 2) return;
  const std::size_t more = std::clamp(data_.size(), kHttpBufferBytesMin, kHttpReadBytesMax);
  data_.resize(data_.size() + more);
}

Awaitable<core::Result<std::size_t>> HttpBuffer::fill(ByteStream& stream,
                                                      std::chrono::milliseconds deadline) {
  make_room();
  const std::span<char> room(data_.data() + end_, data_.size() - end_);
  core::Result<std::size_t> got = co_await stream.read_some(room, deadline);
  if (got) {
    end_ += *got;
    // A read that filled everything tells of more to come: take bigger bites.
    if (*got == room.size() && data_.size() < kHttpReadBytesMax) {
      data_.resize(std::min(data_.size() * 2, kHttpReadBytesMax));
    }
  }
  co_return got;
}

std::chrono::milliseconds Deadline::left() const {
  const auto rest = end_ - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(rest), std::chrono::milliseconds(1));
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  const auto append_clean = [&out](std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      out += (byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c;
    }
  };
  append_clean(name);
  out += ": ";
  append_clean(value);
  out += "\r\n";
}

}  // namespace net::detail
