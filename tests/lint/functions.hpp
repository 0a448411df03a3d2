#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lint {

/// A function definition, by brace depth; lambdas belong to the function around them.
struct Function {
  std::string name;
  std::size_t first_line = 0;
  std::size_t last_line = 0;
};

/// @param code as code_only() gives it.
std::vector<Function> find_functions(std::string_view code);

}  // namespace lint
