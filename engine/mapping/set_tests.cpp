#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fhir/path.hpp>
#include <mapping/inspect.hpp>
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <algorithm>
#include <fmt/format.h>

#include "impl.hpp"
#include "resolve.hpp"

/// The `tests:` blocks of mapping files: a message in, leaves or assertions out.
namespace mapping {

using core::yaml::Node;

namespace {

inline constexpr std::size_t kDifferenceBytesMax = 4'000;

/// What a test compares against: all drafts, references readable as "Type/n".
struct Produced {
  fhir::Document doc;
  fhir::Node* bundle = nullptr;
  std::vector<std::pair<std::string_view, fhir::Node*>> resources;
  std::vector<std::string> keys;
};

std::string default_header(const Node& test, std::string_view message) {
  std::string type;
  if (const Node* given = test.find("type")) {
    type = given->scalar;
  } else if (message.find("TXA|") != message.npos) {
    type = "MDM^T02^MDM_T02";
  } else if (message.find("OBR|") != message.npos) {
    type = "ORU^R01^ORU_R01";
  } else {
    type = "ADT^A01^ADT_A01";
  }
  return fmt::format("MSH|^~\\&|APP|FAC|||20260102030405||{}|1|P|2.5.1\r", type);
}

std::string message_text(const Node& test) {
  const Node* node = test.find("message");
  std::string out;
  if (!node) return out;
  for (std::string_view line : core::split(node->scalar, '\n')) {
    line = core::trim(line);
    if (line.empty()) continue;
    if (out.empty() && !line.starts_with("MSH|")) out = default_header(test, node->scalar);
    out += line;
    out += '\r';
  }
  return out;
}

void collect(const MapOutput& output, Produced& out) {
  std::vector<std::string> names;
  std::map<std::string_view, int> counts;
  for (const Draft& draft : output.drafts) {
    names.push_back(fmt::format("{}/{}", draft.type, ++counts[draft.type]));
  }
  const auto reference = [&](std::size_t n) { return n < names.size() ? names[n] : std::string(); };
  out.bundle = out.doc.object();
  out.doc.add(out.bundle, "resourceType", out.doc.string("Bundle"));
  fhir::Node* entries = out.doc.array();
  for (const Draft& draft : output.drafts) {
    fhir::Node* node = resolved(draft.root, out.doc, reference);
    if (!node) continue;
    out.resources.emplace_back(draft.type, node);
    out.keys.push_back(resolve_key(draft.keys.front(), names));
    fhir::Node* entry = out.doc.object();
    out.doc.add(entry, "resource", node);
    out.doc.append(entries, entry);
  }
  out.doc.add(out.bundle, "entry", entries);
}

/// "Observation[1].value.unit" -> resources of that type (one, if numbered from 0) and the rest.
struct Selected {
  std::vector<std::size_t> resources;
  std::string rest;
};

Selected select(const Produced& produced, std::string_view path) {
  Selected out;
  const std::size_t end = path.find_first_of(".[");
  const std::string_view type = path.substr(0, end);
  std::string_view rest = end == path.npos ? std::string_view() : path.substr(end);
  std::optional<std::int64_t> number;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close != rest.npos) {
      number = core::to_int(rest.substr(1, close - 1));
      rest = rest.substr(close + 1);
    }
  }
  if (rest.starts_with('.')) rest.remove_prefix(1);
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < produced.resources.size(); ++i) {
    if (produced.resources[i].first != type) continue;
    if (!number || *number == seen) out.resources.push_back(i);
    ++seen;
  }
  out.rest = rest;
  return out;
}

std::string show(const fhir::Node* node) {
  if (node->is_leaf()) return std::string(node->text);
  std::string out;
  fhir::write_json(node, out);
  return out;
}

core::Result<std::vector<std::string>> values_at(const Produced& produced, std::string_view path,
                                                 fhir::Document& scratch) {
  std::vector<std::string> out;
  const Selected selected = select(produced, path);
  if (selected.rest == "%key") {
    for (std::size_t i : selected.resources) out.push_back(produced.keys[i]);
    return out;
  }
  if (selected.rest.empty()) {
    for (std::size_t i : selected.resources) out.push_back(show(produced.resources[i].second));
    return out;
  }
  auto compiled = fhir::Path::compile(selected.rest);
  if (!compiled) return core::fail(compiled.error());
  for (std::size_t i : selected.resources) {
    for (const fhir::Node* found : compiled->evaluate(produced.resources[i].second, scratch)) {
      out.push_back(show(found));
    }
  }
  return out;
}

std::string listed(const std::vector<std::string>& values) {
  if (values.empty()) return "nothing";
  std::string out;
  for (const std::string& value : values) {
    out += out.empty() ? "" : ", ";
    out += "\"" + value + "\"";
  }
  return out;
}

void expect(const Node& test, const Produced& produced, std::string& difference) {
  const Node* expected = test.find("expect");
  if (!expected) return;
  fhir::Document scratch;
  for (const auto& [path, want] : expected->entries) {
    std::vector<std::string> wanted;
    if (want.is_scalar()) wanted.push_back(want.scalar);
    for (const Node& item : want.items) wanted.push_back(item.scalar);
    const auto got = values_at(produced, path, scratch);
    if (!got) {
      difference += fmt::format("{}: {}\n", path, got.error().text());
    } else if (*got != wanted) {
      difference += fmt::format("{}: expected {}, got {}\n", path, listed(wanted), listed(*got));
    }
  }
}

void check_assertions(const Node& test, const Produced& produced, std::string& difference) {
  const Node* assertions = test.find("assert");
  if (!assertions) return;
  fhir::Document scratch;
  for (const Node& one : assertions->items) {
    const std::string_view text = one.scalar;
    const std::string_view head = text.substr(0, text.find_first_of(".[ ("));
    const bool typed = std::any_of(produced.resources.begin(), produced.resources.end(),
                                   [&](const auto& r) { return r.first == head; });
    const auto compiled = fhir::Path::compile(text);
    if (!compiled) {
      difference += fmt::format("{}: {}\n", text, compiled.error().text());
      continue;
    }
    bool holds = true;
    if (!typed) {
      holds = compiled->test(produced.bundle, scratch);
    } else {
      for (const auto& [type, node] : produced.resources) {
        if (type == head) holds &= compiled->test(node, scratch);
      }
    }
    if (!holds) difference += fmt::format("does not hold: {}\n", text);
  }
}

/// "PID-7": where issues stand, without occurrence and repetition; each once, in order.
void check_warnings(const Node& test, const MapOutput& output, std::string& difference) {
  const Node* warned = test.find("warns");
  if (!warned) return;
  std::vector<std::string> wanted, got;
  if (warned->is_scalar()) wanted.push_back(warned->scalar);
  for (const Node& item : warned->items) wanted.push_back(item.scalar);
  for (const hl7::Issue& issue : output.issues) {
    std::string at = issue.at.field > 0 ? fmt::format("{}-{}", issue.at.segment, issue.at.field)
                                        : std::string(issue.at.segment);
    if (std::find(got.begin(), got.end(), at) == got.end()) got.push_back(std::move(at));
  }
  std::sort(wanted.begin(), wanted.end());
  std::sort(got.begin(), got.end());
  if (wanted != got) {
    difference += fmt::format("warns: expected {}, got {}\n", listed(wanted), listed(got));
  }
}

void run_test(const Node& test, std::string text, Mapper& mapper, TestReport::Case& out) {
  static constexpr std::string_view kKeys[] = {"name", "type", "feed", "message", "expect",
                                               "assert", "produces", "warns"};
  for (const auto& [key, value] : test.entries) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) {
      out.difference += fmt::format("unknown key \"{}\"\n", key);
    }
  }
  Environment environment;
  if (const auto fed = test_environment(test, environment); !fed) {
    out.difference += fed.error().text() + "\n";
    return;
  }
  auto message = hl7::Message::parse(std::move(text));
  if (!message) {
    out.difference += "the message: " + message.error().text() + "\n";
    return;
  }
  const auto mapped = mapper.map(*message, environment);
  if (!mapped) {
    out.difference += mapped.error().text() + "\n";
    return;
  }
  Produced produced;
  collect(**mapped, produced);
  if (const Node* types = test.find("produces")) {
    std::vector<std::string> wanted, got;
    for (const Node& item : types->items) wanted.push_back(item.scalar);
    for (const auto& [type, node] : produced.resources) got.emplace_back(type);
    std::sort(wanted.begin(), wanted.end());
    std::sort(got.begin(), got.end());
    if (wanted != got) {
      out.difference += fmt::format("produces: expected {}, got {}\n", listed(wanted), listed(got));
    }
  }
  expect(test, produced, out.difference);
  check_assertions(test, produced, out.difference);
  check_warnings(test, **mapped, out.difference);
}

/// A test of a transformation: `expect` holds paths of the outgoing message ("PID-5.1"), `segments`
/// its segments in order.
void run_transform_test(const Node& test, std::string text, const std::string& name,
                        Mapper& mapper, TestReport::Case& out) {
  Environment environment;
  if (const auto fed = test_environment(test, environment); !fed) {
    out.difference += fed.error().text() + "\n";
    return;
  }
  auto message = hl7::Message::parse(std::move(text));
  auto made = message ? mapper.transform(*message, name, environment)
                      : core::Result<V2Output>(core::fail(message.error()));
  auto outgoing = made ? hl7::Message::parse(std::move(made->text))
                       : core::Result<hl7::Message>(core::fail(made.error()));
  if (!outgoing) {
    out.difference += outgoing.error().text() + "\n";
    return;
  }
  if (const Node* expected = test.find("expect")) {
    for (const auto& [path, want] : expected->entries) {
      const std::string got = outgoing->get(path);
      if (got == want.scalar) continue;
      out.difference += fmt::format("{}: expected \"{}\", got \"{}\"\n", path, want.scalar, got);
    }
  }
  if (const Node* segments = test.find("segments")) {
    std::vector<std::string> wanted, got;
    for (const Node& item : segments->items) wanted.push_back(item.scalar);
    for (std::uint32_t i = 0; i < outgoing->segment_count(); ++i) {
      got.emplace_back(outgoing->segment(i).name());
    }
    if (wanted != got) {
      out.difference += fmt::format("segments: expected {}, got {}\n", listed(wanted), listed(got));
    }
  }
}

/// As run_test(), with what a test is not complete without.
void run_case(const Node& test, std::string text, const std::string& transform, Mapper& mapper,
              TestReport::Case& out) {
  out.line = test.place.line;
  if (const Node* name = test.find("name")) out.name = name->scalar;
  const bool says_something = test.find("expect") || test.find("assert") ||
                              test.find("produces") || test.find("warns") || test.find("segments");
  if (!says_something) out.difference = "a test needs expect, assert, produces or warns\n";
  if (transform.empty()) {
    run_test(test, std::move(text), mapper, out);
  } else {
    run_transform_test(test, std::move(text), transform, mapper, out);
  }
  out.passed = out.difference.empty();
  if (out.difference.size() > kDifferenceBytesMax) out.difference.resize(kDifferenceBytesMax);
}

}  // namespace

core::Status test_environment(const Node& test, Environment& out) {
  const Node* feed = test.find("feed");
  if (!feed) return {};
  for (const auto& [key, value] : feed->entries) {
    if (key == "zone") {
      auto zone = core::TimeZone::find(value.scalar);
      if (!zone) return core::fail(zone.error());
      out.zone = *zone;
    } else if (key == "ns") {
      out.name_space = value.scalar;
    } else if (key == "authorities" || key == "values") {
      auto& into = key == "authorities" ? out.authorities : out.values;
      for (const auto& [name, text] : value.entries) into[name] = text.scalar;
    } else {
      return core::fail(core::ErrorCode::kBadMapping,
                        fmt::format("unknown feed setting \"{}\": zone, ns, authorities, values",
                                    key));
    }
  }
  return {};
}

std::vector<TestMessage> test_messages(const MappingSet& set) {
  std::vector<TestMessage> out;
  for (const TestDecl& decl : set.impl().tests) {
    if (!decl.transform.empty()) continue;
    for (const Node& test : decl.node.items) {
      TestMessage one;
      one.file = *decl.file;
      one.line = test.place.line;
      if (const Node* name = test.find("name")) one.name = name->scalar;
      one.text = message_text(test);
      if (test_environment(test, one.environment)) out.push_back(std::move(one));
    }
  }
  return out;
}

TestReport::Case run_test(const core::yaml::Node& test, std::string message, Mapper& mapper) {
  TestReport::Case out;
  run_case(test, std::move(message), {}, mapper, out);
  return out;
}

TestReport run_tests(const MappingSet& set, const schema::V2Schema&, const schema::R4&) {
  TestReport report;
  // The mapper shares the set; this one is borrowed, so the pointer owns nothing.
  Mapper mapper(std::shared_ptr<const MappingSet>(std::shared_ptr<const MappingSet>(), &set));
  for (const TestDecl& decl : set.impl().tests) {
    for (const Node& test : decl.node.items) {
      TestReport::Case one;
      one.file = *decl.file;
      run_case(test, message_text(test), decl.transform, mapper, one);
      report.failed += !one.passed;
      report.cases.push_back(std::move(one));
    }
  }
  return report;
}

}  // namespace mapping
