#include "connection.hpp"

namespace mllp {
namespace {

constexpr std::size_t kWriteBytesMax = 256 * 1024;   // of ready replies joined in one write

}  // namespace

/// Moves the ready replies at the front of the order into `out`. @return how many messages they
/// answer. A reply that closes is the last one.
std::size_t Connection::collect(std::string& out) {
  std::size_t answers = 0;
  while (!slots_.empty() && slots_.front().reply && out.size() < kWriteBytesMax) {
    const pipeline::Reply& reply = *slots_.front().reply;
    if (shared_->options.frames.commit_blocks) {
      append_frame(out, std::string_view(reply.stored ? &kCommitAck : &kCommitNak, 1));
    }
    for (const std::string& message : reply.messages) append_frame(out, message);
    if (!reply.messages.empty()) ++answers;
    const bool last = reply.close_after;
    pop_slot();
    if (!last) continue;
    set_reason(CloseReason::kHandler);
    failed_ = true;
    break;
  }
  return answers;
}

void Connection::pop_slot() {
  const Slot& slot = slots_.front();
  window_bytes_ -= slot.bytes;
  shared_->release(slot.reserved);
  slots_.pop_front();
  ++first_slot_;
}

net::Awaitable<void> Connection::write_loop() {
  std::string out;
  for (;;) {
    out.clear();
    const std::size_t before = slots_.size();
    const std::size_t answers = collect(out);
    if (!out.empty()) {
      auto written = co_await stream_->write_all(out, shared_->options.write_deadline);
      if (!written) {
        const bool late = written.error().code == core::ErrorCode::kTimeout;
        set_reason(late ? CloseReason::kWriteTimeout : CloseReason::kReset);
        shared_->undelivered.add(static_cast<double>(answers));
        break;
      }
      shared_->replies.add(static_cast<double>(answers));
      if (out.capacity() > kWriteBytesMax) out = std::string();
    }
    if (failed_) break;
    if (slots_.size() < before) {
      room_.set();
      continue;
    }
    if (slots_.empty() && input_ended_) co_return;
    co_await wake_.wait();
    if (failed_) break;
  }
  failed_ = true;
  stream_->end_input();
}

}  // namespace mllp
