#pragma once
#include <chrono>
#include <cstdint>
#include <string>

/// What this machine does in this minute, for figures to be read beside.
namespace cli::bench {

/// Calls `work` for that long, looking at the clock now and then. @return calls a second.
template <class Work>
double calls_per_second(std::chrono::milliseconds how_long, const Work& work) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  std::uint64_t calls = 0;
  while (Clock::now() - began < how_long) {
    for (int i = 0; i < 64; ++i) work();
    calls += 64;
  }
  return static_cast<double>(calls) / std::chrono::duration<double>(Clock::now() - began).count();
}

/// Durable small writes a second in `folder`: the yardstick beside every rate.
double fsync_rate(const std::string& folder);

/// What one core does now, by RapidJSON over a Bundle of 5 KB: work of others that no change of
/// ours makes faster. The floors were set where it wrote kJsonWriteMb and parsed kJsonParseMb.
inline constexpr double kJsonWriteMb = 483, kJsonParseMb = 307;
struct JsonRate {
  double write_mb = 0, parse_mb = 0;   ///< MB/s
  /// Share of the speed that floors were set at, at most 1; by the figure that asks more of us.
  double pace() const;
};
JsonRate json_rate();

}  // namespace cli::bench
