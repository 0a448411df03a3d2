#pragma once
#include <string>
#include <vector>

#include "command.hpp"

namespace cli {

/// `mapping coverage`: the official V2-to-FHIR tables against what messages prove.
struct CoverageOptions {
  std::string tables;                  ///< folder of the official tables
  std::string mappings;                ///< empty: the shipped ones
  std::vector<std::string> messages;   ///< files or folders, beside the set's own tests
  bool all = false;                    ///< list declined and corrected rows, too
};
void report_coverage(const CoverageOptions& options, Context& context);

}  // namespace cli
