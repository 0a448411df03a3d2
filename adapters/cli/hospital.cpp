#include "hospital.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cli {
namespace {

constexpr std::array kFamilies{"Alvarez", "Becker", "Chen", "Dubois", "Eriksen", "Fofana",
                               "Garcia", "Haddad", "Ivanov", "Jensen", "Kaur", "Lopez", "Mbeki",
                               "Novak", "Okafor", "Patel", "Quinn", "Rossi", "Silva", "Tanaka",
                               "Ueda", "Vargas", "Weber", "Xu", "Yilmaz", "Zhang"};
constexpr std::array kWomen{"Ana", "Beth", "Clara", "Dina", "Elena", "Fatima", "Grace", "Hana",
                            "Ines", "Joy", "Kim", "Laura"};
constexpr std::array kMen{"Adam", "Boris", "Carl", "David", "Emil", "Farid", "George", "Hugo",
                          "Ivan", "Jonas", "Karim", "Luis"};
constexpr std::array kStreets{"Oak", "Maple", "Cedar", "Hill", "Lake", "Mill", "Church", "Park"};
constexpr std::array kCities{"Springfield^NY^12345", "Riverton^NY^12346", "Fairview^NY^12347"};
constexpr std::array kUnits{"4W", "5E", "6N", "ICU"};
constexpr std::array kDoctors{"1001^Adams^Ruth", "1002^Brown^Peter", "1003^Cole^Maria",
                              "1004^Diaz^Juan", "1005^Evans^Lily", "1006^Ford^Sam"};
constexpr std::array kDiagnoses{"I50.9^Heart failure, unspecified^I10",
                                "J18.9^Pneumonia, unspecified organism^I10",
                                "K35.80^Unspecified acute appendicitis^I10"};
constexpr std::array kProcedures{"0DTJ4ZZ^Resection of appendix^I10P",
                                 "0SR9019^Replacement of right hip joint^I10P"};

/// Of 100 admissions, how many bring their insurance, and how many their diagnosis.
constexpr std::uint64_t kRegisteredWhole = 88;

std::string hl7_time(core::Instant at) {
  std::string digits;
  for (char c : core::to_iso(at).substr(0, 19)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits;
}

/// A segment from its valued fields, ascending by number.
std::string segment(std::string_view name,
                    std::initializer_list<std::pair<int, std::string>> fields) {
  std::string text(name);
  int at = 0;
  for (const auto& [number, value] : fields) {
    text.append(static_cast<std::size_t>(number - at), '|');
    at = number;
    text += value;
  }
  while (text.back() == '|') text.pop_back();
  return text + "\r";
}

}  // namespace

struct Hospital::Person {
  std::uint64_t number = 0;
  std::string mrn, family, given, sex, birth, address, phone, contact;
};

struct Hospital::Visit {
  const Person* person = nullptr;
  const SimulatedPathway* pathway = nullptr;
  std::size_t step = 0;
  std::string number, attending, unit, bed;
  core::Instant admitted{}, discharged{};
  std::string disposition;
  std::map<std::string, std::string> documents;   ///< type -> unique document number
  int results = 0;
};

Hospital::Hospital(SimulatedWorld world, Options options)
    : world_(std::move(world)), options_(options), random_(options.seed) {
  next_arrival_ = options_.start;
}

Hospital::~Hospital() = default;

std::uint64_t Hospital::pick(std::uint64_t below) {
  // Not uniform_int_distribution: its results differ between standard libraries.
  return below == 0 ? 0 : random_() % below;
}

Hospital::Person Hospital::make_person() {
  Person person;
  person.number = people_.size() + 1;
  person.mrn = fmt::format("{:08}", 10'000'000 + options_.seed % 1000 * 100'000 + person.number);
  person.family = kFamilies[pick(kFamilies.size())];
  const bool woman = pick(2) == 0;
  person.sex = woman ? "F" : "M";
  person.given = woman ? kWomen[pick(kWomen.size())] : kMen[pick(kMen.size())];
  person.birth = fmt::format("{:04}{:02}{:02}", 1930 + pick(80), 1 + pick(12), 1 + pick(28));
  const std::string city = kCities[pick(kCities.size())];
  person.address = fmt::format("{} {} St^^{}^USA", 1 + pick(999), kStreets[pick(kStreets.size())],
                               city);
  person.phone = fmt::format("(555)555-{:04}", pick(10'000));
  person.contact = kFamilies[pick(kFamilies.size())];
  return person;
}

void Hospital::admit() {
  const bool is_new =
      people_.empty() || pick(100) < static_cast<std::uint64_t>(options_.new_percent);
  if (is_new) people_.push_back(std::make_unique<Person>(make_person()));
  int total = 0;
  for (const SimulatedPathway& pathway : world_.pathways) total += pathway.weight;
  auto roll = static_cast<int>(pick(static_cast<std::uint64_t>(total)));
  const SimulatedPathway* chosen = &world_.pathways.front();
  for (const SimulatedPathway& pathway : world_.pathways) {
    chosen = &pathway;
    if ((roll -= pathway.weight) < 0) break;
  }
  auto visit = std::make_unique<Visit>();
  visit->person = is_new ? people_.back().get() : people_[pick(people_.size())].get();
  visit->pathway = chosen;
  visit->number = fmt::format("V{:02}{:07}", options_.seed % 100, ++admitted_);
  visit->attending = kDoctors[pick(kDoctors.size())];
  visit->unit = kUnits[pick(kUnits.size())];
  visit->bed = fmt::format("{}^{}", 100 + pick(40), pick(2) == 0 ? "A" : "B");
  visit->admitted = next_arrival_;
  const std::size_t index = admitted_;
  visits_[index] = std::move(visit);
  schedule(index, next_arrival_);
  const auto mean = static_cast<std::uint64_t>(options_.arrival.count());
  next_arrival_ += std::chrono::seconds(mean / 2 + pick(mean + 1));
}

void Hospital::schedule(std::size_t index, core::Instant after) {
  const Visit& visit = *visits_.at(index);
  const SimulatedStep& step = visit.pathway->steps[visit.step];
  const auto span = static_cast<std::uint64_t>((step.after_max - step.after_min).count());
  due_.push({after + step.after_min + std::chrono::seconds(pick(span + 1)), ++messages_, index});
}

bool Hospital::next(SimulatedMessage& out) {
  while ((options_.visits == 0 || admitted_ < options_.visits) &&
         (due_.empty() || next_arrival_ <= due_.top().at)) {
    admit();
  }
  if (due_.empty()) return false;
  const Due due = due_.top();
  due_.pop();
  Visit& visit = *visits_.at(due.visit);
  const SimulatedStep& step = visit.pathway->steps[visit.step];
  out.control_id = fmt::format("SIM{:03}{:010}", options_.seed % 1000, due.order);
  out.at = due.at;
  out.patient = visit.person->number;
  const std::string body = build(visit, step, due.at);
  out.text = fmt::format("MSH|^~\\&|SIM|GENERAL|CHARTWIRE|HIM|{}||{}^{}|{}|P|2.5.1\r{}",
                         hl7_time(due.at), step.type, step.trigger, out.control_id, body);
  if (++visit.step < visit.pathway->steps.size()) {
    schedule(due.visit, due.at);
  } else {
    visits_.erase(due.visit);
  }
  return true;
}

std::string Hospital::build(Visit& visit, const SimulatedStep& step, core::Instant at) {
  if (step.trigger == "A02") visit.unit = kUnits[pick(kUnits.size())];
  if (step.trigger == "A03") {
    visit.discharged = at;
    visit.disposition = step.disposition;
  }
  const std::string when = hl7_time(at);
  std::string text;
  if (step.type != "ORU") text += segment("EVN", {{1, step.trigger}, {2, when}});
  text += person_segments(visit, step);
  text += visit_segment(visit);
  if (step.type == "ORU") return text + result_segments(visit, step, when);
  if (step.type == "MDM") return text + document_segments(visit, step, when);
  // What a registration desk and a coder mostly, not always, fill in.
  if (step.trigger == "A01" && pick(100) < kRegisteredWhole) {
    text += segment("DG1", {{1, "1"}, {3, kDiagnoses[pick(kDiagnoses.size())]}, {5, when},
                            {6, "A"}});
  }
  if (!step.diagnosis.empty()) {
    text += segment("DG1", {{1, "1"}, {3, kDiagnoses[pick(kDiagnoses.size())]}, {5, when},
                            {6, step.diagnosis}, {15, "1"}});
  }
  if (!step.procedure.empty()) {
    text += segment("PR1", {{1, "1"}, {3, kProcedures[pick(kProcedures.size())]}, {5, when},
                            {6, step.procedure}, {11, visit.attending}});
  }
  if (step.trigger == "A01" && pick(100) < kRegisteredWhole) {
    text += segment("IN1", {{1, "1"}, {2, "PLAN01"}, {3, "INS01"}, {4, "General Insurance"}});
  }
  return text;
}

std::string Hospital::person_segments(const Visit& visit, const SimulatedStep& step) const {
  const Person& person = *visit.person;
  std::string text = segment("PID", {{1, "1"}, {3, person.mrn + "^^^GENERAL^MR"},
                                     {5, person.family + "^" + person.given}, {7, person.birth},
                                     {8, person.sex}, {11, person.address}, {13, person.phone}});
  if (step.type == "ADT" && (step.trigger == "A01" || step.trigger == "A04")) {
    text += segment("NK1", {{1, "1"}, {2, person.contact + "^Pat"}, {3, "SPO"},
                            {4, person.address}, {5, person.phone}});
  }
  if (step.type == "ADT" && step.trigger == "A01" && person.number % 5 != 0) {
    text += segment("PD1", {{7, person.number % 3 == 0 ? "Y" : "N"}});
  }
  return text;
}

std::string Hospital::visit_segment(const Visit& visit) const {
  const bool discharged = visit.discharged != core::Instant{};
  return segment("PV1", {{1, "1"}, {2, visit.pathway->patient_class},
                         {3, visit.unit + "^" + visit.bed}, {4, "R"}, {7, visit.attending},
                         {10, "MED"}, {14, "1"}, {17, visit.attending},
                         {19, visit.number + "^^^GENERAL^VN"}, {36, visit.disposition},
                         {44, hl7_time(visit.admitted)},
                         {45, discharged ? hl7_time(visit.discharged) : ""}});
}

std::string Hospital::document_segments(Visit& visit, const SimulatedStep& step,
                                        const std::string& when) {
  std::string& number = visit.documents[step.document];
  if (number.empty()) number = fmt::format("D{}-{}", visit.number, visit.documents.size());
  const bool is_signed = step.status == "AU" || step.status == "LA";
  // TXA-22 names who authenticated and, as its 15th component, when.
  const std::string signer = is_signed ? visit.attending + std::string(12, '^') + when : "";
  std::string text = segment(
      "TXA", {{1, "1"}, {2, step.document}, {3, "TX"}, {4, when}, {5, visit.attending}, {6, when},
              {7, when}, {9, visit.attending}, {10, visit.attending}, {12, number + "^SIM"},
              {16, number + ".txt"}, {17, step.status},
              {19, step.trigger == "T11" ? "CA" : "AV"}, {22, signer}});
  if (step.trigger == "T02" || step.trigger == "T04" || step.trigger == "T06") {
    text += segment("OBX", {{1, "1"}, {2, "TX"}, {3, step.document + "^Note"},
                            {5, fmt::format("Simulated note {}.", 1 + pick(999))}, {11, "F"}});
  }
  return text;
}

std::string Hospital::result_segments(Visit& visit, const SimulatedStep& step,
                                      const std::string& when) {
  const auto panel = std::find_if(world_.panels.begin(), world_.panels.end(),
                                  [&](const auto& item) { return item.name == step.panel; });
  const std::string order = fmt::format("{}-{}", visit.number, ++visit.results);
  std::string text = segment("ORC", {{1, "RE"}, {2, "P" + order + "^GENERAL"},
                                     {3, "F" + order + "^LAB"}});
  text += segment("OBR", {{1, "1"}, {2, "P" + order + "^GENERAL"}, {3, "F" + order + "^LAB"},
                          {4, panel->code}, {7, when}, {16, visit.attending}, {22, when},
                          {24, "LAB"}, {25, "F"}});
  int n = 0;
  for (const SimulatedTest& test : panel->tests) {
    const double span = test.high - test.low;
    const double value = test.low - span / 4 + span * 1.5 * static_cast<double>(pick(1000)) / 1000;
    const char* flag = value < test.low ? "L" : value > test.high ? "H" : "N";
    text += segment("OBX", {{1, std::to_string(++n)}, {2, "NM"}, {3, test.code},
                            {5, fmt::format("{:.1f}", value)}, {6, test.unit},
                            {7, fmt::format("{}-{}", test.low, test.high)}, {8, flag}, {11, "F"},
                            {14, when}});
  }
  return text;
}

}  // namespace cli
