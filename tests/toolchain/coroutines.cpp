// Coroutine code in the shapes this project uses, and in the shapes which g++ 12 compiles wrongly:
// co_await inside a condition, an aggregate temporary or a by-value lambda capture alive across an
// await. Every object is counted, so a skipped body, a lost destructor or one run twice fails here
// and not as a mystery in a connection. No assertion is about time.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace asio = boost::asio;
template <class T>
using Awaitable = asio::awaitable<T>;

namespace {

int failures = 0;
int alive = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "wrong: %s\n", what);
}

struct Counted {
  Counted() { ++alive; }
  Counted(const Counted&) { ++alive; }
  Counted(Counted&&) noexcept { ++alive; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { --alive; }
  std::string text = "a text too long for the small string buffer of any library";
};

struct Aggregate {
  Counted first;
  std::vector<std::string> names;
  std::unique_ptr<Counted> owned;
};

// Gives way to the other coroutines, so that the caller's frame really is suspended.
Awaitable<void> yield() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

Awaitable<bool> answer(bool value) {
  co_await yield();
  co_return value;
}

Awaitable<std::size_t> weigh(Aggregate aggregate) {
  co_await yield();
  co_return aggregate.names.size() + aggregate.first.text.size() + (aggregate.owned ? 1 : 0);
}

Awaitable<int> failing() {
  Counted inside;
  co_await yield();
  throw std::runtime_error("expected");
}

Awaitable<void> conditions(int& bodies) {
  const bool named = co_await answer(true);
  if (named) ++bodies;
  if (co_await answer(true)) ++bodies;
  if (const bool held = co_await answer(true); held && co_await answer(true)) ++bodies;
  int rounds = 0;
  while (co_await answer(rounds < 3)) ++rounds;
  bodies += rounds;
  bodies += co_await answer(false) ? 100 : 1;
}

Awaitable<void> temporaries(std::size_t& sum) {
  sum += co_await weigh({Counted{}, {"one", "two"}, std::make_unique<Counted>()});
  Aggregate named{Counted{}, {"one"}, nullptr};
  const std::size_t weight = co_await weigh(std::move(named));
  sum += weight;
}

Awaitable<void> captures(int& calls) {
  const Counted kept;
  auto body = [kept, &calls](Counted given) -> Awaitable<std::string> {
    co_await yield();
    ++calls;
    co_return kept.text + given.text;
  };
  const std::string both = co_await body(Counted{});
  check(both == kept.text + kept.text, "captured and given values survive a suspension");
}

Awaitable<void> exceptions(int& caught) {
  for (int i = 0; i < 10; ++i) {
    bool threw = false;
    try {
      const int never = co_await failing();
      check(never < 0, "a coroutine that throws gives no value");
    } catch (const std::runtime_error&) {
      threw = true;
    }
    co_await yield();
    if (threw) ++caught;
  }
}

Awaitable<void> recursion(int depth, int& deepest) {
  const Counted here;
  if (depth > deepest) deepest = depth;
  co_await yield();
  if (depth < 1000) co_await recursion(depth + 1, deepest);
}

// Waits until cancelled: its frame stays suspended meanwhile.
Awaitable<void> sleeper(std::shared_ptr<asio::steady_timer> timer, int& woken) {
  const Counted local;
  std::optional<Counted> maybe;
  maybe.emplace();
  boost::system::error_code error;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, error));
  check(maybe.has_value() && maybe->text == local.text, "locals survive a long suspension");
  ++woken;
}

void run_shapes() {
  asio::io_context io;
  int bodies = 0, calls = 0, caught = 0, deepest = 0, done = 0;
  std::size_t sum = 0;
  auto all = [&]() -> Awaitable<void> {
    co_await conditions(bodies);
    co_await temporaries(sum);
    co_await captures(calls);
    co_await exceptions(caught);
    co_await recursion(1, deepest);
    ++done;
  };
  asio::co_spawn(io, all(), asio::detached);
  io.run();
  const std::size_t text = Counted{}.text.size();
  check(bodies == 7, "every body behind an awaited condition ran once");
  check(sum == 2 + text + 1 + 1 + text, "aggregates arrive whole");
  check(calls == 1, "a lambda coroutine ran once");
  check(caught == 10, "exceptions cross a suspension");
  check(deepest == 1000, "a thousand frames deep");
  check(done == 1, "the coroutine came to its end");
}

void run_many_suspended() {
  constexpr int kFrames = 10000;
  asio::io_context io;
  int woken = 0;
  std::vector<std::shared_ptr<asio::steady_timer>> timers;
  for (int i = 0; i < kFrames; ++i) {
    timers.push_back(std::make_shared<asio::steady_timer>(io, std::chrono::hours(1)));
    asio::co_spawn(io, sleeper(timers.back(), woken), asio::detached);
  }
  io.poll();
  check(alive == 2 * kFrames, "all frames are suspended with their locals");
  for (auto& timer : timers) timer->cancel();
  io.run();
  check(woken == kFrames, "all woke once");
}

void run_destroyed_while_suspended() {
  int woken = 0;
  {
    asio::io_context io;
    for (int i = 0; i < 100; ++i) {
      auto timer = std::make_shared<asio::steady_timer>(io, std::chrono::hours(1));
      asio::co_spawn(io, sleeper(timer, woken), asio::detached);
    }
    io.poll();
  }
  check(woken == 0, "destroying the context resumes nobody");
}

}  // namespace

int main() {
  run_shapes();
  check(alive == 0, "shapes: every object was destroyed exactly once");
  run_many_suspended();
  check(alive == 0, "many frames: every object was destroyed exactly once");
  run_destroyed_while_suspended();
  check(alive == 0, "abandoned frames: every object was destroyed exactly once");
  if (failures == 0) std::puts("coroutines are compiled rightly");
  return failures == 0 ? 0 : 1;
}
