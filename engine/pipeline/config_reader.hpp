#pragma once
#include <core/text.hpp>
#include <core/yaml.hpp>
#include <pipeline/config.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pipeline {

/// Reads one mapping node: every key must be asked for, what was not is an unknown key. Collects
/// problems instead of stopping, so that an operator sees them all at once.
class MapReader {
 public:
  MapReader(const core::yaml::File& file, const core::yaml::Node& node, std::string what,
            std::vector<ConfigProblem>& problems);
  ~MapReader() = default;
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  bool ok() const { return node_.is_mapping(); }
  const core::yaml::Node* get(std::string_view key);   ///< marks the key as known
  void text(std::string_view key, std::string& into, bool required = false);
  void boolean(std::string_view key, bool& into);
  void count(std::string_view key, std::uint64_t low, std::uint64_t high, std::size_t& into);
  void duration(std::string_view key, std::chrono::milliseconds& into);
  void bytes(std::string_view key, std::uint64_t& into);
  void texts(std::string_view key, std::vector<std::string>& into);
  void choice(std::string_view key, const std::vector<std::string_view>& allowed,
              const std::function<void(std::size_t)>& set);
  void each(std::string_view key, const std::function<void(const core::yaml::Node&)>& visit);
  /// Reports the keys nobody asked for. Call last.
  void finish();
  void problem(const core::yaml::Place& place, std::string text, std::string hint = {});

 private:
  const core::yaml::File& file_;
  const core::yaml::Node& node_;
  std::string what_;
  std::vector<ConfigProblem>& problems_;
  std::vector<std::string_view> known_;
};

}  // namespace pipeline
