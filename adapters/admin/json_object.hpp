#pragma once
#include <fhir/json.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace admin {

/// Writes one flat JSON object, members in the order given.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    key(name);
    fhir::write_json_string(value, out_);
    return *this;
  }
  JsonObject& number(std::string_view name, std::integral auto value) {
    key(name);
    out_ += std::to_string(value);
    return *this;
  }
  JsonObject& boolean(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
    return *this;
  }
  JsonObject& null(std::string_view name) {
    key(name);
    out_ += "null";
    return *this;
  }
  /// `json` is already JSON.
  JsonObject& raw(std::string_view name, std::string_view json) {
    key(name);
    out_ += json;
    return *this;
  }
  std::string done() && { return std::move(out_) + "}"; }

 private:
  void key(std::string_view name) {
    if (out_.size() > 1) out_ += ',';
    fhir::write_json_string(name, out_);
    out_ += ':';
  }
  std::string out_ = "{";
};

}  // namespace admin
