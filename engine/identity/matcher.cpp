#include <fhir/json.hpp>
#include <identity/identity.hpp>
#include <identity/matcher.hpp>
#include <identity/patient.hpp>

#include <algorithm>

namespace identity {
namespace {

/// Patients that carry one number; more is a broken feed.
constexpr std::uint32_t kSameNumberMax = 50;

/// "system|type" of person_of() without the type.
std::string system_of(const std::string& authority) {
  return authority.substr(0, authority.rfind('|'));
}

}  // namespace

Matcher::Matcher(Open open, std::shared_ptr<const Model> model)
    : open_(std::move(open)), model_(std::move(model)) {}

core::Result<std::vector<Match>> Matcher::find(const Person& person, std::size_t count) {
  const std::lock_guard lock(mutex_);
  if (auto status = follow(); !status) return core::fail(status.error());
  MpiIndex::Options options;
  options.count = count;
  std::vector<Match> matches = index_->search(person, options);
  if (auto status = find_by_number(person, matches); !status) return core::fail(status.error());
  std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    if (a.grade != b.grade) return a.grade < b.grade;
    return a.weight > b.weight;
  });
  if (matches.size() > count) matches.resize(count);
  return matches;
}

core::Status Matcher::follow() {
  if (records_ == nullptr) {
    auto opened = open_();
    if (!opened) return core::fail(opened.error());
    records_ = std::move(*opened);
  }
  std::int64_t newest = 0;
  const auto take_newest = [&newest](const store::Row& row) {
    newest = row.integer(0);
    return false;
  };
  auto status = records_->db().query("SELECT MAX(row) FROM version", {}, take_newest);
  if (!status) return status;
  if (index_ == nullptr) {
    auto index = std::make_unique<MpiIndex>(model_);
    if (status = load_index(*records_, *index); !status) return status;
    index_ = std::move(index);
  } else if (newest > seen_) {
    std::vector<std::string> changed;
    status = records_->db().query(
        "SELECT DISTINCT r.id FROM version v JOIN resource r ON r.number = v.resource"
        " JOIN word w ON w.number = r.type WHERE v.row > ?1 AND w.text = 'Patient'",
        {seen_}, [&](const store::Row& row) {
          changed.emplace_back(row.text(0));
          return true;
        });
    if (!status) return status;
    for (const std::string& id : changed) {
      if (status = take(id); !status) return status;
    }
  }
  seen_ = newest;
  return {};
}

core::Status Matcher::take(const std::string& id) {
  auto found = records_->get("Patient", id);
  if (!found) return core::fail(found.error());
  fhir::Document document;
  if (*found && !(*found)->deleted) {
    auto tree = fhir::parse_json((*found)->body, document);
    if (!tree) return core::fail(core::ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
    if (!is_replaced(**tree)) {
      index_->put(id, person_of(**tree));
      return {};
    }
  }
  index_->remove(id);
  return {};
}

core::Status Matcher::find_by_number(const Person& person, std::vector<Match>& matches) {
  for (const Person::Number& number : person.numbers) {
    auto same = persons_numbered(*records_, system_of(number.authority), number.value);
    if (!same) return core::fail(same.error());
    for (const std::string& id : *same) {
      auto known = std::find_if(matches.begin(), matches.end(),
                                [&](const Match& match) { return match.id == id; });
      if (known == matches.end()) {
        Match match;
        match.id = id;
        known = matches.insert(matches.end(), std::move(match));
      }
      known->grade = Grade::kCertain;
      known->score = 1;
    }
  }
  return {};
}

core::Result<std::vector<std::string>> persons_numbered(store::Records& records,
                                                        const std::string& system,
                                                        const std::string& value) {
  std::vector<std::string> people;
  std::string escaped;
  for (char c : value) {
    if (c == ',' || c == '|' || c == '$' || c == '\\') escaped += '\\';
    escaped += c;
  }
  store::SearchQuery query;
  query.type = "Patient";
  query.count = kSameNumberMax;
  query.clauses.push_back({"identifier", "", {system + "|" + escaped}});
  auto carriers = records.search(query);
  if (!carriers) return core::fail(carriers.error());
  Identity identity(records);
  const auto add = [&people](const std::string& id) {
    if (std::find(people.begin(), people.end(), id) == people.end()) people.push_back(id);
  };
  for (const store::Resource& carrier : *carriers) {
    auto in_force = identity.survivor(carrier.id);
    if (!in_force) return core::fail(in_force.error());
    add(*in_force);
    auto leader = identity.group_of(*in_force);
    if (!leader) return core::fail(leader.error());
    auto status = records.db().query("SELECT patient FROM patient_group WHERE leader = ?1",
                                     {std::string_view(*leader)}, [&](const store::Row& row) {
                                       add(std::string(row.text(0)));
                                       return true;
                                     });
    if (!status) return core::fail(status.error());
  }
  return people;
}

}  // namespace identity
