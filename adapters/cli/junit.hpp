#pragma once
#include <string>
#include <vector>

namespace cli {

struct JunitCase {
  std::string suite;        ///< file or folder
  std::string name;
  bool passed = false;
  std::string difference;
};

/// A JUnit report as continuous-integration servers read it: one test suite a file.
std::string junit_xml(const std::vector<JunitCase>& cases);

}  // namespace cli
