#pragma once
#include <algorithm>
#include <array>
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
/// The faster of two minutes asks more of us: taken before and after a measurement.
inline const JsonRate& faster(const JsonRate& before, const JsonRate& after) {
  return after.pace() > before.pace() ? after : before;
}

/// A figure and the yardstick of its minute.
struct Paced {
  double value = 0;
  JsonRate json;
};

/// Of five rounds, each between two looks at the yardstick, the one whose figure bears the median
/// ratio to its pace: a machine that others share is no two seconds the same.
/// @param measure  () -> double, of a second or less
template <class Measure>
Paced paced(const Measure& measure) {
  std::array<Paced, 5> rounds;
  JsonRate before = json_rate();
  for (Paced& round : rounds) {
    round.value = measure();
    const JsonRate after = json_rate();
    round.json = faster(before, after);
    before = after;
  }
  const auto middle = rounds.begin() + rounds.size() / 2;
  std::nth_element(rounds.begin(), middle, rounds.end(), [](const Paced& a, const Paced& b) {
    return a.value * b.json.pace() < b.value * a.json.pace();
  });
  return *middle;
}

}  // namespace cli::bench
