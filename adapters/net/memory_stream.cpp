#include <net/event.hpp>
#include <net/memory_stream.hpp>

#include <algorithm>
#include <cstring>
#include <string>

namespace net {
namespace {

/// One direction: bytes under way from one end to the other.
struct Pipe {
  Pipe(const boost::asio::any_io_executor& executor, std::size_t most)
      : capacity(most), readable(executor), writable(executor) {}
  std::string bytes;
  const std::size_t capacity;
  bool write_closed = false;   // the writer is gone: what is left can be read, then end
  bool read_closed = false;    // the reader is gone: writing fails
  Event readable, writable;
};

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(boost::asio::any_io_executor executor, std::shared_ptr<Pipe> in,
               std::shared_ptr<Pipe> out)
      : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { close(); }

  Awaitable<core::Result<std::size_t>> read_some(std::span<char> into,
                                                 std::chrono::milliseconds deadline) override {
    const auto pipe = in_;
    while (pipe->bytes.empty() && !pipe->write_closed && !closed_ && !input_ended_) {
      const bool ready = co_await pipe->readable.wait_for(deadline);
      if (ready) continue;
      close();
      co_return core::fail(core::ErrorCode::kTimeout, "deadline passed", peer());
    }
    if (closed_) co_return core::fail(core::ErrorCode::kUnreachable, "closed", peer());
    if (input_ended_) co_return std::size_t{0};
    const std::size_t n = std::min(into.size(), pipe->bytes.size());
    std::memcpy(into.data(), pipe->bytes.data(), n);
    pipe->bytes.erase(0, n);
    pipe->writable.set();
    co_return n;
  }

  Awaitable<core::Result<void>> write_all(std::string_view bytes,
                                          std::chrono::milliseconds deadline) override {
    const auto pipe = out_;
    while (!bytes.empty()) {
      if (closed_ || pipe->read_closed) {
        co_return core::fail(core::ErrorCode::kUnreachable, "closed", peer());
      }
      const std::size_t n = std::min(bytes.size(), pipe->capacity - pipe->bytes.size());
      pipe->bytes.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (n > 0) pipe->readable.set();
      if (bytes.empty()) break;
      const bool ready = co_await pipe->writable.wait_for(deadline);
      if (ready) continue;
      close();
      co_return core::fail(core::ErrorCode::kTimeout, "deadline passed", peer());
    }
    co_return core::Result<void>{};
  }

  void end_input() override {
    input_ended_ = true;
    in_->readable.set();
  }
  void close() override {
    if (closed_) return;
    closed_ = true;
    in_->read_closed = out_->write_closed = true;
    for (Event* event : {&in_->readable, &in_->writable, &out_->readable, &out_->writable}) {
      event->set();
    }
  }
  bool closed() const override { return closed_; }
  std::string peer() const override { return "memory"; }
  boost::asio::any_io_executor executor() override { return executor_; }

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<Pipe> in_, out_;
  bool closed_ = false;
  bool input_ended_ = false;
};

}  // namespace

std::pair<std::shared_ptr<ByteStream>, std::shared_ptr<ByteStream>> memory_stream_pair(
    const boost::asio::any_io_executor& executor, std::size_t capacity) {
  auto there = std::make_shared<Pipe>(executor, capacity);
  auto back = std::make_shared<Pipe>(executor, capacity);
  return {std::make_shared<MemoryStream>(executor, back, there),
          std::make_shared<MemoryStream>(executor, there, back)};
}

}  // namespace net
