#include "queries.hpp"

#include <core/text.hpp>
#include <core/thread.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <hl7/editor.hpp>
#include <identity/matcher.hpp>

#include <algorithm>
#include <array>

namespace pipeline {
namespace {

using core::ErrorCode;
using fhir::Node;

/// QPD-3 of a Q22 by the search parameter that answers it (IHE ITI TF-2 table 3.21.4.1.2.2.2-1).
struct Asked {
  std::string_view field, param;
};
constexpr std::array<Asked, 13> kAsked = {{{"@PID.5.1", "family"},
                                           {"@PID.5.2", "given"},
                                           {"@PID.7", "birthdate"},
                                           {"@PID.8", "gender"},
                                           {"@PID.11.1", "address"},
                                           {"@PID.11.3", "address-city"},
                                           {"@PID.11.4", "address-state"},
                                           {"@PID.11.5", "address-postalcode"},
                                           {"@PID.11.6", "address-country"},
                                           {"@PID.13", "phone"},
                                           {"@PID.19", "identifier"},
                                           {"@PID.18", "identifier"},
                                           {"@PID.3", "identifier"}}};

hl7::Issue error_at(ErrorCode code, hl7::Location at, std::string text) {
  return {hl7::Severity::kError, code, std::move(at), std::move(text)};
}

std::string iso_date(std::string_view hl7) {
  std::string out(hl7.substr(0, 4));
  if (hl7.size() >= 6) out += "-" + std::string(hl7.substr(4, 2));
  if (hl7.size() >= 8) out += "-" + std::string(hl7.substr(6, 2));
  return out;
}

std::string search_value(std::string_view param, std::string value) {
  if (param == "birthdate") return iso_date(value);
  if (param == "gender") {
    return value == "M" ? "male" : value == "F" ? "female" : value == "O" ? "other" : "unknown";
  }
  // A trailing asterisk asks for what begins so, which text search does anyway.
  while (!value.empty() && value.back() == '*') value.pop_back();
  std::string out;
  for (char c : value) {
    if (c == ',' || c == '$' || c == '\\') out += '\\';   // separators of search values
    out += c;
  }
  return out;
}

/// A feed without `accept:` takes every type, queries too.
bool takes_queries(const FeedConfig& feed) {
  return feed.accept.empty() ||
         std::find(feed.accept.begin(), feed.accept.end(), "QBP") != feed.accept.end();
}

core::Result<const Node*> tree_of(const store::Resource& resource, fhir::Document& document) {
  auto tree = fhir::parse_json(resource.body, document);
  if (!tree) return core::fail(ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
  return *tree;
}

}  // namespace

Queries::Queries(const EngineConfig& config, const schema::R4& r4, ReplyBuilder& replies)
    : config_(config), r4_(r4), replies_(replies), er7_(config) {
  if (std::none_of(config.feeds.begin(), config.feeds.end(), takes_queries)) return;
  thread_ = std::thread([this] {
    core::begin_thread("cw-query", core::ThreadWork::kBackground);
    while (auto question = questions_.pop()) question->done(answer(*question->message));
  });
}

Queries::~Queries() {
  questions_.close();
  if (thread_.joinable()) thread_.join();
}

bool Queries::answers(const FeedConfig& feed, const hl7::Header& header) {
  if (header.type != "QBP" || (header.trigger != "Q22" && header.trigger != "Q23")) return false;
  return takes_queries(feed);
}

bool Queries::ask(std::shared_ptr<const hl7::Message> message,
                  std::function<void(std::string)> done) {
  Question question{std::move(message), std::move(done)};
  return questions_.try_push(question);
}

core::Result<store::Records*> Queries::records() {
  if (records_ == nullptr) {
    auto opened = store::Records::open_read_only(config_.store_path, r4_);
    if (!opened) return core::fail(opened.error());
    records_ = std::move(*opened);
  }
  return records_.get();
}

std::string Queries::answer(const hl7::Message& message) {
  if (!(message.delimiters() == hl7::Delimiters())) {
    Found refused;
    refused.issues.push_back(error_at(ErrorCode::kBadEncodingCharacters, {"MSH", 1, 2, 0, 0, 0},
                                      "queries are answered with the usual delimiters alone"));
    return reply(message, refused);
  }
  const bool candidates_wanted = hl7::read_header(message).trigger == "Q22";
  return reply(message, candidates_wanted ? candidates(message) : correspondence(message));
}

core::Result<Queries::Found> Queries::candidates(const hl7::Message& message) {
  Found found;
  auto store = records();
  if (!store) return core::fail(store.error());
  store::SearchQuery query;
  query.type = "Patient";
  query.count = static_cast<std::uint32_t>(kQueryAnswersMax);
  if (const auto wanted = core::to_int(message.get("RCP-2.1")); wanted && *wanted > 0) {
    query.count = static_cast<std::uint32_t>(
        std::min<std::int64_t>(*wanted, static_cast<std::int64_t>(kQueryAnswersMax)));
  }
  std::string number, authority, universal, kind;
  int place = 0;
  for (const hl7::Value each : message.find("QPD").field(3).repetitions()) {
    ++place;
    const std::string name = each.child(1).text();
    const std::string value = each.child(2).text();
    if (name.empty() || value.empty()) continue;
    if (name == "@PID.3.4" || name == "@PID.3.4.1") authority = value;
    else if (name == "@PID.3.4.2") universal = value;
    else if (name == "@PID.3.4.3") kind = value;
    const auto asked = std::find_if(kAsked.begin(), kAsked.end(), [&](const Asked& one) {
      return name == one.field || (name.starts_with(one.field) && name[one.field.size()] == '.' &&
                                   name.substr(one.field.size()) == ".1");
    });
    if (name.starts_with("@PID.3.4")) continue;
    if (asked == kAsked.end()) {
      found.issues.push_back(error_at(ErrorCode::kBadSearch, {"QPD", 1, 3, place, 1, 0},
                                      "this field cannot be searched"));
      continue;
    }
    if (asked->field == "@PID.3") {
      number = value;
    } else {
      query.clauses.push_back({std::string(asked->param), "",
                               {search_value(asked->param, value)}});
    }
  }
  const std::string system = er7_.system_of(authority, universal, kind);
  if (!number.empty()) {
    query.clauses.push_back({"identifier", "", {(system.empty() ? "" : system + "|") + number}});
  }
  if (!found.issues.empty()) return found;
  if (query.clauses.empty()) {
    found.issues.push_back(
        error_at(ErrorCode::kRequiredFieldMissing, {"QPD", 1, 3, 1, 0, 0}, "nothing is asked for"));
    return found;
  }
  auto people = (*store)->search(query);
  if (!people) return core::fail(people.error());
  fhir::Document document;
  for (const store::Resource& one : *people) {
    auto tree = tree_of(one, document);
    if (!tree) return core::fail(tree.error());
    if ((*tree)->text_of("active") == "false") continue;   // retired: its survivor answers
    std::string pid = er7_.pid(**tree);
    pid.pop_back();
    pid.replace(0, 6, "PID|" + std::to_string(++found.hits) + "|");
    found.segments.push_back(std::move(pid));
  }
  return found;
}

core::Result<bool> Queries::knows_domain(const std::string& system) {
  auto store = records();
  if (!store) return core::fail(store.error());
  store::SearchQuery query;
  query.type = "Patient";
  query.clauses.push_back({"identifier", "", {system + "|"}});
  query.count = 1;
  auto any = (*store)->search(query);
  if (!any) return core::fail(any.error());
  return !any->empty();
}

core::Result<Queries::Found> Queries::correspondence(const hl7::Message& message) {
  Found found;
  auto store = records();
  if (!store) return core::fail(store.error());
  const auto system_at = [&](const std::string& path) {
    return er7_.system_of(message.get(path + ".4.1"), message.get(path + ".4.2"),
                          message.get(path + ".4.3"));
  };
  const std::string system = system_at("QPD-3");
  const std::string value = message.get("QPD-3.1");
  auto domain = system.empty() ? core::Result<bool>(false) : knows_domain(system);
  if (!domain) return core::fail(domain.error());
  if (!*domain) {
    found.issues.push_back(error_at(ErrorCode::kUnknownKey, {"QPD", 1, 3, 1, 4, 0},
                                    "the assigning authority is not known"));
    return found;
  }
  std::vector<std::string> wanted;
  int place = 0;
  for (const hl7::Value each : message.find("QPD").field(4).repetitions()) {
    ++place;
    const hl7::Value authority = each.child(4);
    const std::string target = er7_.system_of(authority.child(1).text(), authority.child(2).text(),
                                              authority.child(3).text());
    auto known = target.empty() ? core::Result<bool>(false) : knows_domain(target);
    if (!known) return core::fail(known.error());
    if (*known) {
      wanted.push_back(target);
    } else {
      found.issues.push_back(error_at(ErrorCode::kUnknownKey, {"QPD", 1, 4, place, 0, 0},
                                      "this domain is not known"));
    }
  }
  if (!found.issues.empty()) return found;
  auto people = identity::persons_numbered(**store, system, value);
  if (!people) return core::fail(people.error());
  if (people->empty()) {
    found.issues.push_back(error_at(ErrorCode::kUnknownKey, {"QPD", 1, 3, 1, 1, 0},
                                    "nobody is known under this number"));
    return found;
  }
  fhir::Document document;
  std::string numbers;
  for (const std::string& id : *people) {
    auto one = (*store)->get("Patient", id);
    if (!one) return core::fail(one.error());
    if (!*one || (*one)->deleted) continue;
    auto tree = tree_of(**one, document);
    if (!tree) return core::fail(tree.error());
    const Node* list = (*tree)->find("identifier");
    for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
      const std::string_view of = item->value->text_of("system");
      const bool itself = of == system && item->value->text_of("value") == value;
      const bool asked = wanted.empty() || std::find(wanted.begin(), wanted.end(), of) !=
                                               wanted.end();
      if (wanted.empty() && !PatientEr7::is_number(*item->value)) continue;
      if (itself || !asked || of.empty() || item->value->text_of("use") == "old") continue;
      const std::string cx = er7_.cx(*item->value);
      if (("~" + numbers + "~").find("~" + cx + "~") != std::string::npos) continue;
      numbers += (numbers.empty() ? "" : "~") + cx;
    }
  }
  if (numbers.empty()) return found;
  found.hits = 1;
  // PID-5 is required and says nothing here: a name of type S, as IHE asks.
  found.segments.push_back("PID|||" + numbers + "||^^^^^^S");
  return found;
}

std::string Queries::reply(const hl7::Message& message, const core::Result<Found>& found) {
  const hl7::Header header = hl7::read_header(message);
  hl7::Issues issues;
  if (!found) {
    issues.push_back(error_at(found.error().code, {}, "the query could not be carried out"));
  } else {
    issues = found->issues;
  }
  const bool good = issues.empty();
  const std::string ack = replies_.query(message, good, issues);
  auto parsed = hl7::Message::parse(ack);
  if (!parsed) return ack;
  hl7::Editor editor(*parsed);
  const bool q22 = header.trigger == "Q22";
  (void)editor.set("MSH-9.1", "RSP");
  (void)editor.set("MSH-9.2", q22 ? "K22" : "K23");
  (void)editor.set("MSH-9.3", q22 ? "RSP_K22" : "RSP_K23");
  std::string out = editor.text();
  const std::string hits = good ? std::to_string(found->hits) : "";
  const std::string_view status = !good ? "AE" : found->hits == 0 ? "NF" : "OK";
  out += fmt::format("QAK|{}|{}|{}{}\r", message.find("QPD").field(2).raw(), status,
                     message.find("QPD").field(1).raw(),
                     good && q22 ? fmt::format("|{0}|{0}|0", hits) : "");
  out += std::string(message.find("QPD").raw()) + "\r";
  if (good) {
    for (const std::string& segment : found->segments) out += segment + "\r";
  }
  return out;
}

}  // namespace pipeline
