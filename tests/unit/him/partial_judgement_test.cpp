// That rules are asked only about what changed is a saving: what comes
// out is what judging every chart in full gives.
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <random>

#include "ward.hpp"

using test::Fields;
using test::Ward;

namespace {

std::string all_of(Ward& ward, const std::string& now) {
  std::string all;
  for (const him::Deficiency& one : ward.list(now)) {
    const auto time = [](const std::optional<core::Instant>& at) {
      return at ? core::to_iso(*at) : std::string("-");
    };
    all += fmt::format("{} {} {} {} [{}] {} {} {} {} {} {} {} {} {}\n", one.rule, one.part, one.visit,
                       one.subject, one.lacking, one.owner, him::to_text(one.state), one.begun,
                       one.available, time(one.due), time(one.hard_due), time(one.closed),
                       one.opened_by, one.closed_by);
  }
  return all;
}

/// Takes away what the charts remember, so that every rule is asked.
void forget(Ward& ward) {
  const auto position = ward.records().position();
  BOOST_REQUIRE(position.has_value() && ward.records().begin().has_value());
  BOOST_REQUIRE(ward.records().db().run("UPDATE him_visit SET judged_under = 0").has_value());
  BOOST_REQUIRE(ward.records().db().run("UPDATE him_deficiency SET judged = 0").has_value());
  BOOST_REQUIRE(ward.records().commit(*position).has_value());
  ward.restart();
}

class Traffic {
 public:
  explicit Traffic(unsigned seed) : random_(seed) {}

  /// One more message, as something to do to a ward at `now`.
  std::function<void(Ward&)> next(const std::string& now) {
    switch (pick(14)) {
      case 0: return [now](Ward& w) { w.merge("P2", "P1", now); };
      case 1: {
        const std::string id = fmt::format("D{}", pick(6));
        return [now, id](Ward& w) { w.remove("DocumentReference", id, now); };
      }
      case 2:
      case 3: return order(now);
      default: break;
    }
    Ward::Resources all;
    for (int i = pick(3); i >= 0; --i) all.push_back(resource());
    const std::string type = one_of({"ADT^A08", "ADT^A02", "ORU^R01", "MDM^T02"});
    return [now, all, type](Ward& w) { w.message(now, all, type); };
  }

 private:
  /// Something that the department decides about one of the deficiencies.
  std::function<void(Ward&)> order(const std::string& now) {
    const std::string action = one_of({"waive", "complete", "reassign", "reassign", "reopen"});
    const auto which = static_cast<std::size_t>(pick(1000));
    const std::string owner = one_of({"1001", "1002", "1003"});
    return [=](Ward& w) {
      std::vector<him::Deficiency> fitting = w.list(now);
      std::erase_if(fitting, [&](const him::Deficiency& one) {
        return him::is_open(one.state) == (action == "reopen");
      });
      if (fitting.empty()) return;
      std::sort(fitting.begin(), fitting.end(),
                [](const auto& a, const auto& b) { return a.id < b.id; });
      w.command(now, fmt::format(R"({{"action":"{}","id":"{}","owner":"{}","by":"hand","reason":"x",
                                        "new":"true"}})",
                                 action, fitting[which % fitting.size()].id, owner));
    };
  }
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string one_of(std::initializer_list<const char*> words) {
    return words.begin()[pick(static_cast<int>(words.size()))];
  }
  std::string doctor() {
    return one_of({"1001 Adams, Ruth", "1002 Brown, Peter", "1003 Clark, Jo"});
  }

  std::pair<std::string, Fields> resource() {
    const std::string visit = fmt::format("V{}", 1 + pick(3));
    const std::string patient = visit == "V3" ? "P2" : "P1";
    switch (pick(8)) {
      case 0:
        return {"visit", {{"id", visit}, {"patient", patient}, {"start", "2026-03-02T08:00:00Z"},
                          {"status", one_of({"in-progress", "in-progress", "finished"})},
                          {"end", one_of({"", "2026-03-06T09:30:00Z"})},
                          {"class", one_of({"IMP", "IMP", "EMER"})},
                          {"attending", doctor()}, {"location", one_of({"4W", "ICU"})}}};
      case 1:
        return {"patient", {{"id", patient}, {"mrn", one_of({"100", "101"})},
                            {"family", one_of({"Rivera", ""})}, {"birth_date", "1980-04-02"}}};
      case 2:
        return {"procedure", {{"id", fmt::format("PR{}", pick(3))}, {"visit", visit},
                              {"patient", patient}, {"type", one_of({"P", "D"})},
                              {"surgeon", doctor()}, {"time", "2026-03-03T10:00:00Z"},
                              {"status", one_of({"completed", "not-done"})}}};
      case 3:
        return {"diagnosis", {{"id", fmt::format("DX{}", pick(3))}, {"visit", visit},
                              {"patient", patient}, {"type", one_of({"A", "F"})},
                              {"priority", one_of({"1", "2"})}, {"poa", one_of({"", "Y"})}}};
      case 4:
        return {"order", {{"id", fmt::format("O{}", pick(3))}, {"visit", visit},
                          {"patient", patient}, {"mode", one_of({"", "PH", "VC"})},
                          {"verified", one_of({"", "1002 Brown, Peter"})},
                          {"status", one_of({"active", "revoked"})},
                          {"authored", "2026-03-03T11:00:00Z"}}};
      case 5:
        return {"result", {{"id", fmt::format("RES{}", pick(3))}, {"visit", visit},
                           {"patient", patient}, {"category", one_of({"SP", "RAD", "LAB"})},
                           {"status", one_of({"preliminary", "final"})},
                           {"time", "2026-03-03T12:00:00Z"}, {"interpreter", doctor()}}};
      default:
        return {"document",
                {{"id", fmt::format("D{}", pick(6))}, {"visit", one_of({"V1", "V2", "V3", "none"})},
                 {"patient", patient}, {"types", one_of({"HP", "DS", "OP", "PR", "CN"})},
                 {"completion", one_of({"DI", "DO", "IP", "AU", "LA"})}, {"author", doctor()},
                 {"assigned", doctor()}, {"replaces", one_of({"", "", "", "D1"})},
                 {"availability", one_of({"", "AV", "CA"})}}};
    }
  }

  std::mt19937 random_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(asking_rules_in_part_changes_nothing) {
  std::size_t seen = 0;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    Ward saving, full;
    Traffic traffic(seed);
    for (int i = 0; i < 70; ++i) {
      const std::string now = fmt::format("2026-03-{:02}T{:02}:{:02}:00Z", 2 + i / 6, 9 + i % 6, i % 60);
      const auto message = traffic.next(now);
      saving.sweep(now);
      forget(full);
      full.sweep(now);
      message(saving);
      forget(full);
      message(full);
      const std::string expected = all_of(full, now);
      BOOST_REQUIRE_MESSAGE(all_of(saving, now) == expected,
                            "seed " << seed << ", message " << i << "\n"
                                    << all_of(saving, now) << "--- in full:\n" << expected);
      seen = std::max(seen, expected.size());
    }
  }
  BOOST_TEST(seen > 4000u);   // there was something to agree on
}
