#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// A hospital's feed for measuring: every message is new (control id, times, visit or order
/// numbers, 30 % of the patients never seen before), while physicians, beds, codes and units come
/// from lists of a hospital's size. The same seed gives the same feed. Thread: one.
class Traffic {
 public:
  explicit Traffic(std::uint64_t seed = 1);
  std::string adt();   ///< ADT^A01: an admission with next of kin, allergy and diagnosis
  std::string oru();   ///< ORU^R01: one order with 24 results

 private:
  struct Person {
    std::string mrn, ssn, family, given, birth, sex, race, street, city, phone, mail, account;
  };
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  std::string digits(int count);
  Person person();
  const Person& patient();          ///< known, or (30 %) new in the place of a known one
  std::string doctor();
  std::string minute();             ///< the feed's clock, which each call moves on
  std::string head(std::string_view type, std::string_view structure);
  std::string pid(const Person& who);
  std::string pv1();

  std::mt19937_64 random_;
  std::vector<Person> census_;
  std::uint64_t number_ = 0, clock_ = 0;
};

}  // namespace bench
