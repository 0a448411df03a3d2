#include <core/metrics.hpp>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <sstream>

namespace core {
namespace {

// The library's own histogram takes a mutex for each observation; these are plain atomics, and the
// library only writes them out.
class AtomicCounter final : public Counter {
 public:
  void add(double by) override {
    if (by > 0) value_.fetch_add(by, std::memory_order_relaxed);
  }
  double value() const override { return value_.load(std::memory_order_relaxed); }
  void collect(prometheus::ClientMetric& out) const { out.counter.value = value(); }

 private:
  std::atomic<double> value_{0};
};

class AtomicGauge final : public Gauge {
 public:
  void set(double to) override { value_.store(to, std::memory_order_relaxed); }
  void add(double by) override { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const override { return value_.load(std::memory_order_relaxed); }
  void collect(prometheus::ClientMetric& out) const { out.gauge.value = value(); }

 private:
  std::atomic<double> value_{0};
};

class AtomicHistogram final : public Histogram {
 public:
  explicit AtomicHistogram(std::vector<double> bounds)
      : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

  void observe(double seconds) override {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && seconds > bounds_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(seconds, std::memory_order_relaxed);
  }
  void collect(prometheus::ClientMetric& out) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      total += counts_[i].load(std::memory_order_relaxed);
      const double bound =
          i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
      out.histogram.bucket.push_back({total, bound});
    }
    out.histogram.sample_count = total;
    out.histogram.sample_sum = sum_.load(std::memory_order_relaxed);
  }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

template <class T>
struct Family {
  std::string help;
  std::map<Labels, std::unique_ptr<T>> members;
};
template <class T>
using Families = std::map<std::string, Family<T>>;

template <class T>
void collect(const Families<T>& families, prometheus::MetricType type,
             std::vector<prometheus::MetricFamily>& out) {
  for (const auto& [name, family] : families) {
    prometheus::MetricFamily block{name, family.help, type, {}};
    for (const auto& [labels, member] : family.members) {
      prometheus::ClientMetric metric;
      for (const auto& [key, value] : labels) metric.label.push_back({key, value});
      member->collect(metric);
      block.metric.push_back(std::move(metric));
    }
    out.push_back(std::move(block));
  }
}

}  // namespace

struct Metrics::Impl {
  std::mutex mutex;
  Families<AtomicCounter> counters;
  Families<AtomicGauge> gauges;
  Families<AtomicHistogram> histograms;
  std::vector<std::function<void()>> refreshers;

  // One name is one kind: the text format allows a single TYPE line. Only our own bug breaks it.
  void check_kind(const std::string& name, bool elsewhere) const {
    if (!elsewhere) return;
    std::fprintf(stderr, "metric %s is used as two kinds\n", name.c_str());
    std::abort();
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  impl_->check_kind(name, impl_->gauges.contains(name) || impl_->histograms.contains(name));
  auto& family = impl_->counters[name];
  if (family.help.empty()) family.help = help;
  auto& member = family.members[labels];
  if (!member) member = std::make_unique<AtomicCounter>();
  return *member;
}

Gauge& Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(impl_->mutex);
  impl_->check_kind(name, impl_->counters.contains(name) || impl_->histograms.contains(name));
  auto& family = impl_->gauges[name];
  if (family.help.empty()) family.help = help;
  auto& member = family.members[labels];
  if (!member) member = std::make_unique<AtomicGauge>();
  return *member;
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help,
                              const Labels& labels, const std::vector<double>& bounds) {
  const std::lock_guard lock(impl_->mutex);
  impl_->check_kind(name, impl_->counters.contains(name) || impl_->gauges.contains(name));
  auto& family = impl_->histograms[name];
  if (family.help.empty()) family.help = help;
  auto& member = family.members[labels];
  if (!member) member = std::make_unique<AtomicHistogram>(bounds);
  return *member;
}

void Metrics::on_scrape(std::function<void()> refresh) {
  const std::lock_guard lock(impl_->mutex);
  impl_->refreshers.push_back(std::move(refresh));
}

std::string Metrics::render() const {
  std::vector<std::function<void()>> refreshers;
  {
    const std::lock_guard lock(impl_->mutex);
    refreshers = impl_->refreshers;
  }
  for (const auto& refresh : refreshers) refresh();  // unlocked: they ask for gauges
  std::vector<prometheus::MetricFamily> families;
  {
    const std::lock_guard lock(impl_->mutex);
    collect(impl_->counters, prometheus::MetricType::Counter, families);
    collect(impl_->gauges, prometheus::MetricType::Gauge, families);
    collect(impl_->histograms, prometheus::MetricType::Histogram, families);
  }
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, families);
  return std::move(out).str();
}

}  // namespace core
