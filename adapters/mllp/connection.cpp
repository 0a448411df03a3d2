#include "connection.hpp"

#include <core/hash.hpp>
#include <core/log.hpp>
#include <net/at_end.hpp>

#include <algorithm>

namespace mllp {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;

constexpr std::size_t kReadBytesMin = 4 * 1024;
constexpr std::size_t kReadBytesMax = 64 * 1024;
constexpr int kSmallReadsToShrink = 32;
constexpr std::size_t kLargeFrameBytes = 64 * 1024;
constexpr auto kRoomPoll = 20ms;
constexpr auto kClosedPoll = 100ms;

bool looks_like_xml(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const auto first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '<';
}

}  // namespace

Connection::Connection(std::shared_ptr<Shared> shared, std::shared_ptr<net::ByteStream> stream)
    : shared_(std::move(shared)), stream_(std::move(stream)), peer_(stream_->peer()),
      decoder_(shared_->options.frames), buffer_(kReadBytesMin, '\0'), room_(stream_->executor()),
      wake_(stream_->executor()), written_(stream_->executor()), timer_(stream_->executor()) {}

Connection::~Connection() {
  if (mailbox_) mailbox_->close();
  shared_->release(reserved_);
  for (const Slot& slot : slots_) shared_->release(slot.reserved);
}

void Connection::set_reason(CloseReason reason) {
  if (!reason_) reason_ = reason;
}

net::Awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  self->mailbox_ = std::make_shared<Mailbox>(
      self->stream_->executor(), self->shared_->undelivered,
      [weak = std::weak_ptr<Connection>(self)] {
        if (auto alive = weak.lock()) alive->on_letters();
      });
  auto writer = [](std::shared_ptr<Connection> connection) -> net::Awaitable<void> {
    net::AtEnd done([&connection] {
      connection->writer_done_ = true;
      connection->failed_ = true;
      connection->written_.set();
      connection->room_.set();
    });
    co_await connection->write_loop();
  };
  self->shared_->runtime.spawn(self->stream_->executor(), "mllp-writer", writer(self));
  co_await self->read_loop();
  self->input_ended_ = true;
  self->wake_.set();
  while (!self->writer_done_) {
    co_await self->written_.wait_for(kClosedPoll);
    if (!self->stream_->closed() || self->failed_) continue;
    self->failed_ = true;
    self->wake_.set();
  }
  self->mailbox_->close();
  for (const Slot& slot : self->slots_) {
    if (slot.reply && !slot.reply->messages.empty()) self->shared_->undelivered.add();
  }
  self->timer_.cancel();
  self->stream_->close();
  const auto reason = static_cast<std::size_t>(self->reason_.value_or(CloseReason::kPeerClosed));
  self->shared_->closed[reason]->add();
  const bool usual = reason <= static_cast<std::size_t>(CloseReason::kIdle);
  core::log(usual ? core::LogLevel::kDebug : core::LogLevel::kWarn, "mllp-closed",
            {{"listener", self->shared_->listener}, {"peer", self->peer_},
             {"reason", kCloseReasons[reason]}, {"frames", self->decoder_.counters().frames}});
}

net::Awaitable<void> Connection::read_loop() {
  for (;;) {
    set_read_deadline();
    reading_ = true;
    auto n = co_await stream_->read_some(buffer_, net::kNoDeadline);
    reading_ = false;
    if (!n || *n == 0) {
      on_end_of_input(!n);
      co_return;
    }
    decoder_.feed(std::string_view(buffer_).substr(0, *n));
    const bool go_on = co_await use_up_input();
    note_anomalies();
    if (!go_on) co_return;
    const bool room = co_await make_room_for_large_frame();
    if (!room) co_return;
    fit_buffer(*n);
  }
}

/// Hands in every frame that is there, waiting when the window is full. @return false to end.
net::Awaitable<bool> Connection::use_up_input() {
  for (;;) {
    const FrameEvent event = decoder_.next();
    if (event.kind == FrameEvent::Kind::kNeedMore) co_return !failed_;
    if (!on_event(event)) co_return false;
    while (!failed_ && (slots_.size() >= shared_->options.window_frames_max ||
                        window_bytes_ >= shared_->options.window_bytes_max)) {
      co_await room_.wait();
    }
    if (failed_) co_return false;
  }
}

net::Awaitable<bool> Connection::make_room_for_large_frame() {
  const std::size_t kept = decoder_.inside_frame() ? decoder_.progress_kept().size() : 0;
  if (kept <= kLargeFrameBytes) {
    shared_->release(reserved_);
    reserved_ = 0;
    co_return true;
  }
  if (kept <= reserved_) co_return true;
  const std::size_t more = kept - reserved_;
  const auto until = std::chrono::steady_clock::now() + shared_->options.frame_deadline;
  while (!shared_->reserve(more)) {
    if (failed_ || stream_->closed()) co_return false;
    if (std::chrono::steady_clock::now() >= until) {
      set_reason(CloseReason::kMemory);
      submit_fault({ErrorCode::kBusy, "no memory left for large frames", {}},
                   std::string(decoder_.progress_prefix()));
      co_return false;
    }
    co_await net::sleep_for(kRoomPoll);
  }
  reserved_ += more;
  co_return true;
}

bool Connection::on_event(const FrameEvent& event) {
  using Kind = FrameEvent::Kind;
  frame_began_.reset();   // what is in progress after this event is another frame
  if (event.kind == Kind::kCommitAck || event.kind == Kind::kCommitNak) return true;
  if (event.kind == Kind::kFrame) {
    submit(event);
    return true;
  }
  const std::string& where = event.fault.where;
  if (event.fatal) {
    if (where == "http" || where == "tls") {
      set_reason(where == "http" ? CloseReason::kHttp : CloseReason::kTls);
      return false;
    }
    set_reason(where == "junk" ? CloseReason::kJunk : CloseReason::kTooLong);
  }
  submit_fault(event.fault, decoder_.take(event));
  return !event.fatal;
}

void Connection::submit(const FrameEvent& event) {
  shared_->frames.add();
  pipeline::Inbound inbound;
  inbound.feed = shared_->options.feed;
  inbound.peer = peer_;
  inbound.bytes = decoder_.take(event);
  inbound.xml = looks_like_xml(inbound.bytes);
  auto done = open_slot(inbound.bytes.size());
  shared_->handler.submit(std::move(inbound), std::move(done));
}

void Connection::submit_fault(core::Error fault, std::string prefix) {
  auto done = open_slot(prefix.size());
  shared_->handler.submit_fault(shared_->options.feed, peer_, std::move(fault), std::move(prefix),
                                std::move(done));
}

std::function<void(pipeline::Reply)> Connection::open_slot(std::size_t bytes) {
  const std::uint64_t number = first_slot_ + slots_.size();
  Slot slot;
  slot.bytes = bytes;
  slot.reserved = std::exchange(reserved_, 0);
  slots_.push_back(std::move(slot));
  window_bytes_ += bytes;
  return [mailbox = mailbox_, number](pipeline::Reply reply) {
    mailbox->put(number, std::move(reply));
  };
}

/// The peer ended, a deadline passed, or the listener drains.
void Connection::on_end_of_input(bool reset) {
  if (expired_) {
    set_reason(frame_wait_ ? CloseReason::kFrameTimeout : CloseReason::kIdle);
    if (!frame_wait_) return;
    const std::string prefix(decoder_.progress_prefix());
    submit_fault({ErrorCode::kFrameTimeout, "the frame did not end in time", {}}, prefix);
    return;
  }
  const bool drain = shared_->draining && !reset;
  set_reason(reset ? CloseReason::kReset : drain ? CloseReason::kDrain : CloseReason::kPeerClosed);
  if (decoder_.inside_frame()) {
    const std::uint64_t hash = core::stable_hash(decoder_.progress_kept());
    core::log_warn("mllp-frame-dropped",
                   {{"listener", shared_->listener}, {"peer", peer_},
                    {"bytes", decoder_.progress_bytes()}, {"hash", std::to_string(hash)}});
  }
}

void Connection::note_anomalies() {
  const auto now = anomalies_of(decoder_.counters());
  if (now == noted_) return;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] != noted_[i]) shared_->note_anomaly(i, now[i] - noted_[i], peer_);
  }
  noted_ = now;
}

/// Idle connections keep little; those that fill their buffer get a larger one.
void Connection::fit_buffer(std::size_t last_read) {
  if (last_read == buffer_.size() && buffer_.size() < kReadBytesMax) {
    buffer_.assign(buffer_.size() * 4, '\0');
    small_reads_ = 0;
  } else if (buffer_.size() > kReadBytesMin && last_read <= kReadBytesMin) {
    if (++small_reads_ < kSmallReadsToShrink) return;
    buffer_ = std::string(kReadBytesMin, '\0');
    small_reads_ = 0;
  }
}

void Connection::set_read_deadline() {
  const ServerOptions& options = shared_->options;
  const auto now = std::chrono::steady_clock::now();
  frame_wait_ = decoder_.in_progress();
  if (frame_wait_) {
    if (!frame_began_) frame_began_ = now;
    read_until_ = std::min(now + options.frame_deadline,
                           *frame_began_ + options.frame_total_deadline);
  } else {
    frame_began_.reset();
    read_until_ = options.idle_deadline > 0ms ? now + options.idle_deadline : TimePoint::max();
  }
  if (read_until_ < armed_for_) arm(read_until_);
}

void Connection::arm(TimePoint at) {
  armed_for_ = at;
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    if (ec) return;
    if (auto self = weak.lock()) self->on_timer();
  });
}

void Connection::on_timer() {
  armed_for_ = TimePoint::max();
  if (!reading_ || expired_) return;   // the next read arms it
  const auto now = std::chrono::steady_clock::now();
  // Idle means that neither side owes the other anything.
  if (read_until_ <= now && !frame_wait_ && !slots_.empty()) {
    read_until_ = now + shared_->options.idle_deadline;
  }
  if (read_until_ > now) {
    if (read_until_ != TimePoint::max()) arm(read_until_);
    return;
  }
  expired_ = true;
  stream_->end_input();
}

void Connection::on_letters() {
  for (auto& [number, reply] : mailbox_->take()) {
    if (number < first_slot_ || number - first_slot_ >= slots_.size()) continue;
    Slot& slot = slots_[number - first_slot_];
    if (!slot.reply) slot.reply = std::move(reply);
  }
  if (!slots_.empty() && slots_.front().reply) wake_.set();
}

}  // namespace mllp
