#include "shared.hpp"

#include <core/log.hpp>

#include <bit>
#include <utility>

namespace mllp {

std::array<std::uint64_t, kAnomalies.size()> anomalies_of(const FrameCounters& c) {
  return {c.junk_bytes,  c.empty,        c.double_starts, c.restarts, c.missing_returns,
          c.inner_ends,  c.inner_starts, c.too_long,      c.unframed};
}

Shared::Shared(net::Runtime& r, core::Metrics& metrics, const std::string& name, ServerOptions o,
               pipeline::InboundHandler& h)
    : runtime(r), handler(h), options(std::move(o)), listener(name),
      frames(metrics.counter("chartwire_mllp_frames_total", "Frames received",
                             {{"listener", name}})),
      replies(metrics.counter("chartwire_mllp_replies_total", "HL7 replies written",
                              {{"listener", name}})),
      undelivered(metrics.counter("chartwire_mllp_ack_undelivered_total",
                                  "Messages answered whose answer could not be written",
                                  {{"listener", name}})) {
  for (std::size_t i = 0; i < kCloseReasons.size(); ++i) {
    closed[i] = &metrics.counter(
        "chartwire_mllp_closed_total", "Connections ended, by reason",
        {{"listener", name}, {"reason", std::string(kCloseReasons[i])}});
  }
  for (std::size_t i = 0; i < kAnomalies.size(); ++i) {
    anomalies_[i] = &metrics.counter("chartwire_mllp_anomalies_total", "Framing oddities, by kind",
                                     {{"listener", name}, {"kind", std::string(kAnomalies[i])}});
  }
}

bool Shared::reserve(std::size_t bytes) {
  std::size_t now = reserved_.load();
  do {
    if (now + bytes > options.large_frames_bytes_max) return false;
  } while (!reserved_.compare_exchange_weak(now, now + bytes));
  return true;
}

void Shared::release(std::size_t bytes) { reserved_ -= bytes; }

void Shared::note_anomaly(std::size_t kind, std::uint64_t times, const std::string& peer) {
  anomalies_[kind]->add(static_cast<double>(times));
  const std::uint64_t before = anomaly_counts_[kind].fetch_add(times);
  if (std::bit_width(before) == std::bit_width(before + times)) return;
  core::log_warn("mllp-anomaly", {{"listener", listener}, {"peer", peer},
                                  {"kind", kAnomalies[kind]}, {"times", before + times}});
}

}  // namespace mllp
