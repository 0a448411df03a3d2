#pragma once
#include <string>
#include <string_view>

/// Where the sources and the build stand. Only one translation unit knows, so that the compiled
/// objects of every other do not depend on the folder of the checkout and the cache serves them all.
namespace test {

/// `below` the root of the project: "/schemas/fhir/r4.txt", "/../shared/corpus".
std::string source_path(std::string_view below = {});
/// `below` the build folder.
std::string build_path(std::string_view below = {});

}  // namespace test
