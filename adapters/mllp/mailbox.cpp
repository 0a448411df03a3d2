#include "mailbox.hpp"

#include <boost/asio/post.hpp>

namespace mllp {

void Mailbox::put(std::uint64_t number, pipeline::Reply reply) {
  std::lock_guard lock(mutex_);
  if (closed_) {
    if (!reply.messages.empty()) undelivered_.add();
    return;
  }
  letters_.emplace_back(number, std::move(reply));
  if (waking_) return;
  waking_ = true;
  // Under the lock: the connection, and with it the io thread's queue, cannot be gone meanwhile.
  boost::asio::post(executor_, [self = shared_from_this()] {
    {
      std::lock_guard inner(self->mutex_);
      self->waking_ = false;
      if (self->closed_) return;
    }
    self->wake_();
  });
}

std::vector<Mailbox::Letter> Mailbox::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(letters_, {});
}

void Mailbox::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (const Letter& letter : letters_) {
    if (!letter.second.messages.empty()) undelivered_.add();
  }
  letters_.clear();
  wake_ = nullptr;
}

}  // namespace mllp
