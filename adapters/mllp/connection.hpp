#pragma once
#include "mailbox.hpp"
#include "shared.hpp"

#include <boost/asio/steady_timer.hpp>
#include <mllp/frame_decoder.hpp>
#include <net/byte_stream.hpp>
#include <net/event.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace mllp {

/// One MLLP connection: a reading and a writing coroutine on one executor, with the unanswered
/// frames between them.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, std::shared_ptr<net::ByteStream> stream);
  ~Connection();
  static net::Awaitable<void> run(std::shared_ptr<Connection> self);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// A frame handed in: its place in the order of replies.
  struct Slot {
    std::size_t bytes = 0;
    std::size_t reserved = 0;
    std::optional<pipeline::Reply> reply;
  };

  net::Awaitable<void> read_loop();
  net::Awaitable<bool> use_up_input();
  net::Awaitable<bool> make_room_for_large_frame();
  bool on_event(const FrameEvent& event);
  void submit(const FrameEvent& event);
  void submit_fault(core::Error fault, std::string prefix);
  std::function<void(pipeline::Reply)> open_slot(std::size_t bytes);
  void on_end_of_input(bool reset);
  void note_anomalies();
  void fit_buffer(std::size_t last_read);

  net::Awaitable<void> write_loop();
  std::size_t collect(std::string& out);
  void pop_slot();
  void on_letters();

  void set_read_deadline();
  void arm(TimePoint at);
  void on_timer();
  void set_reason(CloseReason reason);

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<net::ByteStream> stream_;
  std::shared_ptr<Mailbox> mailbox_;
  const std::string peer_;
  FrameDecoder decoder_;
  std::string buffer_;
  int small_reads_ = 0;

  std::deque<Slot> slots_;
  std::uint64_t first_slot_ = 0;       // number of slots_.front()
  std::size_t window_bytes_ = 0;
  std::size_t reserved_ = 0;           // for the large frame being read
  std::array<std::uint64_t, kAnomalies.size()> noted_{};

  net::Event room_, wake_, written_;
  bool input_ended_ = false;
  bool failed_ = false;                // nothing more can be written
  bool writer_done_ = false;

  boost::asio::steady_timer timer_;
  TimePoint read_until_ = TimePoint::max();
  TimePoint armed_for_ = TimePoint::max();
  std::optional<TimePoint> frame_began_;
  bool reading_ = false;
  bool frame_wait_ = false;            // the deadline is that of a frame, else of idling
  bool expired_ = false;
  std::optional<CloseReason> reason_;
};

}  // namespace mllp
