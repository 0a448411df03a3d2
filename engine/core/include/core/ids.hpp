#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace core {

/// A value that only mixes with its own kind: a ControlId is no FeedName.
template <class Tag, class T>
class Strong {
 public:
  Strong() = default;
  explicit Strong(T value) : value_(std::move(value)) {}
  const T& value() const& { return value_; }
  T&& value() && { return std::move(value_); }
  auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

/// Place of an entry in the journal: 1, 2, 3... without reuse; 0 means "none yet".
using Sequence = Strong<struct SequenceTag, std::uint64_t>;
/// MSH-10 as the sender wrote it.
using ControlId = Strong<struct ControlIdTag, std::string>;
/// Names from chartwire.yaml.
using FeedName = Strong<struct FeedNameTag, std::string>;
using DestinationName = Strong<struct DestinationNameTag, std::string>;
/// The person across authorities: groups Patient resources.
using EnterpriseId = Strong<struct EnterpriseIdTag, std::string>;

inline Sequence next(Sequence s) { return Sequence{s.value() + 1}; }

}  // namespace core

template <class Tag, class T>
struct std::hash<core::Strong<Tag, T>> {
  std::size_t operator()(const core::Strong<Tag, T>& id) const noexcept {
    return std::hash<T>{}(id.value());
  }
};
