#pragma once
#include <store/records.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

namespace pipeline {

/// Resource versions that were sent last: the same doctor, ward and patient go out with message
/// after message, in the same version. One version a resource. Thread: the dispatcher's. Bounded:
/// begins anew at its limit.
class SentBefore {
 public:
  using Kept = std::shared_ptr<const store::Resource>;
  static constexpr std::size_t kBytesMax = 4u << 20;

  /// nullptr: this version is not known here.
  Kept find(const store::VersionRef& ref);
  Kept keep(store::Resource resource);

 private:
  const std::string& name_of(const std::string& type, const std::string& id) {
    return name_.assign(type).append("/").append(id);
  }
  std::unordered_map<std::string, Kept> last_;   ///< by "Type/id"
  std::string name_;                             ///< reused
  std::size_t bytes_ = 0;
};

}  // namespace pipeline
