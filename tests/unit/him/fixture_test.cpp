// Runs the rule fixtures of fixtures/<rule>/*.yaml: what happened, message by message, and what the
// charts must lack then. See fixtures/README.md; a fixture is added without touching this file.
#include <boost/test/unit_test.hpp>
#include <core/yaml.hpp>

#include <algorithm>
#include <functional>
#include <filesystem>
#include <fstream>
#include <set>

#include "rule.hpp"
#include "ward.hpp"
#include "paths.hpp"

using core::yaml::Node;
using test::Fields;
using test::Ward;

namespace {

namespace fs = std::filesystem;
const fs::path kFixtures = test::source_path("/tests/unit/him/fixtures");

core::yaml::File load(const fs::path& path) {
  auto file = core::yaml::load(path.string());
  BOOST_REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().text()));
  BOOST_REQUIRE(file->documents.size() == 1);
  return std::move(*file);
}

Fields fields_of(const Node& node) {
  Fields fields;
  for (const auto& [name, value] : node.entries) {
    BOOST_REQUIRE_MESSAGE(value.is_scalar() || value.is_null(), name << " must be a text");
    fields[name] = value.scalar;
  }
  return fields;
}

std::string text(const Node& node, const std::string& name) {
  const Node* found = node.find(name);
  return found ? found->scalar : std::string();
}

/// A step: `at` and resources by kind (one or a list), or a `sweep`.
void run_step(const Node& step, Ward& ward) {
  if (const std::string time = text(step, "sweep"); !time.empty()) {
    ward.sweep(time);
    return;
  }
  Ward::Resources resources;
  for (const auto& [kind, value] : step.entries) {
    if (kind == "at" || kind == "type") continue;
    if (value.is_sequence()) {
      for (const Node& one : value.items) resources.emplace_back(kind, fields_of(one));
    } else {
      resources.emplace_back(kind, fields_of(value));
    }
  }
  ward.message(text(step, "at"), resources, text(step, "type"));
}

void check(const Node& expected, const std::string& rule, Ward& ward) {
  const std::string visit = expected.find("visit") ? text(expected, "visit") : "V1";
  const std::string now = text(expected, "at");
  const him::Deficiency found = ward.one(rule, now, visit, text(expected, "part"));
  const std::map<std::string, std::string> actual = {
      {"state", found.rule.empty() ? "none" : std::string(him::to_text(found.state))},
      {"due", found.due ? core::to_iso(*found.due) : ""},
      {"owner", found.owner},
      {"owner_reference", found.owner_reference},
      {"lacking", found.lacking},
      {"lacking_code", found.lacking_code},
      {"severity", found.severity},
      {"subject", found.subject},
      {"opened", core::to_iso(found.opened)},
      {"opened_by", found.opened_by},
      {"closed", found.closed ? core::to_iso(*found.closed) : ""},
      {"closed_by", found.closed_by}};
  for (const auto& [name, value] : expected.entries) {
    if (name == "at" || name == "visit" || name == "part") continue;
    BOOST_REQUIRE_MESSAGE(actual.contains(name), "nothing is called " << name);
    BOOST_TEST(actual.at(name) == value.scalar,
               rule << " at " << now << ": " << name << " is \"" << actual.at(name)
                    << "\", expected \"" << value.scalar << "\"");
  }
}

constexpr const char* kStories[] = {"fires", "satisfied", "exempt", "late"};

void run_story(const Node& root, const std::string& rule, const std::string& name) {
  BOOST_TEST_CONTEXT("fixture " << rule << "/" << name) {
    BOOST_REQUIRE(root.find("steps"));
    BOOST_REQUIRE(root.find("expect"));
    Ward ward;
    for (const Node& step : root.find("steps")->items) run_step(step, ward);
    BOOST_REQUIRE(!root.find("expect")->items.empty());
    for (const Node& one : root.find("expect")->items) check(one, rule, ward);
    // Whatever happened, hearing the last message again changes nothing.
    BOOST_TEST(ward.repeat_last().empty());
  }
}

/// A file is one story; cases.yaml holds several by name.
void run_fixture(const fs::path& path, const std::string& rule) {
  const auto file = load(path);
  const Node& root = file.documents.front();
  if (path.filename() != "cases.yaml") return run_story(root, rule, path.filename().string());
  for (const auto& [name, story] : root.entries) {
    if (name != "document" && name != "documents") run_story(story, rule, name);
  }
}

/// document.yaml: the six cases in which a document rule stays open, and those in which it closes.
class DocumentCases {
 public:
  DocumentCases(const Node& root, std::string rule) : root_(root), rule_(std::move(rule)) {
    document_ = fields_of(*root_.find("document"));
    part_ = text(root_, "part");
    wrong_type_ = text(root_, "wrong_type");
    now_ = text(root_, "at");
  }
  void run() {
    check("signed", [&](Ward& w) { hear(w, {}); }, false);
    check("legally authenticated", [&](Ward& w) { hear(w, {{"completion", "LA"}}); }, false);
    check("signed later", [&](Ward& w) {
      hear(w, {{"completion", "DO"}});
      hear(w, {{"completion", "AU"}});
    }, false);
    check("another visit", [&](Ward& w) {
      Fields other = {{"id", "V2"}, {"start", "2026-03-01T08:00:00Z"}};
      if (root_.find("other_visit")) {
        for (const auto& [name, value] : fields_of(*root_.find("other_visit"))) other[name] = value;
      }
      w.message(now_, {{"visit", other}});
      hear(w, {{"visit", "V2"}});
    }, true);
    check("no visit", [&](Ward& w) { hear(w, {{"visit", "none"}}); }, true);
    check("another patient", [&](Ward& w) { hear(w, {{"patient", "P2"}}); }, true);
    for (const std::string state : {"DI", "DO", "IP", "IN", "PA"}) {
      check("unsigned " + state, [&](Ward& w) { hear(w, {{"completion", state}}); }, true);
    }
    check("wrong type", [&](Ward& w) { hear(w, {{"types", wrong_type_}}); }, true);
    check("a local code that only looks alike", [&](Ward& w) { hear(w, {{"system", "urn:x"}}); },
          document_["types"].find('-') == std::string::npos);
    check("cancelled later (T11)", [&](Ward& w) {
      hear(w, {});
      hear(w, {{"status", "entered-in-error"}});
    }, true);
    check("made unavailable later (TXA-19 CA)", [&](Ward& w) {
      hear(w, {});
      hear(w, {{"availability", "CA"}});
    }, true);
    check("replaced by an unsigned one (T10)", [&](Ward& w) {
      hear(w, {});
      w.message(now_,
                {{"document", with({{"status", "superseded"}})},
                 {"document", with({{"id", "D2"}, {"replaces", "D1"}, {"completion", "DO"}})}});
    }, true);
    check("replaced, its own status not yet changed", [&](Ward& w) {
      hear(w, {{"id", "D2"}, {"replaces", "D1"}, {"completion", "DO"}});
      hear(w, {});
    }, true);
    if (!document_.contains("appends")) {
      check("an addendum to one that is not there", [&](Ward& w) {
        hear(w, {{"appends", "D0"}});
      }, true);
      check("an addendum to an unsigned one", [&](Ward& w) {
        hear(w, {{"completion", "DO"}});
        hear(w, {{"id", "D2"}, {"appends", "D1"}});
      }, true);
      check("an addendum, then the one it adds to", [&](Ward& w) {
        hear(w, {{"id", "D2"}, {"appends", "D1"}});
        hear(w, {});
      }, false);
    }
    check("replaced by a signed one", [&](Ward& w) {
      hear(w, {});
      hear(w, {{"status", "superseded"}});
      hear(w, {{"id", "D2"}, {"replaces", "D1"}, {"status", "current"}});
    }, false);
  }

 private:
  Fields with(const Fields& changes) const {
    Fields fields = document_;
    fields["id"] = "D1";
    for (const auto& [name, value] : changes) fields[name] = value;
    return fields;
  }
  void hear(Ward& ward, const Fields& changes) const {
    ward.message(now_, {{"document", with(changes)}});
  }
  void check(const std::string& what, const std::function<void(Ward&)>& act, bool stays_open) {
    BOOST_TEST_CONTEXT(rule_ << ": " << what) {
      Ward ward;
      for (const Node& step : root_.find("setup")->items) run_step(step, ward);
      const him::Deficiency before = one(ward);
      BOOST_TEST((!before.rule.empty() && him::is_open(before.state)));
      act(ward);
      const him::Deficiency after = one(ward);
      BOOST_TEST(him::is_open(after.state) == stays_open);
      BOOST_TEST(after.id == before.id);
      BOOST_TEST((after.due == before.due));
    }
  }

  him::Deficiency one(Ward& ward) const { return ward.one(rule_, now_, "V1", part_); }

  const Node& root_;
  std::string rule_, part_, wrong_type_, now_;
  Fields document_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_rule_ships_its_fixtures) {
  for (const him::Rule& rule : test::shipped_rules()->impl().rules) {
    const fs::path cases = kFixtures / rule.id / "cases.yaml";
    const auto file = fs::exists(cases) ? std::optional(load(cases)) : std::nullopt;
    const auto has = [&](const std::string& name) {
      return fs::exists(kFixtures / rule.id / (name + ".yaml")) ||
             (file && file->documents.front().find(name));
    };
    for (const char* name : kStories) {
      BOOST_TEST(has(name), rule.id << " has no fixture " << name);
    }
    if (!rule.wants_document) continue;
    bool found = has("document") && rule.part.empty();
    const Node* all = file ? file->documents.front().find("documents") : nullptr;
    for (const Node& one : all ? all->items : std::vector<Node>()) {
      const std::string part = text(one, "part");
      found = found || part.substr(0, part.find('#')) == rule.part;
    }
    BOOST_TEST(found, rule.id << " " << rule.part << " has no document cases");
  }
}

BOOST_AUTO_TEST_CASE(fixtures) {
  std::set<fs::path> paths;
  for (const auto& one : fs::recursive_directory_iterator(kFixtures)) {
    if (one.path().extension() == ".yaml") paths.insert(one.path());
  }
  BOOST_TEST(paths.size() >= 69u);
  for (const fs::path& path : paths) {
    const std::string rule = path.parent_path().filename().string();
    if (path.filename() != "document.yaml") run_fixture(path, rule);
  }
}

BOOST_AUTO_TEST_CASE(document_rules_stay_open) {
  int rules = 0;
  for (const auto& folder : fs::directory_iterator(kFixtures)) {
    const std::string rule = folder.path().filename().string();
    for (const char* name : {"document.yaml", "cases.yaml"}) {
      const fs::path path = folder.path() / name;
      if (!fs::exists(path)) continue;
      const auto file = load(path);
      const Node& root = file.documents.front();
      const bool alone = std::string(name) == "document.yaml";
      if (const Node* one = alone ? &root : root.find("document")) {
        ++rules;
        DocumentCases(*one, rule).run();
      }
      const Node* several = alone ? nullptr : root.find("documents");
      for (const Node& one : several ? several->items : std::vector<Node>()) {
        ++rules;
        DocumentCases(one, rule).run();
      }
    }
  }
  BOOST_TEST(rules >= 35);
}
