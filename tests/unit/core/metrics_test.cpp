#include <core/metrics.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>

namespace {
bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(text_format) {
  core::Metrics metrics;
  metrics.counter("chartwire_messages_total", "Messages.", {{"feed", "a\"b\\c\nd"}}).add(3);
  metrics.gauge("chartwire_queue", "Waiting.").set(2.5);
  auto& seconds = metrics.histogram("chartwire_ack_seconds", "To ACK.", {}, {0.01, 0.1});
  seconds.observe(0.005);
  seconds.observe(0.01);
  seconds.observe(5);
  const std::string text = metrics.render();
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(has_line(text, "# HELP chartwire_messages_total Messages."));
    BOOST_TEST(has_line(text, "# TYPE chartwire_messages_total counter"));
    BOOST_TEST(has_line(text, R"(chartwire_messages_total{feed="a\"b\\c\nd"} 3)"));
    BOOST_TEST(has_line(text, "# TYPE chartwire_queue gauge"));
    BOOST_TEST(has_line(text, "chartwire_queue 2.5"));
    BOOST_TEST(has_line(text, "# TYPE chartwire_ack_seconds histogram"));
    BOOST_TEST(has_line(text, "chartwire_ack_seconds_bucket{le=\"0.01\"} 2"));
    BOOST_TEST(has_line(text, "chartwire_ack_seconds_bucket{le=\"0.1\"} 2"));
    BOOST_TEST(has_line(text, "chartwire_ack_seconds_bucket{le=\"+Inf\"} 3"));
    BOOST_TEST(has_line(text, "chartwire_ack_seconds_count 3"));
    BOOST_TEST(has_line(text, "chartwire_ack_seconds_sum 5.015"));
  }
}

BOOST_AUTO_TEST_CASE(same_name_and_labels_are_one_handle) {
  core::Metrics metrics;
  auto& one = metrics.counter("chartwire_x_total", "X.", {{"a", "1"}});
  auto& two = metrics.counter("chartwire_x_total", "X.", {{"a", "2"}});
  BOOST_TEST(&one == &metrics.counter("chartwire_x_total", "X.", {{"a", "1"}}));
  BOOST_TEST(&one != &two);
  one.add(-5);  // a counter never falls
  BOOST_TEST(one.value() == 0);
}

BOOST_AUTO_TEST_CASE(scrape_hooks_run_before_rendering_and_may_use_the_registry) {
  core::Metrics metrics;
  int calls = 0;
  metrics.on_scrape([&] { metrics.gauge("chartwire_lag", "Lag.").set(++calls); });
  BOOST_TEST(has_line(metrics.render(), "chartwire_lag 1"));
  BOOST_TEST(has_line(metrics.render(), "chartwire_lag 2"));
}

BOOST_AUTO_TEST_CASE(updates_from_many_threads_all_count) {
  core::Metrics metrics;
  auto& counter = metrics.counter("chartwire_n_total", "N.");
  auto& gauge = metrics.gauge("chartwire_g", "G.");
  auto& histogram = metrics.histogram("chartwire_h_seconds", "H.", {}, {1});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        counter.add();
        gauge.add(i % 2 ? 1 : -1);
        histogram.observe(0.5);
        if (i % 1000 == 0) metrics.render();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(counter.value() == 20000);
  BOOST_TEST(gauge.value() == 0);
  BOOST_TEST(has_line(metrics.render(), "chartwire_h_seconds_sum 10000"));
}

BOOST_AUTO_TEST_SUITE_END()
