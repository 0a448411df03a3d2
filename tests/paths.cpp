#include "paths.hpp"

namespace test {

std::string source_path(std::string_view below) { return std::string(CW_SOURCE_DIR).append(below); }
std::string build_path(std::string_view below) { return std::string(CW_BINARY_DIR).append(below); }

}  // namespace test
