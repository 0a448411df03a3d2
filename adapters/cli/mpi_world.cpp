#include "mpi_world.hpp"

#include <core/hash.hpp>
#include <fmt/format.h>

#include <cmath>

namespace cli::bench {
namespace {

constexpr std::size_t kGivenNames = 4'000;
constexpr std::size_t kFamilyNames = 80'000;
constexpr std::size_t kStreets = 12'000;
constexpr std::size_t kCities = 400;
constexpr std::size_t kPostcodes = 1'500;

/// Random numbers of one person: the n-th is always the same.
class Draw {
 public:
  Draw(std::uint64_t number, std::uint64_t purpose)
      : state_(number * 0x9E3779B97F4A7C15u + purpose) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  double unit() { return static_cast<double>(next() >> 11) / 9007199254740992.0; }
  /// A place in a list whose first entries are by far the commonest (Zipf with a flat head).
  std::size_t skewed(std::size_t n) {
    constexpr double kHead = 8;
    const double top = std::log((static_cast<double>(n) + kHead) / kHead);
    const auto place = static_cast<std::size_t>(kHead * (std::exp(unit() * top) - 1));
    return place < n ? place : n - 1;
  }

 private:
  std::uint64_t state_;
};

std::vector<std::string> invent(std::size_t count, std::uint64_t purpose, int syllables) {
  static constexpr const char* kStarts[] = {"b", "br", "c",  "ch", "d",  "f", "g", "gr", "h", "j",
                                            "k", "l",  "m",  "n",  "p",  "r", "s", "sh", "st", "t",
                                            "tr", "v", "w",  "z",  "th", ""};
  static constexpr const char* kVowels[] = {"a", "e", "i", "o", "u", "ai", "ea", "ee", "ou", "y"};
  static constexpr const char* kEnds[] = {"", "l", "n", "r", "s", "t", "m", "ck", "nd", "rt"};
  std::vector<std::string> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Draw draw(i, purpose);
    std::string word;
    const std::uint64_t parts = static_cast<std::uint64_t>(syllables) + draw.below(2);
    for (std::uint64_t s = 0; s < parts; ++s) {
      word += kStarts[draw.below(std::size(kStarts))];
      word += kVowels[draw.below(std::size(kVowels))];
      word += kEnds[draw.below(std::size(kEnds))];
    }
    out.push_back(std::move(word));
  }
  return out;
}

void slip(std::string& text, Draw& draw) {
  if (text.size() < 3) return;
  const std::size_t at = 1 + draw.below(text.size() - 2);
  switch (draw.below(3)) {
    case 0: text.erase(at, 1); break;
    case 1: std::swap(text[at], text[at + 1]); break;
    default: text.insert(at, 1, text[at]); break;
  }
}

}  // namespace

MpiWorld::MpiWorld()
    : given_(invent(kGivenNames, 1, 2)), family_(invent(kFamilyNames, 2, 2)),
      street_(invent(kStreets, 3, 2)), city_(invent(kCities, 4, 3)) {}

identity::Person MpiWorld::person(std::uint64_t number) const {
  Draw own(number, 101);
  // Three numbers in a row live together, more or less.
  const std::uint64_t household = number / 3 + (own.below(4) == 0 ? 7'000'000 + number : 0);
  Draw home(household, 202);
  identity::Person person;
  person.names.push_back({given_[own.skewed(given_.size())],
                          own.below(3) == 0 ? std::string() : given_[own.skewed(given_.size())],
                          family_[home.skewed(family_.size())], ""});
  const std::size_t city = home.skewed(city_.size());
  person.addresses.push_back(
      {std::to_string(1 + home.below(2'000)), street_[home.skewed(street_.size())] + " street", "",
       city_[city], fmt::format("{:05}", 10'000 + (city * 7 + home.below(8)) % kPostcodes),
       fmt::format("S{}", city % 5)});
  const std::uint64_t year = 1930 + own.below(94);
  person.birth_date = fmt::format("{}{:02}{:02}", year, 1 + own.below(12), 1 + own.below(28));
  person.sex = own.below(2) == 0 ? "male" : "female";
  if (own.below(100) < 85) {
    person.national_id = fmt::format("{:09}", 100'000'000 + (number * 733 + 11) % 899'999'999);
  }
  if (own.below(100) < 75) {
    person.phones.push_back(fmt::format("555{:07}", (household * 31 + 5) % 10'000'000));
  }
  person.numbers.push_back({"HOSP", std::to_string(number), true});
  return person;
}

identity::Person MpiWorld::entered_again(std::uint64_t number) const {
  identity::Person person = this->person(number);
  Draw draw(number, 303);
  identity::Person::Name& name = person.names.front();
  identity::Person::Address& address = person.addresses.front();
  for (std::uint64_t i = 0, slips = 1 + draw.below(2); i < slips; ++i) {
    switch (draw.below(6)) {
      case 0: slip(name.given, draw); break;
      case 1: slip(name.family, draw); break;
      case 2: slip(address.street, draw); break;
      case 3: slip(address.postcode, draw); break;
      case 4: person.national_id.clear(); break;
      default: person.birth_date[7] = person.birth_date[7] == '1' ? '2' : '1'; break;
    }
  }
  person.numbers.front() = {"CLINIC", "C" + std::to_string(number), true};
  return person;
}

}  // namespace cli::bench
