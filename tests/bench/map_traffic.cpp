#include "map_traffic.hpp"

#include <array>
#include <fmt/format.h>

namespace bench {

namespace {

constexpr std::size_t kCensus = 2'000, kPhysicians = 150, kNewPatientsOfTen = 3;

constexpr std::array<std::string_view, 24> kFamilies{
    "ADAMS",  "BAKER",  "CLARK",   "DAVIS",   "EVANS",  "FLORES", "GREEN",  "HALL",
    "IRWIN",  "JONES",  "KELLY",   "LOPEZ",   "MILLER", "NGUYEN", "ORTIZ",  "PARKER",
    "QUINN",  "RIVERA", "SANCHEZ", "TAYLOR",  "UNGER",  "VEGA",   "WALKER", "YOUNG"};
constexpr std::array<std::string_view, 16> kGiven{"ANNA", "BEN",   "CARLA", "DAVID", "EVE",  "FRANK",
                                                  "GRACE", "HUGO", "IRIS",  "JOHN",  "KATE", "LUIS",
                                                  "MARIA", "NOAH", "OLGA",  "PETER"};
constexpr std::array<std::string_view, 8> kStreets{"MAIN STREET", "OAK AVENUE", "ELM STREET",
                                                   "LAKE ROAD",   "HILL DRIVE", "PARK LANE",
                                                   "2ND STREET",  "RIVER ROAD"};
constexpr std::array<std::string_view, 6> kCities{
    "SPRINGFIELD^IL^62701", "CHATHAM^IL^62629", "DECATUR^IL^62521",
    "LINCOLN^IL^62656",     "PEORIA^IL^61602",  "JACKSONVILLE^IL^62650"};
constexpr std::array<std::string_view, 4> kRaces{
    "2106-3^White^HL70005", "2054-5^Black or African American^HL70005", "2028-9^Asian^HL70005",
    "2131-1^Other Race^HL70005"};
constexpr std::array<std::string_view, 8> kWards{"2NORTH", "3SOUTH", "4WEST", "5EAST",
                                                 "ICU",    "CCU",    "MATERN", "PEDS"};
constexpr std::array<std::string_view, 6> kServices{"MED", "SUR", "CAR", "OBS", "PUL", "URO"};
constexpr std::array<std::string_view, 6> kAllergies{
    "DA|00000741^OXYCODONE^L|MO|HIVES",       "DA|00000476^PENICILLIN^L|SV|ANAPHYLAXIS",
    "FA|00000911^PEANUTS^L|MO|SWELLING",      "DA|00000112^SULFA^L|MI|RASH",
    "EA|00000300^POLLEN^L|MI|SNEEZING",       "DA|00000777^ASPIRIN^L|MO|WHEEZING"};
constexpr std::array<std::string_view, 8> kDiagnoses{
    "I10^Essential hypertension^I10",   "E11.9^Type 2 diabetes mellitus^I10",
    "J18.9^Pneumonia^I10",              "I50.9^Heart failure^I10",
    "N39.0^Urinary tract infection^I10", "K35.80^Acute appendicitis^I10",
    "S72.001A^Fracture of femur^I10",   "I21.4^NSTEMI^I10"};

struct Analyte {
  std::string_view code, name, unit, range;
  int low, high, decimals;
};
constexpr std::array<Analyte, 24> kAnalytes{{
    {"2345-7", "Glucose", "mg/dL", "70-99", 60, 180, 0},
    {"3094-0", "Urea nitrogen", "mg/dL", "7-20", 5, 40, 0},
    {"2160-0", "Creatinine", "mg/dL", "0.6-1.3", 4, 30, 1},
    {"2951-2", "Sodium", "mmol/L", "135-145", 128, 150, 0},
    {"2823-3", "Potassium", "mmol/L", "3.5-5.1", 30, 60, 1},
    {"2075-0", "Chloride", "mmol/L", "98-107", 92, 112, 0},
    {"2028-9", "Carbon dioxide", "mmol/L", "22-29", 18, 33, 0},
    {"17861-6", "Calcium", "mg/dL", "8.5-10.5", 78, 112, 1},
    {"2885-2", "Protein", "g/dL", "6.0-8.3", 52, 88, 1},
    {"1751-7", "Albumin", "g/dL", "3.5-5.0", 28, 54, 1},
    {"1975-2", "Bilirubin", "mg/dL", "0.1-1.2", 1, 30, 1},
    {"6768-6", "Alkaline phosphatase", "U/L", "44-147", 35, 200, 0},
    {"1920-8", "AST", "U/L", "10-40", 8, 120, 0},
    {"1742-6", "ALT", "U/L", "7-56", 6, 140, 0},
    {"6690-2", "Leukocytes", "10*3/uL", "4.5-11.0", 30, 180, 1},
    {"789-8", "Erythrocytes", "10*6/uL", "4.2-5.9", 35, 62, 1},
    {"718-7", "Hemoglobin", "g/dL", "12.0-17.5", 80, 180, 1},
    {"4544-3", "Hematocrit", "%", "36-50", 26, 54, 0},
    {"787-2", "MCV", "fL", "80-100", 72, 108, 0},
    {"785-6", "MCH", "pg", "27-33", 22, 36, 1},
    {"786-4", "MCHC", "g/dL", "32-36", 29, 38, 1},
    {"777-3", "Platelets", "10*3/uL", "150-400", 90, 480, 0},
    {"2601-3", "Magnesium", "mg/dL", "1.7-2.2", 12, 28, 1},
    {"2777-1", "Phosphate", "mg/dL", "2.5-4.5", 18, 60, 1},
}};

}  // namespace

Traffic::Traffic(std::uint64_t seed) : random_(seed) {
  census_.reserve(kCensus);
  for (std::size_t i = 0; i < kCensus; ++i) census_.push_back(person());
}

std::string Traffic::digits(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('0' + below(10));
  return out;
}

Traffic::Person Traffic::person() {
  Person out;
  out.mrn = fmt::format("{:07}", ++number_);
  out.ssn = digits(3) + "-" + digits(2) + "-" + digits(4);
  out.family = kFamilies[below(kFamilies.size())];
  out.given = kGiven[below(kGiven.size())];
  out.birth = fmt::format("{}{:02}{:02}", 1930 + below(90), 1 + below(12), 1 + below(28));
  out.sex = below(2) == 0 ? "F" : "M";
  out.race = kRaces[below(kRaces.size())];
  out.street = fmt::format("{} {}", 1 + below(2'000), kStreets[below(kStreets.size())]);
  out.city = kCities[below(kCities.size())];
  out.phone = digits(7);
  out.mail = fmt::format("{}{}@example.org", out.given, out.mrn);
  out.account = "ACC" + out.mrn;
  return out;
}

const Traffic::Person& Traffic::patient() {
  Person& known = census_[below(census_.size())];
  if (below(10) < kNewPatientsOfTen) known = person();
  return known;
}

std::string Traffic::doctor() {
  const std::size_t n = below(kPhysicians);
  return fmt::format("{}^{}^{}^{}^^DR^^^NPI", 1'000'000 + n * 7'919, kFamilies[n % kFamilies.size()],
                     kGiven[n / kFamilies.size()], static_cast<char>('A' + n % 26));
}

std::string Traffic::minute() {
  clock_ += 1 + below(3);
  const std::uint64_t day = clock_ / 1'440 % 28, left = clock_ % 1'440;
  return fmt::format("202601{:02}{:02}{:02}{:02}-0500", day + 1, left / 60, left % 60, below(60));
}

std::string Traffic::head(std::string_view type, std::string_view structure) {
  return fmt::format(
      "MSH|^~\\&|EPIC|HOSPITAL^1.2.840.1^ISO|CHARTWIRE|HIM|{}||{}^{}|MSG{:07}|P|2.5.1|||AL|NE|USA|"
      "UNICODE UTF-8\r",
      minute(), type, structure, ++number_);
}

std::string Traffic::pid(const Person& who) {
  return fmt::format(
      "PID|1||{}^^^HOSPITAL&1.2.840.1&ISO^MR~{}^^^SSA^SS||{}^{}^E^^^^L|JONES^JANE|{}|{}||{}|"
      "{}^APT 2^{}^USA^H||^PRN^PH^^1^217^{}~^NET^Internet^{}|^WPN^PH^^1^217^{}|en^English|M|CHR|"
      "{}^^^HOSPITAL^AN|{}|||N^Not Hispanic^HL70189\r",
      who.mrn, who.ssn, who.family, who.given, who.birth, who.sex, who.race, who.street, who.city,
      who.phone, who.mail, who.phone, who.account, who.ssn);
}

std::string Traffic::pv1() {
  return fmt::format("PV1|1|I|{}^{}^{}^HOSPITAL|E|||{}|{}||{}||||7|||{}|IP|V{:07}^^^HOSPITAL^VN",
                     kWards[below(kWards.size())], 201 + below(20), below(2) == 0 ? "A" : "B",
                     doctor(), doctor(), kServices[below(kServices.size())], doctor(), ++number_);
}

std::string Traffic::adt() {
  const Person& who = patient();
  const std::size_t clerk = below(20);
  std::string out = head("ADT^A01", "ADT_A01");
  const std::string time = minute();
  out += fmt::format("EVN|A01|{0}|||REG{1:02}^CLERK^{2}|{0}\r", time, clerk, kGiven[clerk % 16]);
  out += pid(who);
  out += fmt::format("NK1|1|{}^{}^A|SPO^Spouse^HL70063|{}^^{}|^PRN^PH^^1^217^{}||"
                     "N^Next of kin^HL70131\r",
                     who.family, kGiven[below(kGiven.size())], who.street, who.city, who.phone);
  out += pv1() + "|||||||||||||||||||||||||" + time + "\r";
  out += fmt::format("AL1|1|{}\r", kAllergies[below(kAllergies.size())]);
  out += fmt::format("DG1|1||{}||{}|A\r", kDiagnoses[below(kDiagnoses.size())], time.substr(0, 8));
  return out;
}

std::string Traffic::oru() {
  std::string out = head("ORU^R01", "ORU_R01");
  out += pid(patient());
  out += pv1() + "\r";
  const std::string taken = minute(), done = minute();
  const std::uint64_t order = ++number_;
  out += fmt::format("OBR|1|ORD{0:07}^EPIC|ACC{0:07}^LAB|24323-8^Comprehensive metabolic panel^LN|||"
                     "{1}|||||||{1}||{2}||||||{3}||CH|F\r",
                     order, taken, doctor(), done);
  const std::size_t tech = below(12);
  for (std::size_t i = 0; i < kAnalytes.size(); ++i) {
    const Analyte& one = kAnalytes[i];
    const auto value = static_cast<double>(static_cast<std::size_t>(one.low) +
                                           below(static_cast<std::size_t>(one.high - one.low)));
    const char* const flags[] = {"N", "N", "N", "H", "L"};
    out += fmt::format("OBX|{}|NM|{}^{} [Mass/volume] in Serum or Plasma^LN^{}^{}^L||{:.{}f}|"
                       "{}^{}^UCUM|{}|{}|||F|||{}||LAB{}^TECH^TOM||ANALYZER{}\r",
                       i + 1, one.code, one.name, i, one.name,
                       one.decimals == 0 ? value : value / 10, one.decimals, one.unit, one.unit,
                       one.range, flags[below(5)], taken, tech, 1 + i % 5);
  }
  return out;
}

}  // namespace bench
