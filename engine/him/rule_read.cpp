#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "rule_reader.hpp"

namespace him {
namespace {

using core::yaml::Node;
using core::yaml::Place;

constexpr std::string_view kMessages[] = {"ADT", "BAR", "DFT", "MDM", "MFN", "OML", "ORM",
                                          "ORU", "PPR", "REF", "SIU", "VXU"};

std::string joined(const std::vector<std::string_view>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string hint(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view near = core::nearest(word, candidates);
  return near.empty() ? fmt::format("; known: {}", joined(candidates))
                      : fmt::format("; did you mean \"{}\"?", near);
}

bool is_rule_id(std::string_view id) {
  if (id.size() < 2 || id.size() > 16) return false;
  for (const char c : id) {
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return id.front() >= 'A';
}

}  // namespace

const std::map<std::string_view, std::vector<std::string_view>>& rule_keys() {
  static const std::map<std::string_view, std::vector<std::string_view>> kKeys = {
      {"file", {"pack", "title", "lists", "conditions", "rules", "policy"}},
      {"rule",
       {"id", "title", "source", "severity", "effective_from", "needs", "trigger", "exempt",
        "repeat", "requires", "closes_by", "available", "lacking", "owner", "due",
        "letters", "parts"}},
      {"part",
       {"part", "title", "severity", "trigger", "exempt", "repeat", "requires", "closes_by",
        "available", "lacking", "owner", "due", "letters"}},
      {"needs", {"messages", "feeds"}},
      {"repeat", {"from", "after", "until", "steps", "lead"}},
      {"step", {"every", "times"}},
      {"policy",
       {"hospital", "department", "letters_at", "assignment_after", "reminder_before",
        "suspension_after", "chart_due_after", "delinquent_chart_after", "absence_min",
        "absence_grace", "quality_file_after", "quality_file_charts", "quality_file_charts_after",
        "jeopardy_on", "alarm_percent", "severe_percent", "letters"}},
      {"letter", {"title", "to", "body", "unannounced"}},
      {"trigger", {"event", "class", "when", "wait"}},
      {"wait", {"from", "after"}},
      {"exempt", {"reason", "when"}},
      {"requires",
       {"any_of", "when", "document", "procedure", "diagnosis", "order", "contact", "coverage",
        "result", "appointment", "event", "all", "holds", "review"}},
      {"document", {"types", "where"}},
      {"fact", {"where"}},
      {"item", {"label", "holds"}},
      {"lacking", {"code", "text"}},
      {"due", {"when", "from", "after", "before", "hard"}},
      {"hard", {"from", "after"}},
  };
  return kKeys;
}

bool is_loinc(std::string_view code) {
  const std::size_t dash = code.find('-');
  if (dash == code.npos || dash == 0 || dash > 7 || dash + 2 != code.size()) return false;
  int sum = 0;
  for (std::size_t i = 0; i < dash; ++i) {
    const char c = code[dash - 1 - i];
    if (c < '0' || c > '9') return false;
    const int digit = (c - '0') * (i % 2 == 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return code.back() == '0' + (10 - sum % 10) % 10;
}

void RuleReader::error(Place place, std::string text) {
  findings_.push_back({file_.name, place.line, place.column, true, std::move(text)});
}
void RuleReader::warning(Place place, std::string text) {
  findings_.push_back({file_.name, place.line, place.column, false, std::move(text)});
}

bool RuleReader::check_keys(const Node& node, std::string_view what) {
  if (!node.is_mapping()) {
    error(node.place,
          fmt::format("{} must be a mapping of {}", what, joined(rule_keys().at(what))));
    return false;
  }
  const auto& known = rule_keys().at(what);
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string& key = node.entries[i].first;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      error(node.key_places[i], fmt::format("{} has no key \"{}\"{}", what, key, hint(key, known)));
    }
  }
  return true;
}

const Node* RuleReader::need(const Node& node, std::string_view key, std::string_view what) {
  const Node* found = node.find(key);
  if (!found || found->is_null()) {
    error(node.place, fmt::format("{} needs \"{}\"", what, key));
    return nullptr;
  }
  return found;
}

std::string RuleReader::text(const Node& node, std::string_view what) {
  if (node.is_scalar() && !core::trim(node.scalar).empty()) return node.scalar;
  error(node.place, fmt::format("{} must be a text", what));
  return {};
}

std::string RuleReader::need_text(const Node& node, std::string_view key, std::string_view what) {
  const Node* found = need(node, key, what);
  return found ? text(*found, key) : std::string();
}

std::vector<std::string> RuleReader::words(const Node& node, std::string_view what) {
  std::vector<std::string> out;
  const auto add = [&](const Node& one) {
    if (!one.is_scalar() || one.scalar.empty()) {
      return error(one.place, fmt::format("{} must be words", what));
    }
    // YAML keeps a bare @ for itself, so a list's name stands in quotes here.
    if (!one.scalar.starts_with('@')) return out.push_back(one.scalar);
    const std::string name = one.scalar.substr(1);
    const auto list = lists_.find(name);
    if (list == lists_.end()) {
      std::vector<std::string_view> names;
      for (const auto& [known, unused] : lists_) names.push_back(known);
      return error(one.place, fmt::format("there is no list \"{}\"{}", name, hint(name, names)));
    }
    used_lists_[name] = true;
    out.insert(out.end(), list->second.begin(), list->second.end());
  };
  if (node.is_sequence()) {
    for (const Node& one : node.items) add(one);
  } else {
    add(node);
  }
  if (out.empty()) error(node.place, fmt::format("{} is empty", what));
  return out;
}

std::optional<std::int64_t> RuleReader::duration(const Node& node) {
  const auto value = node.is_scalar() ? parse_duration(node.scalar) : std::nullopt;
  if (!value) error(node.place, "a duration is a number with m, h, d or w: 24h, 7d");
  return value;
}

void RuleReader::add_fault(const Node& node, const ParseFault& fault) {
  Place place = node.place;
  // Folded texts lose their line breaks; only a plain or one-line text can be pointed into.
  if (node.scalar.find('\n') == std::string::npos) {
    place.column += static_cast<int>(fault.offset) + (node.quoted ? 1 : 0);
  }
  error(place, fault.text);
}

std::optional<Expr> RuleReader::condition(const Node& node, const Context& context) {
  if (!node.is_scalar()) {
    error(node.place, "a condition is a text, such as: visit.end valued");
    return std::nullopt;
  }
  ParseFault fault;
  auto expr = parse_condition(node.scalar, context, fault);
  if (!expr) add_fault(node, fault);
  return expr;
}

std::optional<Expr> RuleReader::value(const Node& node, Type type, const Context& context) {
  if (!node.is_scalar()) {
    error(node.place, fmt::format("{} is needed here, such as: visit.start", name_of(type)));
    return std::nullopt;
  }
  ParseFault fault;
  auto expr = parse_value(node.scalar, type, context, fault);
  if (!expr) add_fault(node, fault);
  return expr;
}

template <class T>
std::optional<T> RuleReader::choice(const Node& node, std::string_view what,
                                    std::initializer_list<std::pair<std::string_view, T>> choices) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : choices) {
    if (node.is_scalar() && node.scalar == name) return value;
    names.push_back(name);
  }
  const std::string word = node.is_scalar() ? node.scalar : std::string();
  error(node.place, fmt::format("{} \"{}\" is unknown{}", what, word, hint(word, names)));
  return std::nullopt;
}

void RuleReader::read() {
  if (file_.documents.size() != 1) {
    error({1, 1}, "a rule file holds one document");
    return;
  }
  const Node& root = file_.documents.front();
  if (!check_keys(root, "file")) return;
  pack_ = need_text(root, "pack", "file");
  if (const Node* lists = root.find("lists")) read_lists(*lists);
  if (const Node* named = root.find("conditions")) read_conditions(*named);
  if (const Node* policy = root.find("policy")) read_policy(*policy);
  const Node* list = root.find("policy") ? root.find("rules") : need(root, "rules", "file");
  if (!list) return;
  if (!list->is_sequence() || list->items.empty()) {
    error(list->place, "rules must be a list with at least one rule");
    return;
  }
  for (const Node& one : list->items) {
    if (into_.rules.size() >= kRulesMax) {
      error(one.place, fmt::format("more than {} rules", kRulesMax));
      return;
    }
    read_rule(one);
  }
  report_unused(root);
}

void RuleReader::report_unused(const Node& root) {
  const Node* lists = root.find("lists");
  for (std::size_t i = 0; lists && i < lists->entries.size(); ++i) {
    const std::string& name = lists->entries[i].first;
    if (!used_lists_.contains(name)) {
      warning(lists->key_places[i], fmt::format("no rule uses the list \"{}\"", name));
    }
  }
}

void RuleReader::read_conditions(const Node& node) {
  if (!node.is_mapping()) return error(node.place, "conditions must be a mapping of name to text");
  if (node.entries.size() > kConditionsMax) {
    return error(node.place, fmt::format("more than {} conditions", kConditionsMax));
  }
  constexpr std::string_view kReserved[] = {"and",   "or",    "not",  "any",  "none",    "every",
                                            "count", "first", "last", "like", "in",      "where",
                                            "empty", "valued"};
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const auto& [name, text] = node.entries[i];
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    const bool taken = kind_named(name).has_value() ||
                       std::find(std::begin(kReserved), std::end(kReserved), name) !=
                           std::end(kReserved);
    if (!plain || taken) {
      error(node.key_places[i], fmt::format("\"{}\" cannot name a condition: small letters, digits "
                                            "and _, and no word of the language", name));
      continue;
    }
    if (auto expr = condition(text, context_of(Rule{}))) conditions_[name] = std::move(*expr);
  }
}

void RuleReader::read_lists(const Node& node) {
  if (!node.is_mapping()) return error(node.place, "lists must be a mapping of name to words");
  if (node.entries.size() > kListsMax) {
    return error(node.place, fmt::format("more than {} lists", kListsMax));
  }
  for (const auto& [name, list] : node.entries) {
    if (!list.is_sequence()) {
      error(list.place, fmt::format("list \"{}\" must be a list of words", name));
      continue;
    }
    if (list.items.size() > kListWordsMax) {
      error(list.place, fmt::format("more than {} words in one list", kListWordsMax));
      continue;
    }
    lists_[name] = words(list, fmt::format("list \"{}\"", name));
  }
}

void RuleReader::read_rule(const Node& node) {
  if (!check_keys(node, "rule")) return;
  const Node* id = node.find("id");
  for (const Rule& other : into_.rules) {
    if (id && id->is_scalar() && !id->scalar.empty() && other.id == id->scalar) {
      error(node.place,
            fmt::format("rule {} is there twice (also in pack {})", other.id, other.pack));
      break;
    }
  }
  if (const Node* parts = node.find("parts")) return read_parts(node, *parts);
  read_one(node, {});
}

/// A part says what differs; everything else is the rule's.
void RuleReader::read_parts(const Node& node, const Node& parts) {
  if (!parts.is_sequence() || parts.items.empty() || parts.items.size() > kPartsMax) {
    return error(parts.place, fmt::format("parts is a list of 1 to {} parts", kPartsMax));
  }
  std::vector<std::string> names;
  for (const Node& one : parts.items) {
    if (!check_keys(one, "part")) continue;
    const std::string name = need_text(one, "part", "part");
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      error(one.place, fmt::format("part \"{}\" is there twice", name));
      continue;
    }
    if (name.find_first_of("#|") != std::string::npos) {
      error(one.place, "the name of a part holds neither # nor |");
      continue;
    }
    names.push_back(name);
    Node whole = one;
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      if (node.entries[i].first == "parts" || one.find(node.entries[i].first)) continue;
      whole.entries.push_back(node.entries[i]);
      whole.key_places.push_back(node.key_places[i]);
    }
    read_one(whole, name);
  }
}

void RuleReader::read_one(const Node& node, const std::string& part) {
  const std::size_t errors = findings_.size();
  Rule rule;
  rule.pack = pack_;
  rule.part = part;
  rule.place = node.place;
  read_identity(node, rule);
  // What follows speaks of the rule's subject, which the trigger decides.
  const Node* trigger = need(node, "trigger", "rule");
  if (!trigger || !check_keys(*trigger, "trigger")) return;
  read_trigger(*trigger, rule);
  if (const Node* repeat = node.find("repeat")) read_repeat(*repeat, rule);
  if (const Node* exempt = node.find("exempt")) read_exempt(*exempt, rule);
  read_requires(node, rule);
  if (const Node* available = node.find("available")) {
    rule.available = condition(*available, context_of(rule));
  }
  read_lacking(node, rule);
  read_owner(node, rule);
  read_dues(node, rule);
  if (const Node* letters = node.find("letters")) read_letters(*letters, rule);
  check_needs(node, rule);
  const bool sound = std::none_of(
      findings_.begin() + static_cast<std::ptrdiff_t>(errors), findings_.end(),
      [](const RulePack::Finding& one) { return one.error; });
  if (!sound) return;
  rule.reads = kinds_read(rule);
  into_.rules.push_back(std::move(rule));
}

void RuleReader::read_needs(const Node& node, Rule& rule) {
  if (!node.is_mapping()) {
    rule.needs = words(node, "needs");
    return;
  }
  if (!check_keys(node, "needs")) return;
  if (const Node* messages = need(node, "messages", "needs")) {
    rule.needs = words(*messages, "messages");
  }
  if (const Node* feeds = node.find("feeds")) rule.feeds = words(*feeds, "feeds");
}

void RuleReader::read_repeat(const Node& node, Rule& rule) {
  if (!check_keys(node, "repeat")) return;
  Repeat repeat;
  const Context context = context_of(rule);
  if (const Node* from = need(node, "from", "repeat")) {
    repeat.from.from = read_times(*from, context);
  }
  if (const Node* after = node.find("after")) {
    if (const auto offset = duration(*after)) repeat.from.after = *offset;
  }
  if (const Node* until = node.find("until")) repeat.until = value(*until, Type::kTime, context);
  if (const Node* lead = node.find("lead")) repeat.lead = duration(*lead).value_or(0);
  const Node* steps = need(node, "steps", "repeat");
  if (steps && (!steps->is_sequence() || steps->items.empty())) {
    error(steps->place, "steps is a list of {every, times}");
  } else if (steps) {
    for (const Node& one : steps->items) {
      if (!check_keys(one, "step")) continue;
      Step step;
      const Node* every = need(one, "every", "step");
      if (every) step.every = duration(*every).value_or(0);
      if (every && step.every < 60'000'000) error(every->place, "a period lasts at least 1m");
      if (const Node* times = one.find("times")) {
        step.times = times->is_scalar() ? core::to_int(times->scalar).value_or(0) : 0;
        if (step.times < 1) error(times->place, "times is a whole number from 1");
      }
      if (!repeat.steps.empty() && repeat.steps.back().times == 0) {
        error(one.place, "never reached: the step before goes on without end");
      }
      repeat.steps.push_back(step);
    }
  }
  rule.repeat = std::move(repeat);
}

void RuleReader::read_identity(const Node& node, Rule& rule) {
  rule.id = need_text(node, "id", "rule");
  if (!rule.id.empty() && !is_rule_id(rule.id)) {
    error(node.find("id")->place, "a rule id is 2 to 16 capital letters, digits and dashes: R06");
  }
  rule.title = need_text(node, "title", "rule");
  rule.source = need_text(node, "source", "rule");
  if (const Node* severity = need(node, "severity", "rule")) {
    if (const auto found = choice<std::string_view>(*severity, "severity",
                                                    {{"H", "H"}, {"M", "M"}, {"L", "L"}})) {
      rule.severity = *found;
    }
  }
  if (const Node* from = need(node, "effective_from", "rule")) {
    const auto day = core::from_iso(from->scalar);
    if (!from->is_scalar() || from->scalar.size() != 10 || !day) {
      error(from->place, "effective_from is a day: 2026-01-31");
    } else {
      rule.effective_from = *day;
    }
  }
  if (const Node* needs = need(node, "needs", "rule")) read_needs(*needs, rule);
}

Context RuleReader::context_of(const Rule& rule) {
  Context context;
  context.lists = &lists_;
  context.used_lists = &used_lists_;
  context.conditions = &conditions_;
  context.event_codes = &into_.event_codes;
  context.repeats = rule.repeat.has_value();
  context.subject = rule.subject;
  if (rule.subject) context.bound[static_cast<std::size_t>(*rule.subject)] = true;
  return context;
}

void RuleReader::read_trigger(const Node& node, Rule& rule) {
  if (const Node* event = need(node, "event", "trigger")) {
    const auto found = choice<Event>(*event, "event",
                                     {{"admitted", Event::kAdmitted},
                                      {"discharged", Event::kDischarged},
                                      {"document", Event::kDocument},
                                      {"procedure", Event::kProcedure},
                                      {"diagnosis", Event::kDiagnosis},
                                      {"order", Event::kOrder},
                                      {"result", Event::kResult},
                                      {"appointment", Event::kAppointment},
                                      {"event", Event::kEvent},
                                      {"planned", Event::kPlanned}});
    if (found) rule.event = *found;
    if (found) rule.subject = kind_named(event->scalar);
  }
  if (const Node* classes = node.find("class")) rule.classes = words(*classes, "class");
  if (const Node* when = node.find("when")) rule.when = condition(*when, context_of(rule));
  if (const Node* wait = node.find("wait"); wait && check_keys(*wait, "wait")) {
    rule.wait = read_anchor(*wait, "wait", context_of(rule));
  }
}

void RuleReader::read_exempt(const Node& node, Rule& rule) {
  if (!node.is_sequence()) return error(node.place, "exempt is a list of {reason, when}");
  for (const Node& one : node.items) {
    if (!check_keys(one, "exempt")) continue;
    std::string reason = need_text(one, "reason", "exempt");
    const Node* when = need(one, "when", "exempt");
    if (!when) continue;
    if (auto expr = condition(*when, context_of(rule))) {
      rule.exempt.push_back({std::move(reason), std::move(*expr)});
    }
  }
}

void RuleReader::check_needs(const Node& node, const Rule& rule) {
  const Node* needs = node.find("needs");
  if (!needs) return;
  if (needs->is_mapping() && needs->find("messages")) needs = needs->find("messages");
  const std::vector<std::string_view> known(std::begin(kMessages), std::end(kMessages));
  const auto has = [&rule](std::initializer_list<std::string_view> any) {
    return std::any_of(any.begin(), any.end(), [&](std::string_view one) {
      return std::find(rule.needs.begin(), rule.needs.end(), one) != rule.needs.end();
    });
  };
  for (const std::string& one : rule.needs) {
    if (std::find(known.begin(), known.end(), one) == known.end()) {
      error(needs->place, fmt::format("\"{}\" is no message type{}", one, hint(one, known)));
    }
  }
  if (rule.wants_document && !has({"MDM", "ORU"})) {
    warning(needs->place, "asks for a document, but needs neither MDM nor ORU");
  }
}

}  // namespace him
