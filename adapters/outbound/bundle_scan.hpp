#pragma once
#include <core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace outbound {

inline constexpr std::size_t kSinkEntriesMax = 20'000;
inline constexpr std::size_t kSinkDepthMax = 200;

/// What a sink has to know of a resource. `text` points into the scanned bytes.
struct ScannedResource {
  std::string type;
  std::string id;
  std::string_view text;
};

struct ScannedEntry {
  std::string method;
  std::string url;
  ScannedResource resource;
};

/// A body in one pass: itself as a resource and, of a Bundle, its entries.
struct ScannedBody {
  ScannedResource resource;
  std::string bundle_type;
  std::vector<ScannedEntry> entries;
};

/// kBadJson for malformed JSON, text behind it, more than kSinkDepthMax levels, more than
/// kSinkEntriesMax entries.
core::Result<ScannedBody> scan_body(std::string_view json);

}  // namespace outbound
