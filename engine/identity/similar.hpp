#pragma once
#include <cstddef>
#include <string_view>

namespace identity {

/// Optimal string alignment distance (insert, delete, change, swap of neighbours), at most
/// `limit` + 1: larger ones are not worked out. Texts above 64 bytes count as limit + 1 apart.
/// Thread: any.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// Jaro-Winkler similarity, 0 to 1 (prefix of at most four, scale 0.1).
double jaro_winkler(std::string_view a, std::string_view b);

/// One word written badly twice: blanks apart, edit distance 1 (2 from eight letters on), or
/// Jaro-Winkler at least `similarity`.
bool written_alike(std::string_view a, std::string_view b, double similarity);

}  // namespace identity
