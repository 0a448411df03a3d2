#pragma once
#include <identity/model.hpp>

#include <array>
#include <string_view>

namespace identity {

/// Names of the enumerations in the YAML, in the order of the enumerators.
inline constexpr std::array<std::string_view, kFields> kFieldWords = {
    "given", "family", "middle",   "birth_date", "sex",   "street",     "street_number",
    "unit",  "city",   "postcode", "state",      "phone", "national_id"};
inline constexpr std::array<std::string_view, kGroups> kGroupWords = {"name", "birth", "place",
                                                                      "contact", "id"};
inline constexpr std::array<std::string_view, 15> kKeyPartWords = {
    "given_sound", "family_sound", "name_sounds",   "family_start", "birth_date",
    "birth_year",  "birth_month",  "street",        "street_sound",  "street_number",
    "city",        "city_sound",   "postcode",      "phone",         "national_id"};

}  // namespace identity
