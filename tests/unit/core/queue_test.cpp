#include <core/bounded_queue.hpp>
#include <core/ids.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <thread>
#include <unordered_set>

BOOST_AUTO_TEST_SUITE(queue_and_ids)

BOOST_AUTO_TEST_CASE(full_queue_refuses_and_keeps_the_item) {
  core::BoundedQueue<std::unique_ptr<int>> queue(1);
  auto one = std::make_unique<int>(1);
  auto two = std::make_unique<int>(2);
  BOOST_TEST(queue.try_push(one));
  BOOST_TEST(!queue.try_push(two));
  BOOST_TEST((two && *two == 2));
  BOOST_TEST(**queue.pop() == 1);
}

BOOST_AUTO_TEST_CASE(order_kept_and_memory_bounded_between_threads) {
  core::BoundedQueue<int> queue(8);
  std::thread producer([&] {
    for (int i = 0; i < 20000; ++i) queue.push(i);
    queue.close();
  });
  int expected = 0;
  std::size_t most = 0;
  while (true) {
    most = std::max(most, queue.size());
    const auto batch = queue.pop_batch(5);
    if (batch.empty()) break;
    for (int item : batch) BOOST_REQUIRE(item == expected++);
  }
  producer.join();
  BOOST_TEST(expected == 20000);
  BOOST_TEST(most <= 8);
}

BOOST_AUTO_TEST_CASE(closing_wakes_and_drains) {
  core::BoundedQueue<int> queue(1);
  queue.push(1);
  std::thread waiting([&] { BOOST_TEST(!queue.push(2)); });
  queue.close();
  waiting.join();
  BOOST_TEST(queue.pop().value() == 1);
  BOOST_TEST(!queue.pop().has_value());
}

BOOST_AUTO_TEST_CASE(strong_ids) {
  static_assert(!std::is_convertible_v<std::string, core::ControlId>);
  static_assert(!std::is_same_v<core::ControlId, core::FeedName>);
  std::unordered_set<core::FeedName> names{core::FeedName{"a"}, core::FeedName{"a"}};
  BOOST_TEST(names.size() == 1);
  BOOST_TEST((core::next(core::Sequence{41}) == core::Sequence{42}));
}

BOOST_AUTO_TEST_SUITE_END()
