#pragma once
#include <core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hl7 {

/// A place in a message, 1-based; 0 means "not given". Text form: PID[2]-3[1].4.1
struct Location {
  std::string segment;
  int occurrence = 0;    ///< n-th segment of that name
  int field = 0;
  int repetition = 0;
  int component = 0;
  int subcomponent = 0;

  std::string text() const;
  bool operator==(const Location&) const = default;
};

/// Reads "PID", "PID-3", "PID[2]-3[1].4.1", "OBX[2]-5". kUsage: anything else.
core::Result<Location> parse_location(std::string_view text);

/// Table 0516. Warnings and information do not stop a message.
enum class Severity { kInformation, kWarning, kError };

/// What was found in a message: a tolerance that was applied, a violated rule, a dropped value.
/// `text` is for people and holds no field value (it is logged and returned to the sender).
struct Issue {
  Severity severity = Severity::kError;
  core::ErrorCode code = core::ErrorCode::kInternal;
  Location at;
  std::string text;
};
using Issues = std::vector<Issue>;

/// @return whether any issue is an error.
bool has_error(const Issues& issues);

}  // namespace hl7
