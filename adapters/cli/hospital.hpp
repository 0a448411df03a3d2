#pragma once
#include <core/clock.hpp>
#include <core/result.hpp>
#include <core/yaml.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace cli {

/// One lab test of a panel.
struct SimulatedTest {
  std::string code, unit;
  double low = 0, high = 0;
};
struct SimulatedPanel {
  std::string name, code;
  std::vector<SimulatedTest> tests;
};
struct SimulatedStep {
  std::chrono::seconds after_min{0}, after_max{0};
  std::string type, trigger;          ///< "ADT", "A01"
  std::string document, status;       ///< MDM
  std::string panel;                  ///< ORU
  std::string disposition;            ///< A03
  std::string diagnosis, procedure;   ///< DG1-6, PR1-6
  int repeat = 1;
};
struct SimulatedPathway {
  std::string name, patient_class = "I";
  int weight = 1;
  std::vector<SimulatedStep> steps;
};
/// deploy/samples/pathways.yaml, checked: unknown keys, messages it cannot build, unknown panels.
struct SimulatedWorld {
  std::vector<SimulatedPathway> pathways;
  std::vector<SimulatedPanel> panels;
  static core::Result<SimulatedWorld> load(const std::string& path);
};

/// A message of the simulation. Messages of one patient must travel in order.
struct SimulatedMessage {
  std::string text;
  std::string control_id;
  std::uint64_t patient = 0;
  core::Instant at{};         ///< simulated time of the event
};

/// A hospital that runs patients through pathways. The same seed, world and options give the same
/// messages, byte for byte. Thread: one.
class Hospital {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::uint64_t visits = 100;         ///< 0 = without end
    int new_percent = 60;               ///< arrivals that are new patients
    std::chrono::seconds arrival{600};  ///< mean time between arrivals
    core::Instant start{};
  };
  Hospital(SimulatedWorld world, Options options);
  ~Hospital();

  /// The next message by simulated time. @return false at the end.
  bool next(SimulatedMessage& out);

 private:
  struct Person;
  struct Visit;
  struct Due {
    core::Instant at{};
    std::uint64_t order = 0;
    std::size_t visit = 0;
    bool operator>(const Due& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };

  std::uint64_t pick(std::uint64_t below);
  void admit();
  Person make_person();
  void schedule(std::size_t visit, core::Instant after);
  std::string build(Visit& visit, const SimulatedStep& step, core::Instant at);
  std::string person_segments(const Visit& visit, const SimulatedStep& step) const;
  std::string visit_segment(const Visit& visit) const;
  std::string document_segments(Visit& visit, const SimulatedStep& step, const std::string& when);
  std::string result_segments(Visit& visit, const SimulatedStep& step, const std::string& when);

  SimulatedWorld world_;
  Options options_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Person>> people_;
  std::map<std::size_t, std::unique_ptr<Visit>> visits_;   ///< running ones
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t admitted_ = 0, messages_ = 0;
  core::Instant next_arrival_{};
};

}  // namespace cli
