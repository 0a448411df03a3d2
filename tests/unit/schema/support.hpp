#pragma once
#include <hl7/message.hpp>
#include <schema/r4.hpp>
#include <schema/v2.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include "paths.hpp"

namespace schema_test {

inline const schema::V2Schema& v2() {
  static const schema::V2Schema loaded = [] {
    auto result = schema::V2Schema::load(test::source_path("/schemas/hl7v2"));
    BOOST_REQUIRE_MESSAGE(result.has_value(), "schema files do not load");
    return std::move(*result);
  }();
  return loaded;
}

inline const schema::R4& r4() {
  static const schema::R4 loaded = [] {
    auto result = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
    BOOST_REQUIRE_MESSAGE(result.has_value(), "schema files do not load");
    return std::move(*result);
  }();
  return loaded;
}

/// The folder of other people's samples, or an empty path where it is absent.
inline std::filesystem::path corpus() {
  const std::filesystem::path path = std::filesystem::path(test::source_path("/../shared/corpus"));
  return std::filesystem::exists(path) ? path : std::filesystem::path();
}

/// A message of segment names "PID PV1 OBR"; `MSH` is put before, each line is "NAME|n".
inline hl7::Message of_names(std::string_view names) {
  std::string text = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5.1";
  int number = 0;
  std::size_t at = 0;
  while (at < names.size()) {
    const std::size_t end = std::min(names.find(' ', at), names.size());
    if (end > at) {
      text += '\r';
      text += names.substr(at, end - at);
      text += '|' + std::to_string(++number);
    }
    at = end + 1;
  }
  auto message = hl7::Message::parse(text + '\r');
  BOOST_REQUIRE(message.has_value());
  return std::move(*message);
}

/// "MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR))": the tree in message order.
inline std::string tree_text(const hl7::Message& message, const schema::GroupTree& tree,
                             std::uint32_t group = 0) {
  struct Piece {
    std::uint32_t first;
    std::string text;
  };
  std::vector<Piece> pieces;
  for (std::uint32_t i = 0; i < message.segment_count(); ++i) {
    if (tree.group_of[i] == group) pieces.push_back({i, std::string(message.segment(i).name())});
  }
  for (std::uint32_t child = tree.groups[group].first_child; child != schema::GroupTree::kNone;
       child = tree.groups[child].next_sibling) {
    std::uint32_t first = 0xffffffff;
    for (std::uint32_t i = 0; i < message.segment_count() && first == 0xffffffff; ++i) {
      for (std::uint32_t g = tree.group_of[i]; g != schema::GroupTree::kNone;
           g = tree.groups[g].parent) {
        if (g == child) first = i;
      }
    }
    pieces.push_back({first, tree.groups[child].def->name + '(' +
                                 tree_text(message, tree, child) + ')'});
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.first < b.first; });
  std::string text;
  for (const Piece& piece : pieces) text += (text.empty() ? "" : " ") + piece.text;
  return text;
}

}  // namespace schema_test
