#include "ward.hpp"

#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <him/command.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include "paths.hpp"

namespace test {
namespace {

std::string fresh_folder() {
  static int number = 0;
  const auto path =
      std::filesystem::temp_directory_path() /
      ("chartwire-him-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
  std::filesystem::create_directories(path);
  return path.string();
}

std::unique_ptr<store::Records> open_records(const std::string& folder) {
  auto opened = store::Records::open(folder, r4());
  BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().text()));
  return std::move(*opened);
}

/// A store as it is made, to copy: going through all of its migrations is most of a small test.
const std::string& empty_store() {
  struct Folder {
    std::string path = fresh_folder();
    ~Folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Folder kept;
  static const bool made = (open_records(kept.path).reset(), true);
  (void)made;
  return kept.path;
}

std::shared_ptr<const him::RulePack> load(const std::string& folder) {
  std::vector<him::RulePack::Finding> findings;
  auto rules = him::RulePack::load(folder, findings);
  for (const auto& one : findings) {
    BOOST_TEST_MESSAGE(one.file << ":" << one.line << ":" << one.column << ": " << one.text);
  }
  BOOST_REQUIRE(rules);
  return rules;
}

}  // namespace

const schema::R4& r4() {
  static const schema::R4 facts = [] {
    auto loaded = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
    BOOST_REQUIRE(loaded.has_value());
    return std::move(*loaded);
  }();
  return facts;
}

std::shared_ptr<const him::RulePack> shipped_rules() {
  static const auto rules = load(test::source_path("/mappings/him"));
  return rules;
}

std::shared_ptr<const him::RulePack> core_rules() {
  static const auto rules = [] {
    const std::string folder = fresh_folder();
    for (const auto& file :
         std::filesystem::directory_iterator(test::source_path("/mappings/him"))) {
      if (file.path().extension() != ".yaml") continue;
      std::ifstream in(file.path());
      std::string kept, line;
      bool keep = true, any = false;
      while (std::getline(in, line)) {
        if (line.starts_with("  - id: ")) {
          constexpr std::string_view kCore = "R01 R06 R09 R21 R26 R31 R32 ";
          keep = kCore.find(line.substr(8) + " ") != kCore.npos;
          any = any || keep;
        }
        if (keep) kept += line + "\n";
      }
      if (any) std::ofstream(folder + "/" + file.path().filename().string()) << kept;
    }
    auto loaded = load(folder);
    std::filesystem::remove_all(folder);
    return loaded;
  }();
  return rules;
}

std::shared_ptr<const him::RulePack> rules_from(const std::string& yaml) {
  const std::string folder = fresh_folder();
  std::ofstream(folder + "/rules.yaml") << yaml;
  auto rules = load(folder);
  std::filesystem::remove_all(folder);
  return rules;
}

core::Instant at(const std::string& iso) {
  const auto instant = core::from_iso(iso);
  BOOST_REQUIRE_MESSAGE(instant.has_value(), iso << " is no time");
  return *instant;
}

Ward::Ward(std::shared_ptr<const him::RulePack> rules, him::Site site)
    : folder_(fresh_folder()), site_(std::move(site)), rules_(std::move(rules)) {
  std::filesystem::copy(empty_store(), folder_);
  records_ = open_records(folder_);
  restart();
}

void Ward::restart() { charts_ = std::make_unique<him::Charts>(*records_, rules_, site_); }

void Ward::run_until(const std::string& to) {
  for (int i = 0; i < 10'000; ++i) {
    const auto next = charts_->next_deadline();
    BOOST_REQUIRE(next.has_value());
    if (!*next || **next > at(to)) break;
    sweep(core::to_iso(**next));
  }
  sweep(to);
}

std::vector<him::Change> Ward::command(const std::string& now, const std::string& json) {
  fhir::Document memory;
  const auto order = fhir::parse_json(json, memory);
  BOOST_REQUIRE_MESSAGE(order.has_value(), json);
  const auto good = him::check_command(*records_, *rules_, **order, at(now));
  BOOST_REQUIRE_MESSAGE(good.has_value(), (good ? "" : good.error().text()));
  BOOST_REQUIRE(records_->begin().has_value());
  const him::Cause cause{core::Sequence{++sequence_}, "command|" + std::to_string(sequence_),
                         at(now)};
  auto changes = charts_->command(**order, cause);
  BOOST_REQUIRE_MESSAGE(changes.has_value(), (changes ? "" : changes.error().text()));
  BOOST_REQUIRE(records_->commit(cause.sequence).has_value());
  return std::move(*changes);
}

Ward::~Ward() {
  charts_.reset();
  records_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::vector<him::Change> Ward::message(const std::string& now, const Resources& resources,
                                       const std::string& type, bool historical) {
  Resources whole;
  for (const auto& [kind, fields] : resources) {
    const auto id = fields.find("id");
    Fields& known = known_[{kind, id == fields.end() ? std::string() : id->second}];
    for (const auto& [name, value] : fields) known[name] = value;
    std::erase_if(known, [](const auto& one) { return one.second.empty(); });
    whole.emplace_back(kind, known);
  }
  ++sequence_;
  last_cause_ = {core::Sequence{sequence_}, "ward|M" + std::to_string(sequence_), at(now)};
  last_ = whole;
  last_type_ = type;
  last_cause_.type = last_type_;
  last_cause_.historical = historical;
  return apply(last_cause_, whole);
}

std::vector<him::Change> Ward::repeat_last() { return apply(last_cause_, last_); }

std::vector<him::Change> Ward::apply(const him::Cause& cause, const Resources& whole) {
  fhir::Document memory;
  BOOST_REQUIRE(records_->begin().has_value());
  BOOST_REQUIRE(charts_->heard("ward", cause).has_value());
  for (const auto& [kind, fields] : whole) {
    const fhir::Node* tree = build(kind, fields, memory);
    const auto done =
        charts_->touch(tree->text_of("resourceType"), tree->text_of("id"), tree, cause);
    BOOST_REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().text()));
  }
  auto changes = charts_->evaluate(cause);
  BOOST_REQUIRE_MESSAGE(changes.has_value(), (changes ? "" : changes.error().text()));
  BOOST_REQUIRE(records_->commit(cause.sequence).has_value());
  return std::move(*changes);
}

std::vector<him::Change> Ward::sweep(const std::string& now) {
  BOOST_REQUIRE(records_->begin().has_value());
  const him::Cause cause{core::Sequence{++sequence_}, "clock", at(now)};
  auto changes = charts_->sweep(cause);
  BOOST_REQUIRE_MESSAGE(changes.has_value(), (changes ? "" : changes.error().text()));
  BOOST_REQUIRE(records_->commit(cause.sequence).has_value());
  return std::move(*changes);
}

std::vector<him::Change> Ward::merge(const std::string& from, const std::string& into,
                                     const std::string& now) {
  BOOST_REQUIRE(records_->begin().has_value());
  const him::Cause cause{core::Sequence{++sequence_}, "ward|merge", at(now)};
  BOOST_REQUIRE(charts_->merge_patient(from, into, cause).has_value());
  auto changes = charts_->evaluate(cause);
  BOOST_REQUIRE_MESSAGE(changes.has_value(), (changes ? "" : changes.error().text()));
  BOOST_REQUIRE(records_->commit(cause.sequence).has_value());
  return std::move(*changes);
}

std::vector<him::Change> Ward::remove(const std::string& type, const std::string& id,
                                      const std::string& now) {
  BOOST_REQUIRE(records_->begin().has_value());
  const him::Cause cause{core::Sequence{++sequence_}, "ward|remove", at(now)};
  BOOST_REQUIRE(charts_->touch(type, id, nullptr, cause).has_value());
  auto changes = charts_->evaluate(cause);
  BOOST_REQUIRE_MESSAGE(changes.has_value(), (changes ? "" : changes.error().text()));
  BOOST_REQUIRE(records_->commit(cause.sequence).has_value());
  return std::move(*changes);
}

std::vector<him::Deficiency> Ward::list(const std::string& now, const him::ListFilter& filter) {
  auto found = him::list(*records_, *rules_, filter, at(now), site_);
  BOOST_REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().text()));
  return std::move(*found);
}

him::Deficiency Ward::one(const std::string& rule, const std::string& now,
                          const std::string& visit, const std::string& part) {
  him::Deficiency found;
  for (him::Deficiency& each : list(now)) {
    if (each.rule != rule || each.visit != visit || each.part != part) continue;
    BOOST_TEST(found.rule.empty(), "more than one " << rule << " on visit " << visit);
    found = std::move(each);
  }
  return found;
}

std::string Ward::state(const std::string& rule, const std::string& now, const std::string& visit) {
  const him::Deficiency found = one(rule, now, visit);
  return found.rule.empty() ? "none" : std::string(him::to_text(found.state));
}

bool Ward::open(const std::string& rule, const std::string& now, const std::string& visit) {
  const him::Deficiency found = one(rule, now, visit);
  return !found.rule.empty() && him::is_open(found.state);
}

}  // namespace test
