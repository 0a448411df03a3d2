#pragma once
#include <mapping/mapper.hpp>

#include <memory>
#include <string>
#include <vector>

namespace cli {

struct GoldenResult {
  std::string folder;
  bool passed = false;
  std::string difference;   ///< by FHIR path
};

/// Runs every case folder below `directory`, however deep: message.hl7 is held against expect.yaml
/// (the keys of a `tests:` entry of a mapping file) and, or, mapped (zone UTC, or the IANA name in
/// zone.txt) and its Bundle compared with expected.json, which `update` writes instead.
std::vector<GoldenResult> run_golden(const std::string& directory,
                                     const std::shared_ptr<const mapping::MappingSet>& set,
                                     bool update);

}  // namespace cli
