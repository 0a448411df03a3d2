#include <core/text.hpp>
#include <pipeline/config.hpp>

#include <algorithm>
#include <cstdlib>

#include "hospital.hpp"

/// Reads pathways.yaml.
namespace cli {
namespace {

using core::ErrorCode;
using core::yaml::Node;

core::Status unknown_key(const core::yaml::File& file, const Node& node, std::string_view what,
                         const std::vector<std::string_view>& known) {
  if (!node.is_mapping()) {
    return core::fail(ErrorCode::kBadConfig, std::string(what) + " must be a mapping",
                      file.at(node.place));
  }
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string& key = node.entries[i].first;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view near = core::nearest(key, known);
    return core::fail(ErrorCode::kBadConfig,
                      std::string(what) + " has no key \"" + key + "\"" +
                          (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?"),
                      file.at(node.key_places[i]));
  }
  return {};
}

std::string text(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found != nullptr && found->is_scalar() ? found->scalar : std::string();
}

core::Status read_after(const core::yaml::File& file, const Node& node, SimulatedStep& step) {
  const std::string after = text(node, "after");
  if (after.empty()) return {};
  const std::size_t dots = after.find("..");
  auto low = pipeline::parse_duration(std::string_view(after).substr(0, dots));
  auto high = dots == std::string::npos
                  ? low
                  : pipeline::parse_duration(std::string_view(after).substr(dots + 2));
  if (!low || !high || *low > *high) {
    return core::fail(ErrorCode::kBadConfig, "after is a duration or a range such as 20m..2h",
                      file.at(node.find("after")->place));
  }
  step.after_min = std::chrono::duration_cast<std::chrono::seconds>(*low);
  step.after_max = std::chrono::duration_cast<std::chrono::seconds>(*high);
  return {};
}

core::Result<SimulatedStep> read_step(const core::yaml::File& file, const Node& node,
                                      const SimulatedWorld& world) {
  if (auto status = unknown_key(file, node, "a step",
                                {"after", "send", "document", "status", "panel", "disposition",
                                 "diagnosis", "procedure", "repeat"});
      !status) {
    return core::fail(status.error());
  }
  SimulatedStep step;
  if (auto status = read_after(file, node, step); !status) return core::fail(status.error());
  const std::string send = text(node, "send");
  const std::size_t hat = send.find('^');
  step.type = send.substr(0, hat);
  step.trigger = hat == std::string::npos ? "" : send.substr(hat + 1);
  step.document = text(node, "document");
  step.status = text(node, "status");
  step.panel = text(node, "panel");
  step.disposition = text(node, "disposition");
  step.diagnosis = text(node, "diagnosis");
  step.procedure = text(node, "procedure");
  step.repeat = static_cast<int>(core::to_int(text(node, "repeat")).value_or(1));
  std::string problem;
  if (step.type != "ADT" && step.type != "ORU" && step.type != "MDM" &&
      step.type != "BAR") {
    problem = "send is one of ADT^Ann, ORU^R01, MDM^Tnn, BAR^Pnn";
  } else if (step.trigger.size() != 3) {
    problem = "send needs its trigger event, such as ADT^A01";
  } else if (step.type == "MDM" && step.document.empty()) {
    problem = "an MDM step needs its document type";
  } else if (step.type == "ORU" &&
             std::none_of(world.panels.begin(), world.panels.end(),
                          [&](const SimulatedPanel& panel) { return panel.name == step.panel; })) {
    problem = "no panel is named \"" + step.panel + "\"";
  } else if (step.repeat < 1 || step.repeat > 1000) {
    problem = "repeat is a number from 1 to 1000";
  }
  if (!problem.empty()) return core::fail(ErrorCode::kBadConfig, problem, file.at(node.place));
  return step;
}

core::Result<SimulatedPanel> read_panel(const core::yaml::File& file, const Node& node) {
  if (auto status = unknown_key(file, node, "a panel", {"name", "code", "tests"}); !status) {
    return core::fail(status.error());
  }
  SimulatedPanel panel{text(node, "name"), text(node, "code"), {}};
  const Node* tests = node.find("tests");
  for (const Node& item : tests != nullptr ? tests->items : std::vector<Node>{}) {
    if (auto status = unknown_key(file, item, "a test", {"code", "unit", "low", "high"}); !status) {
      return core::fail(status.error());
    }
    SimulatedTest test{text(item, "code"), text(item, "unit"),
                       std::strtod(text(item, "low").c_str(), nullptr),
                       std::strtod(text(item, "high").c_str(), nullptr)};
    if (test.low >= test.high) {
      return core::fail(ErrorCode::kBadConfig, "low must be less than high", file.at(item.place));
    }
    panel.tests.push_back(std::move(test));
  }
  return panel;
}

}  // namespace

core::Result<SimulatedWorld> SimulatedWorld::load(const std::string& path) {
  auto file = core::yaml::load(path);
  if (!file) return core::fail(file.error());
  SimulatedWorld world;
  if (file->documents.size() != 1) {
    return core::fail(ErrorCode::kBadConfig, "pathways are one YAML document", path);
  }
  const Node& root = file->documents.front();
  if (auto status = unknown_key(*file, root, "the file", {"pathways", "panels"}); !status) {
    return core::fail(status.error());
  }
  const Node* panels = root.find("panels");
  for (const Node& node : panels != nullptr ? panels->items : std::vector<Node>{}) {
    auto panel = read_panel(*file, node);
    if (!panel) return core::fail(panel.error());
    world.panels.push_back(std::move(*panel));
  }
  const Node* pathways = root.find("pathways");
  for (const Node& node : pathways != nullptr ? pathways->items : std::vector<Node>{}) {
    if (auto status = unknown_key(*file, node, "a pathway", {"name", "weight", "class", "steps"});
        !status) {
      return core::fail(status.error());
    }
    SimulatedPathway pathway;
    pathway.name = text(node, "name");
    pathway.weight = static_cast<int>(core::to_int(text(node, "weight")).value_or(1));
    if (const std::string patient_class = text(node, "class"); !patient_class.empty()) {
      pathway.patient_class = patient_class;
    }
    const Node* steps = node.find("steps");
    for (const Node& item : steps != nullptr ? steps->items : std::vector<Node>{}) {
      auto step = read_step(*file, item, world);
      if (!step) return core::fail(step.error());
      for (int i = 0; i < step->repeat; ++i) pathway.steps.push_back(*step);
    }
    if (pathway.steps.empty() || pathway.weight < 1) {
      return core::fail(ErrorCode::kBadConfig, "a pathway needs steps and a weight above 0",
                        file->at(node.place));
    }
    world.pathways.push_back(std::move(pathway));
  }
  if (world.pathways.empty()) {
    return core::fail(ErrorCode::kBadConfig, "the file holds no pathway", path);
  }
  return world;
}

}  // namespace cli
