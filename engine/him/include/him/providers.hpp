#pragma once
#include <core/clock.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <store/records.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// Ids that one provider goes by: owners of deficiencies, absences, suspensions and letters are
/// kept under one of them, so that a doctor under two ids is one person.
struct Provider {
  std::string id;                 ///< the one kept
  std::string name;
  struct Alias {
    std::string id, how;          ///< how: "Practitioner/<id>" of a master file, or who joined them
    core::Instant joined{};
  };
  std::vector<Alias> aliases;     ///< the others, by id
};
/// Providers with more than one id, by id. Joined by master files (MFN^M02: a Practitioner with
/// several identifiers) and by the orders provider-join and provider-part of him/command.hpp.
core::Result<std::vector<Provider>> providers(store::Records& records);

/// At most so many identifiers of one Practitioner are joined.
inline constexpr std::size_t kProviderIdsMax = 20;

}  // namespace him
