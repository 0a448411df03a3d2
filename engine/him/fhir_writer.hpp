#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "expr.hpp"

namespace him {

inline constexpr std::string_view kMeasurePopulation =
    "http://terminology.hl7.org/CodeSystem/measure-population";

/// Builds a resource without ever writing an empty member.
class Writer {
 public:
  Writer(std::string_view type, std::string_view id, fhir::Document& into) : into_(into) {
    root_ = into.object();
    text(root_, "resourceType", type);
    text(root_, "id", id);
  }

  fhir::Node* root() const { return root_; }
  fhir::Node* object(fhir::Node* parent, std::string_view name) {
    fhir::Node* child = into_.object();
    into_.add(parent, name, child);
    return child;
  }
  fhir::Node* in_list(fhir::Node* parent, std::string_view name) {
    fhir::Node* list = parent->find(name);
    if (!list) {
      list = into_.array();
      into_.add(parent, name, list);
    }
    fhir::Node* child = into_.object();
    into_.append(list, child);
    return child;
  }
  void text(fhir::Node* parent, std::string_view name, std::string_view value) {
    if (!value.empty()) into_.add(parent, name, into_.string(value));
  }
  void number(fhir::Node* parent, std::string_view name, std::string_view value) {
    into_.add(parent, name, into_.number(value));
  }
  /// To the millisecond: not every reader of FHIR takes more.
  void time(fhir::Node* parent, std::string_view name, const std::optional<core::Instant>& at) {
    if (!at) return;
    text(parent, name, core::to_iso(std::chrono::floor<std::chrono::milliseconds>(*at)));
  }
  void reference(fhir::Node* parent, std::string_view name, std::string_view type,
                 std::string_view id) {
    if (!id.empty()) text(object(parent, name), "reference", fmt::format("{}/{}", type, id));
  }
  void identifier(fhir::Node* parent, std::string_view system, std::string_view value) {
    text(parent, "system", system);
    text(parent, "value", value);
  }
  void concept_of(fhir::Node* parent, std::string_view system, std::string_view code,
                  std::string_view words) {
    if (!code.empty()) {
      fhir::Node* coding = in_list(parent, "coding");
      text(coding, "system", system);
      text(coding, "code", code);
    }
    text(parent, "text", words);
  }

  /// A period of whole days. `end` is the first instant after it, at a midnight.
  void days(fhir::Node* parent, core::Instant from, core::Instant end, const core::TimeZone& zone) {
    fhir::Node* period = object(parent, "period");
    text(period, "start", local_day(from, zone));
    text(period, "end", last_day(end, zone));
  }
  static std::string last_day(core::Instant end, const core::TimeZone& zone) {
    return local_day(end - std::chrono::microseconds{1}, zone);
  }
  /// A count in a group of a MeasureReport.
  void population(fhir::Node* group, std::string_view system, std::string_view code,
                  std::uint64_t count) {
    fhir::Node* population = in_list(group, "population");
    concept_of(object(population, "code"), system, code, {});
    number(population, "count", fmt::format("{}", count));
  }
  /// The score of a group of a MeasureReport.
  void percent(fhir::Node* group, double value) {
    fhir::Node* score = object(group, "measureScore");
    number(score, "value", fmt::format("{:.1f}", value));
    text(score, "unit", "%");
    identifier(score, "http://unitsofmeasure.org", {});
    text(score, "code", "%");
  }

 private:
  fhir::Document& into_;
  fhir::Node* root_ = nullptr;
};

}  // namespace him
