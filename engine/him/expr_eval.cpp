#include <core/text.hpp>

#include "expr.hpp"
#include "provider_index.hpp"

namespace him {
namespace {

const Fact* fact_for(const Expr& expr, const Scope& scope) {
  if (expr.of_subject) return scope.subject;
  if (expr.kind == Kind::kVisit) return scope.chart->has_visit ? &scope.chart->visit : nullptr;
  if (expr.kind == Kind::kPatient) return &scope.chart->patient_fact;
  return scope.current[static_cast<std::size_t>(expr.kind)];
}

/// Calls `each` for the facts of the expression's kind that meet its condition (its last part).
/// What was cancelled, replaced or entered in error is no fact of the chart any more.
template <class Each>
void for_facts(const Expr& expr, const Scope& scope, const Each& each) {
  const std::vector<Fact>& facts = scope.chart->of(expr.kind);
  if (facts.empty()) return;
  Scope inner = scope;
  for (const Fact& fact : facts) {
    if (!counts(fact)) continue;
    inner.current[static_cast<std::size_t>(expr.kind)] = &fact;
    if (expr.parts.empty() || holds(expr.parts.front(), inner)) {
      if (!each(fact)) return;
    }
  }
}

std::int64_t count_of(const Expr& expr, const Scope& scope) {
  std::int64_t count = 0;
  for_facts(expr, scope, [&](const Fact&) {
    ++count;
    return true;
  });
  return count;
}

std::optional<std::int64_t> extreme(const Expr& expr, const Scope& scope) {
  std::optional<std::int64_t> found;
  for_facts(expr, scope, [&](const Fact& fact) {
    const auto one = number_of(*scope.chart, fact, expr.slot);
    const bool first = expr.op == Expr::Op::kFirst;
    if (one && (!found || (first ? *one < *found : *one > *found))) found = one;
    return true;
  });
  return found;
}

bool in_order(std::int64_t a, Expr::Order order, std::int64_t b) {
  switch (order) {
    case Expr::Order::kEqual: return a == b;
    case Expr::Order::kNotEqual: return a != b;
    case Expr::Order::kLess: return a < b;
    case Expr::Order::kLessEqual: return a <= b;
    case Expr::Order::kGreater: return a > b;
    case Expr::Order::kGreaterEqual: return a >= b;
  }
  return false;
}

/// The number that a person goes by; charts often know a reference alone.
std::string_view number_of(const Person& who, const Scope& scope) {
  if (!who.id.empty() || !scope.providers) return who.id;
  return scope.providers->number_of(who.reference);
}

/// The same for all ids of one doctor.
std::string identity(const Person& who, const Scope& scope) {
  const std::string_view number = number_of(who, scope);
  if (number.empty()) return std::string(who.reference.empty() ? who.name : who.reference);
  std::string id(number);
  return scope.providers ? scope.providers->of(id) : id;
}

bool same_person(const Fact& fact, const Expr& left, const Fact& other, const Expr& right,
                 const Scope& scope) {
  const auto one = person_of(fact, left.slot), two = person_of(other, right.slot);
  return one && two && core::iequals(identity(*one, scope), identity(*two, scope));
}

/// Whether a text of the field passes; of a person, the number.
template <class Test>
bool any_word(const Fact& fact, const Expr& field, const Scope& scope, const Test& test) {
  if (field.type != Type::kPerson) return any_text(fact, field.slot, test);
  const auto who = person_of(fact, field.slot);
  return who && test(number_of(*who, scope));
}

/// One field with another: any value of the one is any value of the other.
bool compare_fields(const Fact& fact, const Expr& expr, const Scope& scope) {
  const Expr& right = expr.parts[1];
  const Fact* other = fact_for(right, scope);
  if (!other || !other->stored[right.slot]) return false;
  const Expr& left = expr.parts[0];
  const bool people = left.type == Type::kPerson && right.type == Type::kPerson;
  const bool same =
      people ? same_person(fact, left, *other, right, scope)
             : any_word(fact, left, scope, [&](std::string_view one) {
                 return any_word(*other, right, scope, [one](std::string_view two) {
                   return core::iequals(one, two);
                 });
               });
  return same == (expr.order == Expr::Order::kEqual);
}

/// Texts are only ever equal or not; several codes are equal to a word when one of them is.
bool compare_texts(const Expr& expr, const Scope& scope) {
  const Expr& left = expr.parts[0];
  const Fact* fact = fact_for(left, scope);
  if (!fact || !fact->stored[left.slot]) return false;
  if (expr.parts[1].op == Expr::Op::kField) return compare_fields(*fact, expr, scope);
  const std::string& word = expr.parts[1].texts.front();
  const bool same = any_word(*fact, left, scope,
                             [&](std::string_view text) { return core::iequals(text, word); });
  return same == (expr.order == Expr::Order::kEqual);
}

bool compare(const Expr& expr, const Scope& scope) {
  const Type type = expr.parts[0].type;
  if (type == Type::kText || type == Type::kCodes || type == Type::kPerson) {
    return compare_texts(expr, scope);
  }
  const auto left = value(expr.parts[0], scope);
  const auto right = value(expr.parts[1], scope);
  return left && right && in_order(*left, expr.order, *right);
}

bool in_list(const Expr& expr, const Scope& scope) {
  const Expr& left = expr.parts[0];
  const Fact* fact = fact_for(left, scope);
  return fact && any_word(*fact, left, scope, [&](std::string_view text) {
    for (const std::string& word : expr.texts) {
      if (expr.op == Expr::Op::kLike ? like(text, word) : core::iequals(text, word)) return true;
    }
    return false;
  });
}

bool every(const Expr& expr, const Scope& scope) {
  const std::vector<Fact>& facts = scope.chart->of(expr.kind);
  if (facts.empty()) return true;
  Scope inner = scope;
  for (const Fact& fact : facts) {
    inner.current[static_cast<std::size_t>(expr.kind)] = &fact;
    if (counts(fact) && !holds(expr.parts.front(), inner)) return false;
  }
  return true;
}

bool exists(const Expr& expr, const Scope& scope) {
  bool found = false;
  for_facts(expr, scope, [&](const Fact&) {
    found = true;
    return false;
  });
  return found;
}

}  // namespace

bool holds(const Expr& expr, const Scope& scope) {
  using Op = Expr::Op;
  switch (expr.op) {
    case Op::kAnd:
      for (const Expr& part : expr.parts) {
        if (!holds(part, scope)) return false;
      }
      return true;
    case Op::kOr:
      for (const Expr& part : expr.parts) {
        if (holds(part, scope)) return true;
      }
      return false;
    case Op::kNot: return !holds(expr.parts.front(), scope);
    case Op::kFlag: {
      const Fact* fact = fact_for(expr, scope);
      return fact && flag_of(*scope.chart, *fact, expr.slot);
    }
    case Op::kValued: {
      const Expr& field = expr.parts.front();
      if (field.op != Op::kField) return value(field, scope).has_value();
      const Fact* fact = fact_for(field, scope);
      return fact && is_valued(*scope.chart, *fact, field.slot);
    }
    case Op::kCompare: return compare(expr, scope);
    case Op::kIn:
    case Op::kLike: return in_list(expr, scope);
    case Op::kAny: return exists(expr, scope);
    case Op::kNone: return !exists(expr, scope);
    case Op::kEvery: return every(expr, scope);
    default: return false;
  }
}

bool holds_for_a_signer(const Expr& expr, const Scope& scope, const Fact* document) {
  static constexpr std::size_t kSigners = slot(kDocumentFields, "authenticator");
  const fhir::Node* signers = nullptr;
  if (document && document->kind == Kind::kDocument) signers = document->stored[kSigners];
  if (!signers || !signers->is_array()) return holds(expr, scope);
  Fact one = *document;
  Scope inner = scope;
  const Fact*& in_hand = inner.current[static_cast<std::size_t>(Kind::kDocument)];
  if (inner.subject == document) inner.subject = &one;
  if (in_hand == document) in_hand = &one;
  for (const fhir::Item* item = signers->first_item; item; item = item->next) {
    one.stored[kSigners] = item->value;
    if (holds(expr, inner)) return true;
  }
  return false;
}

std::optional<std::int64_t> value(const Expr& expr, const Scope& scope) {
  using Op = Expr::Op;
  switch (expr.op) {
    case Op::kNumber: return expr.number;
    case Op::kPeriod: return scope.period[expr.slot];
    case Op::kDayStart:
    case Op::kDayEnd: {
      const auto at = value(expr.parts[0], scope);
      if (!at) return std::nullopt;
      return local_midnight(*at, expr.op == Op::kDayEnd ? 1 : 0, scope.zone);
    }
    case Op::kCount: return count_of(expr, scope);
    case Op::kFirst:
    case Op::kLast: return extreme(expr, scope);
    case Op::kField: {
      const Fact* fact = fact_for(expr, scope);
      return fact ? number_of(*scope.chart, *fact, expr.slot) : std::nullopt;
    }
    case Op::kPlus:
    case Op::kMinus: {
      const auto left = value(expr.parts[0], scope);
      const auto right = value(expr.parts[1], scope);
      if (!left || !right) return std::nullopt;
      std::int64_t sum = 0;
      const bool wraps = expr.op == Op::kPlus ? __builtin_add_overflow(*left, *right, &sum)
                                              : __builtin_sub_overflow(*left, *right, &sum);
      return wraps ? std::nullopt : std::optional(sum);
    }
    default: return std::nullopt;
  }
}

std::optional<Person> person(const Expr& expr, const Scope& scope) {
  const Fact* fact = fact_for(expr, scope);
  return fact ? person_of(*fact, expr.slot) : std::nullopt;
}

namespace {

std::int64_t civil(std::int64_t micros, int days, bool to_midnight, const core::TimeZone* zone) {
  using namespace std::chrono;
  const core::TimeZone utc;
  const core::TimeZone& where = zone ? *zone : utc;
  const core::Instant at{microseconds{micros}};
  const core::Instant local = at + seconds{where.offset_at(at)};
  const auto day = floor<std::chrono::days>(local) + std::chrono::days{days};
  const year_month_day date{day};
  const hh_mm_ss clock{to_midnight ? microseconds{0} : local - floor<std::chrono::days>(local)};
  const int offset = where.offset_of_local(
      static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
      static_cast<int>(static_cast<unsigned>(date.day())), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  const core::Instant moved = core::Instant{day} + clock.to_duration() - seconds{offset};
  return moved.time_since_epoch().count();
}

}  // namespace

std::string local_day(core::Instant at, const core::TimeZone& zone) {
  return core::to_iso(at + std::chrono::seconds{zone.offset_at(at)}).substr(0, 10);
}

std::int64_t local_midnight(std::int64_t micros, int days, const core::TimeZone* zone) {
  return civil(micros, days, true, zone);
}
std::int64_t add_local_days(std::int64_t micros, int days, const core::TimeZone* zone) {
  return civil(micros, days, false, zone);
}

bool like(std::string_view text, std::string_view pattern) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::size_t t = 0, p = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace him
