#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace him {

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

 private:
  fhir::Document& into_;
  fhir::Node* root_ = nullptr;
};

}  // namespace him
