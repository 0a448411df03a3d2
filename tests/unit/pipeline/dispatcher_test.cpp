// Order per lane, at-least-once and bounded memory of the dispatcher, against a destination that fails at
// random by a printed seed.
#include <boost/test/unit_test.hpp>

#include <pipeline/destination.hpp>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "../../../engine/pipeline/dispatcher.hpp"
#include "stores.hpp"

using namespace pipeline;
using namespace std::chrono_literals;

namespace {

/// Takes deliveries on its own thread and answers as its rule says.
class FakeDestination final : public Destination {
 public:
  using Rule = std::function<DeliveryOutcome(const Delivery&)>;
  explicit FakeDestination(Rule rule) : rule_(std::move(rule)), thread_([this] { run(); }) {}
  ~FakeDestination() override { close(); }

  void deliver(Delivery delivery, std::function<void(DeliveryOutcome)> done) override {
    std::lock_guard lock(mutex_);
    queue_.emplace_back(std::move(delivery), std::move(done));
    wake_.notify_one();
  }
  void close() override {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto [delivery, done] = std::move(queue_.front());
      queue_.pop_front();
      const bool closed = closed_;
      lock.unlock();
      DeliveryOutcome outcome;
      if (!closed) outcome = rule_(delivery);
      done(outcome);
      lock.lock();
    }
  }
  Rule rule_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Delivery, std::function<void(DeliveryOutcome)>>> queue_;
  bool closed_ = false;
  std::thread thread_;
};

struct Bench {
  test::Stores stores;
  DestinationConfig config;
  core::SystemClock clock;
  core::Metrics metrics;
  std::mutex mutex;
  std::map<std::string, std::vector<std::uint64_t>> delivered;   ///< lane -> sequences in order
  std::map<std::uint64_t, std::string> lane_of;
  std::unique_ptr<Dispatcher> dispatcher;
  core::Sequence head;

  Bench() {
    config.name = core::DestinationName{"repository"};
    config.url = "http://localhost/fhir";
    config.connections = 8;
    config.retry_delay = 1ms;
    config.retry_delay_max = 4ms;
  }

  void enqueue(int count, int lanes) {
    BOOST_REQUIRE(stores.records->begin().has_value());
    for (int i = 0; i < count; ++i) {
      head = core::next(head);
      store::OutboxItem item;
      item.destination = config.name;
      item.sequence = head;
      item.part = 1;
      const std::string lane = "lane" + std::to_string(i * 7919 % lanes);
      item.lanes = {lane};
      item.created = clock.now();
      lane_of[head.value()] = lane;
      BOOST_REQUIRE(stores.records->enqueue(item).has_value());
    }
    BOOST_REQUIRE(stores.records->commit(head).has_value());
  }

  void run(FakeDestination::Rule rule) {
    Dispatcher::Parts parts;
    parts.config = &config;
    parts.destination =
        std::make_unique<FakeDestination>([this, rule](const Delivery& delivery) {
          DeliveryOutcome outcome = rule(delivery);
          if (outcome.kind == DeliveryOutcome::Kind::kDelivered) {
            std::lock_guard lock(mutex);
            delivered[lane_of.at(delivery.sequence.value())].push_back(delivery.sequence.value());
          }
          return outcome;
        });
    parts.reader = stores.reader();
    parts.recent = std::make_shared<store::RecentVersions>();
    parts.journal = stores.journal.get();
    parts.clock = &clock;
    parts.metrics = &metrics;
    parts.applied = [] { return core::Sequence{0}; };
    dispatcher = std::make_unique<Dispatcher>(std::move(parts));
    dispatcher->start();
  }

  std::size_t total() {
    std::lock_guard lock(mutex);
    std::size_t count = 0;
    for (const auto& [lane, list] : delivered) count += list.size();
    return count;
  }
  bool wait_for(std::size_t count) {
    for (int i = 0; i < 6000 && total() < count; ++i) std::this_thread::sleep_for(10ms);
    return total() >= count;
  }
};

DeliveryOutcome outcome(DeliveryOutcome::Kind kind, int status) {
  DeliveryOutcome out;
  out.kind = kind;
  out.http_status = status;
  out.reason = "test";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatcher)

BOOST_AUTO_TEST_CASE(order_per_lane_holds_under_random_failures) {
  const unsigned seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  Bench bench;
  bench.enqueue(3000, 40);
  auto random = std::make_shared<std::mt19937>(seed);
  bench.run([random](const Delivery&) {
    const auto roll = (*random)() % 100;
    if (roll < 10) return outcome(DeliveryOutcome::Kind::kTransient, 503);
    if (roll < 12) return outcome(DeliveryOutcome::Kind::kTransient, 0);
    return outcome(DeliveryOutcome::Kind::kDelivered, 200);
  });
  BOOST_TEST(bench.wait_for(3000), "seed " << seed);
  bench.dispatcher->stop(1000ms);
  std::size_t count = 0;
  for (const auto& [lane, list] : bench.delivered) {
    BOOST_TEST(std::is_sorted(list.begin(), list.end()), lane << ", seed " << seed);
    count += list.size();
  }
  BOOST_TEST(count == 3000u);
}

BOOST_AUTO_TEST_CASE(a_blocked_patient_stops_nobody_else) {
  Bench bench;
  bench.enqueue(9000, 3);   // more than the window, a third of it behind the blocked lane
  bench.run([&](const Delivery& delivery) {
    return bench.lane_of.at(delivery.sequence.value()) == "lane0"
               ? outcome(DeliveryOutcome::Kind::kTransient, 503)
               : outcome(DeliveryOutcome::Kind::kDelivered, 200);
  });
  BOOST_TEST(bench.wait_for(6000));
  BOOST_TEST(bench.delivered.count("lane0") == 0u);
}

BOOST_AUTO_TEST_CASE(a_lane_that_flows_again_delivers_everything_in_order) {
  Bench bench;
  bench.enqueue(6000, 2);
  std::atomic<bool> down{true};
  bench.run([&](const Delivery& delivery) {
    return down && bench.lane_of.at(delivery.sequence.value()) == "lane0"
               ? outcome(DeliveryOutcome::Kind::kTransient, 503)
               : outcome(DeliveryOutcome::Kind::kDelivered, 200);
  });
  BOOST_TEST(bench.wait_for(3000));
  down = false;
  BOOST_TEST(bench.wait_for(6000));
  for (const auto& [lane, list] : bench.delivered) {
    BOOST_TEST(std::is_sorted(list.begin(), list.end()), lane);
    BOOST_TEST(std::set<std::uint64_t>(list.begin(), list.end()).size() == list.size());
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_parks_and_the_lane_goes_on) {
  Bench bench;
  bench.enqueue(100, 1);
  bench.run([&](const Delivery& delivery) {
    return delivery.sequence.value() == 50 ? outcome(DeliveryOutcome::Kind::kPermanent, 422)
                                           : outcome(DeliveryOutcome::Kind::kDelivered, 200);
  });
  BOOST_TEST(bench.wait_for(99));
  bench.dispatcher->stop(1000ms);
  auto entries = bench.stores.journal->read(core::Sequence{0}, 1000);
  BOOST_REQUIRE(entries.has_value());
  std::string all;
  for (const store::Entry& entry : *entries) all += entry.raw;
  BOOST_TEST(all.find("{\"sequence\":50,\"part\":1,\"state\":\"parked\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_held_refusal_blocks_its_lane_only) {
  Bench bench;
  bench.config.on_refusal = DestinationConfig::OnRefusal::kHold;
  bench.enqueue(100, 2);
  std::uint64_t first = 0;
  for (const auto& [sequence, lane] : bench.lane_of) {
    if (lane == "lane0" && first == 0) first = sequence;
  }
  bench.run([&, first](const Delivery& delivery) {
    return delivery.sequence.value() == first ? outcome(DeliveryOutcome::Kind::kPermanent, 422)
                                              : outcome(DeliveryOutcome::Kind::kDelivered, 200);
  });
  BOOST_TEST(bench.wait_for(50));
  bench.dispatcher->stop(1000ms);
  BOOST_TEST(bench.delivered.count("lane0") == 0u);
  BOOST_TEST(bench.delivered["lane1"].size() == 50u);
}

BOOST_AUTO_TEST_SUITE_END()
