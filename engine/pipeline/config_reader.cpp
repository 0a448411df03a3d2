#include "config_reader.hpp"

#include <algorithm>

namespace pipeline {

MapReader::MapReader(const core::yaml::File& file, const core::yaml::Node& node, std::string what,
                     std::vector<ConfigProblem>& problems)
    : file_(file), node_(node), what_(std::move(what)), problems_(problems) {
  if (!node.is_mapping()) problem(node.place, what_ + " must be a mapping of keys to values");
}

void MapReader::problem(const core::yaml::Place& place, std::string text, std::string hint) {
  problems_.push_back({file_.at(place), std::move(text), std::move(hint)});
}

const core::yaml::Node* MapReader::get(std::string_view key) {
  known_.push_back(key);
  return node_.find(key);
}

void MapReader::text(std::string_view key, std::string& into, bool required) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr || node->is_null()) {
    if (required && node_.is_mapping()) {
      problem(node_.place, what_ + " needs \"" + std::string(key) + "\"");
    }
    return;
  }
  if (!node->is_scalar() || (required && node->scalar.empty())) {
    problem(node->place, std::string(key) + " must be a text");
    return;
  }
  into = node->scalar;
}

void MapReader::boolean(std::string_view key, bool& into) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr) return;
  if (node->is_scalar() && (node->scalar == "true" || node->scalar == "false")) {
    into = node->scalar == "true";
  } else {
    problem(node->place, std::string(key) + " must be true or false");
  }
}

void MapReader::count(std::string_view key, std::uint64_t low, std::uint64_t high,
                      std::size_t& into) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr) return;
  const auto number = node->is_scalar() ? core::to_int(node->scalar) : std::nullopt;
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) < low ||
      static_cast<std::uint64_t>(*number) > high) {
    problem(node->place, std::string(key) + " must be a whole number from " + std::to_string(low) +
                             " to " + std::to_string(high));
    return;
  }
  into = static_cast<std::size_t>(*number);
}

void MapReader::duration(std::string_view key, std::chrono::milliseconds& into) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr) return;
  auto value = parse_duration(node->is_scalar() ? node->scalar : "");
  if (value) {
    into = *value;
  } else {
    problem(node->place, std::string(key) + " must be a duration",
            "write a number and a unit: 250ms, 30s, 5m, 12h, 7d");
  }
}

void MapReader::bytes(std::string_view key, std::uint64_t& into) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr) return;
  auto value = parse_bytes(node->is_scalar() ? node->scalar : "");
  if (value) {
    into = *value;
  } else {
    problem(node->place, std::string(key) + " must be a size",
            "write a number and a unit: 512, 64KiB, 16MiB, 2GiB");
  }
}

void MapReader::texts(std::string_view key, std::vector<std::string>& into) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr) return;
  into.clear();
  if (node->is_scalar()) {
    into.push_back(node->scalar);
    return;
  }
  if (!node->is_sequence()) {
    problem(node->place, std::string(key) + " must be a list of texts");
    return;
  }
  for (const core::yaml::Node& item : node->items) {
    if (item.is_scalar()) {
      into.push_back(item.scalar);
    } else {
      problem(item.place, std::string(key) + " must hold texts only");
    }
  }
}

void MapReader::choice(std::string_view key, const std::vector<std::string_view>& allowed,
                       const std::function<void(std::size_t)>& set) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr) return;
  const auto found =
      node->is_scalar() ? std::find(allowed.begin(), allowed.end(), node->scalar) : allowed.end();
  if (found != allowed.end()) {
    set(static_cast<std::size_t>(found - allowed.begin()));
    return;
  }
  std::string list;
  for (std::string_view word : allowed) list += (list.empty() ? "" : ", ") + std::string(word);
  const std::string_view near = core::nearest(node->scalar, allowed);
  problem(node->place, std::string(key) + " must be one of " + list,
          near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
}

void MapReader::each(std::string_view key,
                     const std::function<void(const core::yaml::Node&)>& visit) {
  const core::yaml::Node* node = get(key);
  if (node == nullptr || node->is_null()) return;
  if (!node->is_sequence()) {
    problem(node->place, std::string(key) + " must be a list");
    return;
  }
  for (const core::yaml::Node& item : node->items) visit(item);
}

void MapReader::finish() {
  if (!node_.is_mapping()) return;
  for (std::size_t i = 0; i < node_.entries.size(); ++i) {
    const std::string& key = node_.entries[i].first;
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string_view near = core::nearest(key, known_);
    problem(node_.key_places[i], what_ + " has no key \"" + key + "\"",
            near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
  }
}

}  // namespace pipeline
