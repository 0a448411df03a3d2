#include <core/hash.hpp>
#include <core/text.hpp>

#include <algorithm>

#include "features.hpp"
#include "fold.hpp"

namespace identity {
namespace {

constexpr std::size_t kNumberDigitsMax = 18;
constexpr std::size_t kPhoneDigits = 10;
constexpr std::size_t kIdDigitsMin = 4;
constexpr std::uint64_t kHashedId = std::uint64_t{1} << 63;

/// Digits behind a leading 1, so that 007 and 7 differ.
std::uint64_t packed(std::string_view digits) {
  std::uint64_t value = 1;
  for (char c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

std::uint32_t date_of(std::string_view text, const Model& model) {
  std::string digits = digits_of(text.substr(0, 10));
  digits.resize(std::min<std::size_t>(digits.size(), 8));
  if (digits.size() < 4 || model.placeholder_dates.contains(digits)) return 0;
  digits.resize(8, '0');
  return static_cast<std::uint32_t>(core::to_int(digits).value_or(0));
}

std::uint64_t national_id_of(std::string_view text, const Model& model) {
  const std::string plain = fold_joined(text);
  const std::string digits = digits_of(plain);
  if (plain.size() < kIdDigitsMin || model.placeholder_ids.contains(digits)) return 0;
  // 9999999 of any length is nobody's number.
  if (plain.find_first_not_of(plain[0]) == std::string::npos) return 0;
  if (digits.size() != plain.size() || digits.size() > kNumberDigitsMax) {
    return core::stable_hash(plain) | kHashedId;
  }
  return packed(digits);
}

std::uint64_t phone_of(std::string_view text) {
  const std::string digits = digits_of(text);
  if (digits.size() < 7 || digits.find_first_not_of(digits[0]) == std::string::npos) return 0;
  return packed(std::string_view(digits).substr(
      digits.size() > kPhoneDigits ? digits.size() - kPhoneDigits : 0));
}

Sex sex_of(std::string_view text) {
  if (text.empty()) return Sex::kUnknown;
  const std::string word = core::ascii_lower(text);
  if (word == "m" || word == "male") return Sex::kMale;
  if (word == "f" || word == "female") return Sex::kFemale;
  return Sex::kUnknown;
}

/// "sr" 1, "jr" and "2" 2, "3" 3...
std::uint8_t suffix_number(const std::string& word) {
  if (word == "sr") return 1;
  if (word == "jr") return 2;
  return word.size() == 1 && word[0] > '1' && word[0] <= '9'
             ? static_cast<std::uint8_t>(word[0] - '0')
             : std::uint8_t{0};
}

/// Takes a generation suffix off the end of a folded name of several words.
void take_suffix(std::string& name, const Model& model, std::uint8_t& suffix) {
  const std::size_t blank = name.rfind(' ');
  if (blank == std::string::npos) return;
  const auto known = model.suffixes.find(name.substr(blank + 1));
  if (known == model.suffixes.end()) return;
  if (suffix == 0) suffix = suffix_number(known->second);
  name.resize(blank);
}

bool any_word_in(const std::string& name, const std::unordered_set<std::string>& set) {
  if (name.empty()) return false;
  if (set.contains(name)) return true;
  for (std::string_view word : core::split(name, ' ')) {
    if (set.contains(std::string(word))) return true;
  }
  return false;
}

void put_name(const Person::Name& name, const Model& model, Face& face) {
  std::string given = fold(name.given);
  std::string family = fold(name.family);
  if (const auto known = model.suffixes.find(fold(name.suffix)); known != model.suffixes.end()) {
    face.suffix = suffix_number(known->second);
  }
  take_suffix(given, model, face.suffix);
  take_suffix(family, model, face.suffix);
  face.newborn = any_word_in(given, model.newborn_names) ||
                 (given.empty() && any_word_in(family, model.newborn_names));
  face.unknown_name = model.unknown_names.contains(given) || model.unknown_names.contains(family) ||
                      model.unknown_names.contains(given + " " + family);
  face.of(Word::kGiven) = std::move(given);
  face.of(Word::kFamily) = std::move(family);
  face.of(Word::kMiddle) = fold(name.middle);
}

void put_address(const Person::Address& address, const Model& model, Face& face) {
  std::string number = fold_joined(address.number);
  std::string street;
  const std::string folded = fold(address.street);
  for (std::string_view word : core::split(folded, ' ')) {
    const auto known = model.street_words.find(std::string(word));
    const std::string_view plain = known == model.street_words.end() ? word : known->second;
    if (number.empty() && street.empty() && !plain.empty() && plain[0] >= '0' && plain[0] <= '9') {
      number = plain;   // "12 Main Street" in one field
      continue;
    }
    // "Street" and "Road" make unlike names alike; alone they are a name.
    if (!street.empty() && model.street_types.contains(std::string(word))) continue;
    if (!street.empty()) street += ' ';
    street += plain;
  }
  face.of(Word::kStreet) = std::move(street);
  face.of(Word::kStreetNumber) = std::move(number);
  face.of(Word::kUnit) = fold(address.unit);
  face.of(Word::kCity) = fold(address.city);
  // The first five digits of an American ZIP+4 are what the rest of the world calls a postcode.
  std::string postcode = fold_joined(address.postcode);
  if (postcode.size() == 9 && digits_of(postcode).size() == 9) postcode.resize(5);
  face.of(Word::kPostcode) = std::move(postcode);
  face.of(Word::kState) = fold_joined(address.state);
}

class KeyMaker {
 public:
  explicit KeyMaker(const Features& features) : features_(features) {}

  bool add(KeyPart part) {
    switch (part) {
      case KeyPart::kGivenSound: return sound(Word::kGiven);
      case KeyPart::kFamilySound: return sound(Word::kFamily);
      case KeyPart::kNameSounds: return name_sounds();
      case KeyPart::kFamilyStart: return family_start();
      case KeyPart::kBirthDate: return number(features_.birth % 100 == 0 ? 0 : features_.birth);
      case KeyPart::kBirthYear: return number(features_.birth / 10000);
      case KeyPart::kBirthMonth:
        return number(features_.birth / 100 % 100 == 0 ? 0 : features_.birth / 100);
      case KeyPart::kStreet: return word(Word::kStreet);
      case KeyPart::kStreetSound: return sound(Word::kStreet);
      case KeyPart::kCitySound: return sound(Word::kCity);
      case KeyPart::kStreetNumber: return word(Word::kStreetNumber);
      case KeyPart::kCity: return word(Word::kCity);
      case KeyPart::kPostcode: return word(Word::kPostcode);
      case KeyPart::kPhone: return number(features_.phone);
      case KeyPart::kNationalId: return number(features_.national_id);
    }
    return false;
  }
  std::uint64_t hash(std::size_t space) const {
    const std::uint64_t value = core::stable_hash(text_, space + 1);
    return value == 0 ? 1 : value;
  }

 private:
  bool number(std::uint64_t value) {
    if (value == 0) return false;
    text_ += std::to_string(value);
    text_ += '|';
    return true;
  }
  bool word(Word which) {
    const std::string_view text = features_.of(which).text;
    if (text.empty()) return false;
    text_ += text;
    text_ += '|';
    return true;
  }
  bool sound(Word which) { return number(soundex(features_.of(which).text)); }
  bool name_sounds() {
    std::uint32_t a = soundex(features_.of(Word::kGiven).text);
    std::uint32_t b = soundex(features_.of(Word::kFamily).text);
    if (a > b) std::swap(a, b);
    return number(a) && number(b);
  }
  bool family_start() {
    std::size_t taken = 0;
    for (char c : features_.of(Word::kFamily).text) {
      if (c == ' ') continue;
      text_ += c;
      if (++taken == 3) break;
    }
    text_ += '|';
    return taken > 0;
  }

  const Features& features_;
  std::string text_;
};

}  // namespace

std::vector<Face> make_faces(const Person& person, const Model& model) {
  Face common;
  common.birth = date_of(person.birth_date, model);
  common.death = date_of(person.death_date, model);
  common.deceased = person.deceased || common.death != 0;
  common.national_id = national_id_of(person.national_id, model);
  common.sex = sex_of(person.sex);
  if (!person.phones.empty()) common.phone = phone_of(person.phones.front());

  Face first = common;
  if (!person.names.empty()) put_name(person.names.front(), model, first);
  const bool unnamed = first.newborn || first.unknown_name;
  if (!person.addresses.empty()) put_address(person.addresses.front(), model, first);
  std::vector<Face> faces{first};
  for (std::size_t i = 1; i < std::min(person.names.size(), kNamesComparedMax); ++i) {
    Face face = first;
    put_name(person.names[i], model, face);
    // "BABY BOY" as a former name says nothing of who bears the new one.
    if (!unnamed && (face.newborn || face.unknown_name)) continue;
    faces.push_back(std::move(face));
  }
  for (std::size_t i = 1; i < std::min(person.addresses.size(), kAddressesComparedMax); ++i) {
    Face face = first;
    put_address(person.addresses[i], model, face);
    faces.push_back(std::move(face));
  }
  return faces;
}

std::uint64_t block_hash(const Model& model, std::size_t key, const Features& features) {
  KeyMaker maker(features);
  for (KeyPart part : model.keys[key].parts) {
    if (!maker.add(part)) return 0;
  }
  return maker.hash(model.keys[key].space);
}

}  // namespace identity
