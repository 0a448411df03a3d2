#pragma once
#include <identity/compare.hpp>

#include "features.hpp"

namespace identity {

/// How two values of one kind agree. Thread: any.
Level given_level(const Model& model, std::string_view a, std::string_view b);
Level family_level(const Model& model, std::string_view a, std::string_view b);
Level middle_level(std::string_view a, std::string_view b);
Level text_level(std::string_view a, std::string_view b, double similarity);
/// House numbers, postcodes: one character wrong or two swapped.
Level code_level(std::string_view a, std::string_view b);
/// Near: one digit wrong, two swapped, day and month in each other's place, or one of day and month
/// differing; also a year alone, or a year and month, that fit.
Level date_level(std::uint32_t a, std::uint32_t b);
/// Numbers packed as in Face: near is one digit wrong, lost, added, or two neighbours swapped.
Level number_level(std::uint64_t a, std::uint64_t b);

/// Two given names each known as a name of its own and no forms of one another: alike in letters
/// ("Ella", "Emma"), yet two people.
bool distinct_given(const Model& model, const Text& a, const Text& b);

}  // namespace identity
