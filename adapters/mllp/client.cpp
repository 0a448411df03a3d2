#include <hl7/message.hpp>
#include <mllp/client.hpp>
#include <net/at_end.hpp>
#include <net/event.hpp>
#include <net/tcp.hpp>

#include <algorithm>
#include <deque>
#include <list>

namespace mllp {
namespace {

using core::ErrorCode;
using State = SendResult::State;

constexpr std::size_t kReadBytes = 16 * 1024;

/// A message on its way.
struct Pending {
  explicit Pending(const boost::asio::any_io_executor& executor) : changed(executor) {}
  std::string control_id;
  hl7::AckMode mode;
  net::Event changed;
  SendResult result;
  bool writing = false;     // its first byte may be out
  bool written = false;
  bool committed = false;   // release 2: 06 came
  bool accepted = false;    // CA came
  bool done = false;
};

struct Waiter {
  explicit Waiter(const boost::asio::any_io_executor& executor) : turn(executor) {}
  net::Event turn;
  bool admitted = false;
};

/// MSH-10 and what MSH-15/16 ask for, from the first segment alone.
void read_msh(const std::string& message, Pending& pending) {
  const auto end = message.find_first_of("\r\n");
  auto msh = hl7::Message::parse(message.substr(0, end));
  if (!msh) return;
  const hl7::Header header = hl7::read_header(*msh);
  pending.control_id = std::string(header.control_id);
  pending.mode = hl7::ack_mode(header);
}

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(net::Runtime& r, std::shared_ptr<net::ByteStream> s, ClientOptions o)
      : runtime(r), stream(std::move(s)), options(std::move(o)), decoder(options.frames) {
    options.window = options.frames.commit_blocks ? 1 : std::max<std::size_t>(1, options.window);
  }

  net::Runtime& runtime;
  std::shared_ptr<net::ByteStream> stream;
  ClientOptions options;
  FrameDecoder decoder;
  ClientCounters counters;
  std::list<std::shared_ptr<Pending>> pending;   // in the order of sending
  std::deque<std::shared_ptr<Waiter>> waiters;
  std::string out;                               // frames not yet given to the stream
  std::vector<std::shared_ptr<Pending>> in_out;  // whose frames these are
  bool writing = false;
  std::optional<core::Error> broken;

  net::Awaitable<void> admit();
  void leave(const std::shared_ptr<Pending>& message);
  net::Awaitable<void> pump();
  net::Awaitable<void> read_loop();
  void on_frame(std::string frame);
  void on_commit(bool stored);
  void on_ack(Pending& message, hl7::ReceivedAck ack, std::string raw);
  net::Awaitable<void> wait_for_answer(std::shared_ptr<Pending> message);
  bool past_deadline(Pending& message);
  void finish(Pending& message, State state);
  void break_off(core::Error reason);
};

void Client::Impl::finish(Pending& message, State state) {
  if (message.done) return;
  message.done = true;
  message.result.state = state;
  message.changed.set();
}

void Client::Impl::break_off(core::Error reason) {
  if (!broken) broken = std::move(reason);
  stream->close();
  for (const auto& message : pending) {
    if (message->done) continue;
    message->result.reason = *broken;
    finish(*message, message->writing ? State::kInDoubt : State::kNotSent);
  }
  for (const auto& waiter : waiters) waiter->turn.set();
}

/// Waits for room in the window, first come first served.
net::Awaitable<void> Client::Impl::admit() {
  if (pending.size() < options.window && waiters.empty()) co_return;
  auto waiter = std::make_shared<Waiter>(stream->executor());
  waiters.push_back(waiter);
  while (!waiter->admitted && !broken) co_await waiter->turn.wait();
  std::erase(waiters, waiter);
}

void Client::Impl::leave(const std::shared_ptr<Pending>& message) {
  pending.remove(message);
  for (const auto& waiter : waiters) {
    if (waiter->admitted) continue;
    waiter->admitted = true;
    waiter->turn.set();
    return;
  }
}

/// Writes what lies in `out`, joined; whoever finds nobody writing does it for all.
net::Awaitable<void> Client::Impl::pump() {
  if (writing) co_return;
  writing = true;
  net::AtEnd end([this] { writing = false; });
  while (!out.empty() && !broken) {
    const std::string bytes = std::exchange(out, {});
    const auto whose = std::exchange(in_out, {});
    for (const auto& message : whose) message->writing = true;
    auto written = co_await stream->write_all(bytes, options.write_deadline);
    if (!written) {
      break_off(written.error());
      co_return;
    }
    for (const auto& message : whose) {
      message->written = true;
      message->changed.set();
      ++counters.sent;
    }
  }
}

net::Awaitable<void> Client::Impl::read_loop() {
  std::string buffer(kReadBytes, '\0');
  while (!broken) {
    auto n = co_await stream->read_some(buffer, net::kNoDeadline);
    if (!n || *n == 0) {
      break_off(n ? core::Error{ErrorCode::kUnreachable, "the peer ended the connection",
                                stream->peer()}
                  : n.error());
      co_return;
    }
    decoder.feed(std::string_view(buffer).substr(0, *n));
    for (;;) {
      const FrameEvent event = decoder.next();
      if (event.kind == FrameEvent::Kind::kNeedMore) break;
      const bool nak = event.kind == FrameEvent::Kind::kCommitNak;
      if (nak || event.kind == FrameEvent::Kind::kCommitAck) {
        on_commit(!nak);
      } else if (event.kind == FrameEvent::Kind::kFault) {
        ++counters.unreadable;
        if (event.fatal) break_off(event.fault);
      } else {
        on_frame(decoder.take(event));
      }
    }
    co_await pump();
  }
}

void Client::Impl::on_commit(bool stored) {
  for (const auto& message : pending) {
    if (message->done || message->committed || !message->writing) continue;
    message->committed = true;
    message->result.text = stored ? "" : "commit block 15";
    if (!stored) finish(*message, State::kRefused);
    message->changed.set();
    return;
  }
  ++counters.mismatched;
}

void Client::Impl::on_frame(std::string frame) {
  // Release 2 wants every block of content confirmed, ours and theirs.
  if (options.frames.commit_blocks) append_frame(out, std::string_view(&kCommitAck, 1));
  std::string raw = frame;
  auto parsed = hl7::Message::parse(std::move(frame));
  auto ack = parsed ? hl7::read_ack(*parsed)
                    : core::Result<hl7::ReceivedAck>(core::fail(parsed.error()));
  if (!ack) {
    ++counters.unreadable;
    return;
  }
  for (const auto& message : pending) {
    if (message->done || !message->writing || message->control_id != ack->control_id) continue;
    // Without MSH-10 there is nothing to match a confirmation by.
    if (message->control_id.empty() && hl7::is_positive(ack->code)) continue;
    on_ack(*message, std::move(*ack), std::move(raw));
    return;
  }
  // A refusal of what could not be read names nothing; with one message under way it is that one.
  if (ack->control_id.empty() && !hl7::is_positive(ack->code) && pending.size() == 1 &&
      pending.front()->writing && !pending.front()->done) {
    on_ack(*pending.front(), std::move(*ack), std::move(raw));
    return;
  }
  ++counters.mismatched;
}

void Client::Impl::on_ack(Pending& message, hl7::ReceivedAck ack, std::string raw) {
  using hl7::AckCode;
  const bool accept =
      ack.code == AckCode::kCA || ack.code == AckCode::kCE || ack.code == AckCode::kCR;
  message.result.code = ack.code;
  message.result.text = std::move(ack.text);
  (accept ? message.result.accept_ack : message.result.application_ack) = std::move(raw);
  if (!hl7::is_positive(ack.code)) {
    finish(message, State::kRefused);
  } else if (accept && message.mode.enhanced && message.mode.application_on_success) {
    message.accepted = true;
    message.changed.set();
  } else {
    finish(message, State::kConfirmed);
  }
}

/// @return whether the silence decides; false breaks the connection off.
bool Client::Impl::past_deadline(Pending& message) {
  if (message.accepted) {
    message.result.application_pending = true;
    finish(message, State::kConfirmed);
    return true;
  }
  const hl7::AckMode& mode = message.mode;
  const bool silence_is_success =
      mode.enhanced && !mode.accept_on_success && !mode.application_on_success;
  const bool committed = !options.frames.commit_blocks || message.committed;
  if (silence_is_success && message.written && committed) {
    finish(message, options.frames.commit_blocks ? State::kConfirmed : State::kUnconfirmed);
    return true;
  }
  return false;
}

net::Awaitable<void> Client::Impl::wait_for_answer(std::shared_ptr<Pending> message) {
  const hl7::AckMode& mode = message->mode;
  const bool nothing_asked = mode.enhanced && !mode.accept_on_success && !mode.accept_on_error &&
                             !mode.application_on_success && !mode.application_on_error;
  auto until = std::chrono::steady_clock::now() + options.ack_deadline;
  bool extended = false;
  while (!message->done) {
    const bool committed = !options.frames.commit_blocks || message->committed;
    if (nothing_asked && message->written && committed) {
      past_deadline(*message);
      break;
    }
    if (message->accepted && !extended) {
      extended = true;
      until = std::chrono::steady_clock::now() + options.application_deadline;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() > 0) {
      co_await message->changed.wait_for(left);
    } else if (!past_deadline(*message)) {
      break_off({ErrorCode::kTimeout, "no acknowledgement in time", stream->peer()});
    }
  }
}

net::Awaitable<core::Result<std::shared_ptr<Client>>> Client::connect(net::Runtime& runtime,
                                                                      ClientOptions options) {
  auto stream = co_await net::connect_tcp(options.host, options.port, options.connect_deadline);
  if (!stream) co_return core::fail(std::move(stream.error()));
  co_return over(runtime, std::move(*stream), std::move(options));
}

std::shared_ptr<Client> Client::over(net::Runtime& runtime, std::shared_ptr<net::ByteStream> stream,
                                     ClientOptions options) {
  auto impl = std::make_shared<Impl>(runtime, std::move(stream), std::move(options));
  auto reader = [](std::shared_ptr<Impl> self) -> net::Awaitable<void> {
    co_await self->read_loop();
  };
  runtime.spawn(impl->stream->executor(), "mllp-client", reader(impl));
  return std::shared_ptr<Client>(new Client(std::move(impl)));
}

Client::~Client() {
  // The reader holds the stream; on its executor, as close() must be.
  impl_->runtime.post(impl_->stream->executor(), [impl = impl_] {
    impl->break_off({ErrorCode::kUnreachable, "closed", {}});
  });
}

net::Awaitable<SendResult> Client::send(std::string message) {
  const auto impl = impl_;   // outlives this client
  auto pending = std::make_shared<Pending>(impl->stream->executor());
  read_msh(message, *pending);
  co_await impl->admit();
  if (impl->broken) {
    pending->result.reason = *impl->broken;
    co_return pending->result;
  }
  impl->pending.push_back(pending);
  append_frame(impl->out, message);
  message = std::string();
  impl->in_out.push_back(pending);
  co_await impl->pump();
  co_await impl->wait_for_answer(pending);
  impl->leave(pending);
  co_return std::move(pending->result);
}

bool Client::connected() const { return !impl_->broken; }

void Client::close() { impl_->break_off({ErrorCode::kUnreachable, "closed", {}}); }

ClientCounters Client::counters() const { return impl_->counters; }

}  // namespace mllp
