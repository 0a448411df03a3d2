#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace mapping {

/// Texts of the compiled program, kept once, at addresses that never change: plan literals, JSON
/// member names and codes are handed to the output tree as views. Owner: MappingSet.
class Strings {
 public:
  std::string_view keep(std::string_view text) {
    if (const auto found = index_.find(text); found != index_.end()) return *found;
    texts_.emplace_back(text);
    index_.insert(texts_.back());
    return texts_.back();
  }

 private:
  std::deque<std::string> texts_;
  std::unordered_set<std::string_view> index_;
};

/// Numbers names from 0 in order of first use.
class Names {
 public:
  std::uint16_t id(std::string_view name) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) return static_cast<std::uint16_t>(i);
    }
    names_.emplace_back(name);
    return static_cast<std::uint16_t>(names_.size() - 1);
  }
  std::size_t size() const { return names_.size(); }
  const std::string& operator[](std::size_t i) const { return names_[i]; }

 private:
  std::deque<std::string> names_;
};

}  // namespace mapping
