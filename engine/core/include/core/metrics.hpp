#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace core {

/// Counters, gauges and histograms with labels, rendered as Prometheus text. Label values come from
/// configuration or fixed lists, never from message content. Thread: any; handles live as long as
/// the registry and updating them takes no lock.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double by = 1) = 0;
  virtual double value() const = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double to) = 0;
  virtual void add(double by) = 0;
  virtual double value() const = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double seconds) = 0;
};

using Labels = std::map<std::string, std::string>;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The same name and labels give the same handle. Names start with "chartwire_"; counters end in
  /// "_total", durations in "_seconds".
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// `bounds` are upper bounds in seconds, ascending.
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels,
                       const std::vector<double>& bounds);
  /// Called before each rendering, to refresh gauges that are read rather than pushed.
  void on_scrape(std::function<void()> refresh);
  /// Prometheus text exposition format 0.0.4.
  std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace core
