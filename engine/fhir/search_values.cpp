#include <algorithm>
#include <fhir/reference.hpp>
#include <fhir/search_values.hpp>

namespace fhir {

namespace {

/// Collects the entries of one parameter.
class Collector {
 public:
  Collector(const SearchParameter& parameter, std::size_t place, Document& scratch,
            std::vector<SearchValue>& out)
      : parameter_(parameter), place_(place), scratch_(scratch), out_(out), first_(out.size()) {}

  void add(const Node* node) {
    switch (parameter_.kind) {
      case SearchKind::kToken: return token(node);
      case SearchKind::kReference: return reference(node);
      case SearchKind::kDate: return date(node);
      case SearchKind::kString: return string(node);
    }
  }

 private:
  void put(SearchValue value) {
    if (out_.size() >= kSearchValuesMax) return;
    value.param = parameter_.name;
    value.place = place_;
    value.kind = parameter_.kind;
    const auto same = [&value](const SearchValue& other) {
      return other.code == value.code && other.system == value.system &&
             other.start == value.start && other.end == value.end;
    };
    const auto begin = out_.begin() + static_cast<std::ptrdiff_t>(first_);
    if (std::none_of(begin, out_.end(), same)) out_.push_back(value);
  }
  void put_code(std::string_view system, std::string_view code) {
    if (!code.empty()) put({.system = system, .code = code});
  }

  /// Coding, CodeableConcept, Identifier, ContactPoint or a primitive, told by their members.
  void token(const Node* node) {
    if (node->is_leaf()) return put_code({}, node->text);
    if (const Node* codings = node->find("coding")) {
      for (const Item* i = codings->first_item; i; i = i->next) token(i->value);
      return;
    }
    const std::string_view system = node->text_of("system");
    const std::string_view code = node->text_of("code");
    if (!code.empty()) return put_code(system, code);
    // A ContactPoint's system is a code ("phone"), which says nothing about the value's name space.
    const bool uri = system.find(':') != std::string_view::npos;
    put_code(uri ? system : std::string_view(), node->text_of("value"));
  }

  void reference(const Node* node) {
    const std::string_view text = node->is_object() ? node->text_of("reference") : node->text;
    if (text.empty() || text.starts_with('#')) return;
    const Reference parts = split_reference(text);
    if (parts.base.empty() && !parts.id.empty()) {
      // Any version: "Type/id" is what the text begins with.
      return put({.code = text.substr(0, parts.type.size() + 1 + parts.id.size()),
                  .type = parts.type});
    }
    put({.code = text});
  }

  void date(const Node* node) {
    if (node->is_leaf()) {
      if (const auto range = parse_date_range(node->text)) {
        put({.start = range->start, .end = range->end});
      }
      return;
    }
    if (const Node* repeat = node->find("repeat")) {
      if (const Node* bounds = repeat->find("boundsPeriod")) date(bounds);
    }
    if (const Node* events = node->find("event")) return timing(events);
    const auto start = parse_date_range(node->text_of("start"));
    const auto end = parse_date_range(node->text_of("end"));
    if (!start && !end) return;
    put({.start = start ? start->start : kTimeBegin, .end = end ? end->end : kTimeEnd});
  }
  /// Timing.event: from the first to the last.
  void timing(const Node* events) {
    std::optional<DateRange> all;
    for (const Item* i = events->first_item; i; i = i->next) {
      const auto one = parse_date_range(i->value->text);
      if (!one) continue;
      if (!all) all = one;
      all->start = std::min(all->start, one->start);
      all->end = std::max(all->end, one->end);
    }
    if (all) put({.start = all->start, .end = all->end});
  }

  /// A string, or every part of a HumanName or Address.
  void string(const Node* node) {
    if (node->kind == Node::Kind::kString) {
      std::string folded = fold_search_text(node->text.substr(0, 4 * kSearchTextBytesMax));
      if (folded.size() > kSearchTextBytesMax) folded.resize(kSearchTextBytesMax);
      if (!folded.empty()) put({.code = scratch_.keep(folded)});
      return;
    }
    for (const Item* i = node->first_item; i; i = i->next) string(i->value);
    for (const Member* m = node->first_member; m; m = m->next) {
      const bool said = m->name != "use" && m->name != "type" && m->name != "period" &&
                        m->name != "id" && m->name != "extension" && !m->name.starts_with('_');
      if (said) string(m->value);
    }
  }

  const SearchParameter& parameter_;
  const std::size_t place_;
  Document& scratch_;
  std::vector<SearchValue>& out_;
  const std::size_t first_;
};

}  // namespace

std::optional<SearchKind> search_kind(std::string_view type) {
  if (type == "token" || type == "uri") return SearchKind::kToken;
  if (type == "reference") return SearchKind::kReference;
  if (type == "date") return SearchKind::kDate;
  if (type == "string") return SearchKind::kString;
  return {};
}

void search_values(std::span<const SearchParameter> parameters, const Node* resource,
                   Document& scratch, std::vector<SearchValue>& out) {
  std::vector<const Node*> nodes;
  for (std::size_t place = 0; place < parameters.size(); ++place) {
    parameters[place].path.evaluate(resource, scratch, nodes);
    Collector collector(parameters[place], place, scratch, out);
    for (const Node* node : nodes) collector.add(node);
  }
}

}  // namespace fhir
