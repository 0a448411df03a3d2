#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

namespace schema {

/// Hash map by text that is looked up without making a std::string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <class T>
using StringMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

}  // namespace schema
