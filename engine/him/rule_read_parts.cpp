#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "rule_reader.hpp"

namespace him {
namespace {

using core::yaml::Node;

/// HL7 table 0270, document types.
constexpr std::string_view kDocumentTypes[] = {"AR", "CD", "CN", "DI", "DS", "ED", "HP",
                                               "OP", "PC", "PH", "PN", "PR", "SP", "TS"};

constexpr std::pair<std::string_view, Closes> kCloses[] = {
    {"signed", Closes::kSigned},
    {"legally-authenticated", Closes::kLegal},
    {"transcribed", Closes::kTranscribed},
    {"present", Closes::kPresent}};

}  // namespace

void RuleReader::read_requires(const Node& node, Rule& rule) {
  const Node* wanted = need(node, "requires", "rule");
  if (!wanted || !check_keys(*wanted, "requires")) return;
  if (const Node* any_of = wanted->find("any_of")) {
    if (wanted->entries.size() > 1) {
      error(wanted->place, "any_of stands alone: put the others into its list");
    }
    if (!any_of->is_sequence() || any_of->items.empty()) {
      error(any_of->place, "any_of is a list of ways to meet the rule");
      return;
    }
    for (const Node& one : any_of->items) {
      if (!check_keys(one, "requires")) continue;
      if (auto way = read_alternative(one, rule)) rule.any_of.push_back(std::move(*way));
    }
  } else if (auto way = read_alternative(*wanted, rule)) {
    rule.any_of.push_back(std::move(*way));
  }
  Closes closes = Closes::kSigned;
  if (const Node* by = node.find("closes_by")) {
    const auto found = std::find_if(std::begin(kCloses), std::end(kCloses), [by](const auto& one) {
      return by->is_scalar() && one.first == by->scalar;
    });
    if (found == std::end(kCloses)) {
      error(by->place, "closes_by is signed, legally-authenticated, transcribed or present");
    } else {
      closes = found->second;
    }
  }
  for (Alternative& way : rule.any_of) {
    way.closes = closes;
    rule.wants_document = rule.wants_document || way.kind == Kind::kDocument;
  }
  if (node.find("closes_by") && !rule.wants_document) {
    error(node.find("closes_by")->place, "closes_by is about documents; this rule asks for none");
  }
}

std::optional<Alternative> RuleReader::read_alternative(const Node& node, const Rule& rule) {
  Alternative out;
  const Context context = context_of(rule);
  int ways = 0;
  for (const auto& [key, part] : node.entries) {
    if (key == "when") {
      out.when = condition(part, context);
    } else if (key == "all") {
      ++ways;
      read_items(part, context, out);
    } else if (key == "holds") {
      ++ways;
      out.holds = condition(part, context);
    } else if (key == "review") {
      ++ways;
      text(part, "review");
      out.review = true;
    } else if (const auto kind = kind_named(key)) {
      ++ways;
      read_fact(part, *kind, context, out);
    }
  }
  if (ways != 1) {
    error(node.place,
          "requires exactly one of document, procedure, diagnosis, order, contact, coverage, "
          "result, appointment, event, all, holds, review (several ways go under any_of)");
    return std::nullopt;
  }
  return out;
}

void RuleReader::read_fact(const Node& node, Kind kind, const Context& context, Alternative& out) {
  out.kind = kind;
  Context inner = context;
  inner.bound[static_cast<std::size_t>(kind)] = true;
  if (kind == Kind::kDocument && !node.is_mapping()) return read_document_types(node, out);
  if (!check_keys(node, kind == Kind::kDocument ? "document" : "fact")) return;
  if (kind == Kind::kDocument) {
    if (const Node* types = need(node, "types", "document")) read_document_types(*types, out);
  }
  const Node* where = node.find("where");
  if (where) {
    out.where = condition(*where, inner);
    // Who asks about it decides about it.
    out.addenda = where->scalar.find("document.appends") != std::string::npos;
  } else if (kind != Kind::kDocument) {
    need(node, "where", name_of(kind));
  }
}

void RuleReader::read_document_types(const Node& node, Alternative& out) {
  const std::vector<std::string_view> known(std::begin(kDocumentTypes), std::end(kDocumentTypes));
  out.types = words(node, "types");
  for (std::string& type : out.types) {
    // A code of the sender's own in TXA-2, told apart from a mistyped one of table 0270.
    if (constexpr std::string_view kOwn = "TXA-2|"; type.starts_with(kOwn)) {
      type.erase(0, kOwn.size());
      continue;
    }
    const bool local = type.find('|') != std::string::npos;
    const bool table = std::find(known.begin(), known.end(), type) != known.end();
    if (local || table || is_loinc(type)) continue;
    if (type.find('-') != std::string::npos) {
      error(node.place, fmt::format("\"{}\" is no LOINC code: its check digit is wrong", type));
    } else {
      error(
          node.place,
          fmt::format("\"{}\" is neither a LOINC code nor a type of table 0270 ({}); a local code "
                      "is written system|code, or TXA-2|code",
                      type, fmt::join(known, ", ")));
    }
  }
}

void RuleReader::read_items(const Node& node, const Context& context, Alternative& out) {
  if (!node.is_sequence() || node.items.empty()) {
    return error(node.place, "all is a list of {label, holds}");
  }
  for (const Node& one : node.items) {
    if (!check_keys(one, "item")) continue;
    Item item;
    item.label = need_text(one, "label", "item");
    const Node* holds = need(one, "holds", "item");
    if (!holds) continue;
    if (auto expr = condition(*holds, context)) {
      item.holds = std::move(*expr);
      out.items.push_back(std::move(item));
    }
  }
}

void RuleReader::read_lacking(const Node& node, Rule& rule) {
  const Node* lacking = need(node, "lacking", "rule");
  if (!lacking || !check_keys(*lacking, "lacking")) return;
  rule.lacking = need_text(*lacking, "text", "lacking");
  const bool names_items = rule.lacking.find("{missing}") != std::string::npos;
  const bool has_items = std::any_of(rule.any_of.begin(), rule.any_of.end(),
                                     [](const Alternative& way) { return !way.items.empty(); });
  if (names_items && !has_items) {
    error(lacking->find("text")->place, "{missing} needs `requires: all`, which names the items");
  }
  if (const Node* code = lacking->find("code")) {
    rule.lacking_code = text(*code, "code");
    if (!is_loinc(rule.lacking_code)) {
      error(code->place, fmt::format("\"{}\" is no LOINC code", rule.lacking_code));
    }
  }
}

void RuleReader::read_owner(const Node& node, Rule& rule) {
  const Node* owner = need(node, "owner", "rule");
  if (!owner) return;
  Context context = context_of(rule);
  // In an owner ladder `document` is the one that was begun, or that the rule is about.
  if (rule.wants_document) context.bound[static_cast<std::size_t>(Kind::kDocument)] = true;
  // And `procedure` the last one of the visit that names a surgeon.
  context.bound[static_cast<std::size_t>(Kind::kProcedure)] = true;
  const auto add = [&](const Node& one) {
    OwnerStep step;
    if (one.is_scalar() && one.scalar.starts_with('=') && one.scalar.size() > 1) {
      step.role = one.scalar.substr(1);
    } else if (auto expr = value(one, Type::kPerson, context)) {
      step.person = std::move(*expr);
    } else {
      return;
    }
    rule.owner.push_back(std::move(step));
  };
  if (owner->is_sequence()) {
    for (const Node& one : owner->items) add(one);
  } else {
    add(*owner);
  }
  if (rule.owner.empty() || rule.owner.back().role.empty()) {
    error(owner->place, "the last step of an owner ladder is a role, such as =medical-records: "
                        "otherwise nobody may owe it");
  }
}

/// `letters: [L0, L1]`: the only ones that whoever owes it is written.
void RuleReader::read_letters(const Node& node, Rule& rule) {
  constexpr Letter kMay[] = {Letter::kAssignment, Letter::kReminder, Letter::kWarning,
                             Letter::kSuspension, Letter::kQualityFile};
  std::uint32_t wanted = 0;
  for (const std::string& word : words(node, "letters")) {
    const auto one = std::find_if(std::begin(kMay), std::end(kMay),
                                  [&word](Letter letter) { return to_text(letter) == word; });
    if (one == std::end(kMay)) {
      return error(node.place,
                   fmt::format("\"{}\" is none of the letters L0, L1, L2, L3, L5", word));
    }
    wanted |= 1u << static_cast<unsigned>(*one);
  }
  const auto has = [wanted](Letter letter) {
    return (wanted >> static_cast<unsigned>(letter) & 1u) != 0;
  };
  if (has(Letter::kWarning) != has(Letter::kSuspension)) {
    return error(node.place, "L2 threatens with what L3 carries out: both, or neither");
  }
  for (const Letter letter : kMay) {
    if (!has(letter)) rule.spared |= 1u << static_cast<unsigned>(letter);
  }
}

void RuleReader::read_dues(const Node& node, Rule& rule) {
  const Node* due = need(node, "due", "rule");
  if (!due) return;
  const std::vector<Node> single =
      due->is_sequence() ? std::vector<Node>() : std::vector<Node>{*due};
  const std::vector<Node>& all = due->is_sequence() ? due->items : single;
  for (const Node& one : all) {
    if (auto read = read_due(one, rule)) {
      if (!rule.due.empty() && !rule.due.back().when) {
        error(one.place, "never reached: the one before applies always");
      }
      rule.due.push_back(std::move(*read));
    }
  }
  if (all.empty() || (!rule.due.empty() && rule.due.back().when)) {
    error(due->place, "the last due must apply without a `when`");
  }
}

std::optional<Due> RuleReader::read_due(const Node& node, const Rule& rule) {
  if (!check_keys(node, "due")) return std::nullopt;
  const Context context = context_of(rule);
  Due due;
  if (const Node* when = node.find("when")) due.when = condition(*when, context);
  const Node* from = node.find("from");
  if (from && from->is_scalar() && from->scalar == "opened") {
    due.policy.from_opening = true;
    if (const Node* after = need(node, "after", "due")) {
      due.policy.after = duration(*after).value_or(0);
    }
  } else if (auto anchor = read_anchor(node, "due", context)) {
    due.policy = std::move(*anchor);
  }
  if (const Node* before = node.find("before")) due.before = read_times(*before, context);
  if (const Node* hard = node.find("hard"); hard && check_keys(*hard, "hard")) {
    due.hard = read_anchor(*hard, "hard", context);
  }
  return due;
}

std::optional<Anchor> RuleReader::read_anchor(const Node& node, std::string_view what,
                                              const Context& context) {
  Anchor anchor;
  const Node* from = need(node, "from", what);
  const Node* after = need(node, "after", what);
  if (!from || !after) return std::nullopt;
  anchor.from = read_times(*from, context);
  const auto offset = duration(*after);
  if (anchor.from.empty() || !offset) return std::nullopt;
  anchor.after = *offset;
  return anchor;
}

std::vector<Expr> RuleReader::read_times(const Node& node, const Context& context) {
  std::vector<Expr> times;
  const auto add = [&](const Node& one) {
    if (auto expr = value(one, Type::kTime, context)) times.push_back(std::move(*expr));
  };
  if (node.is_sequence()) {
    for (const Node& one : node.items) add(one);
    if (node.items.empty()) error(node.place, "a time is missing here");
  } else {
    add(node);
  }
  return times;
}

}  // namespace him
