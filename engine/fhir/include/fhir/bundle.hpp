#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fhir {

inline constexpr std::size_t kBundleEntriesMax = 10'000;

/// A resource of a transaction, already written as JSON: stored bodies go out without being parsed
/// again.
struct BundleEntry {
  std::string_view type, id;
  std::string_view json;      ///< the resource, an object; empty for a DELETE
  std::string_view full_url;  ///< empty: "Type/id" after `base`, or "urn:uuid:<id>" without one
  std::string_view method = "PUT";   ///< PUT, POST (url = Type) or DELETE
};

struct BundleHead {
  std::string_view type = "transaction";
  std::string_view id;                  ///< may be empty
  std::string_view identifier_system;   ///< both empty: no identifier
  std::string_view identifier_value;
  std::string_view timestamp;           ///< instant; may be empty
  std::string_view base;                ///< "http://host/fhir/" or empty
};

/// Appends a Bundle. Hot path: the entries are copied once.
void write_bundle(const BundleHead& head, const std::vector<BundleEntry>& entries,
                  std::string& out);

/// What a server answered to one entry of a transaction.
struct EntryOutcome {
  int status = 0;            ///< of "201 Created"; 0 when it cannot be read
  std::string location;      ///< "Patient/1/_history/2"
  std::string etag;          ///< W/"2"
  std::string diagnostics;   ///< of the first error in entry.response.outcome
};
/// Reads a Bundle of type transaction-response (or batch-response). kBadResource when it is none.
core::Result<std::vector<EntryOutcome>> parse_transaction_response(std::string_view json);

}  // namespace fhir
