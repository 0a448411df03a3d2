#pragma once

namespace cli {

/// Parses the arguments and runs a command. @return its exit code: 0 ok, 1 findings, 2 usage or
/// configuration, 3 refused by policy, 4 unreachable.
int run(int argc, char** argv);

}  // namespace cli
