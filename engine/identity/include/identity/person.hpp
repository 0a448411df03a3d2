#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace identity {

/// What the master patient index knows of one person, as written by the source: no folding, no
/// checking. Everything may be empty; empty says nothing, for or against.
/// Sources: PID-3/5/6/7/8/9/11/13/19/24/25/29/30 (HL7 chapter 3), FHIR R4 Patient.
struct Person {
  struct Name {
    std::string given, middle, family, suffix;
  };
  struct Address {
    std::string number;      ///< house number; empty when `street` begins with it
    std::string street;
    std::string unit;        ///< second line: flat, building, property
    std::string city, postcode, state;
  };
  struct Number {
    std::string authority;   ///< who assigned it
    std::string value;
    bool active = true;
  };

  std::vector<Name> names;            ///< current first, then former names and aliases
  std::vector<Address> addresses;     ///< current first
  std::vector<std::string> phones;
  std::string birth_date;             ///< YYYYMMDD or YYYY-MM-DD; or its beginning
  std::string death_date;             ///< the same; empty when alive or not known
  bool deceased = false;              ///< also when the date is not known
  std::string sex;                    ///< "male" "female" or M F; everything else says nothing
  std::string national_id;            ///< social-security or other national number
  std::vector<Number> numbers;        ///< medical record numbers
};

/// Names, addresses and phones beyond these are not compared.
inline constexpr std::size_t kNamesComparedMax = 4;
inline constexpr std::size_t kAddressesComparedMax = 3;

}  // namespace identity
