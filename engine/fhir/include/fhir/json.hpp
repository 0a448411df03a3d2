#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>

#include <string>
#include <string_view>

namespace fhir {

inline constexpr std::size_t kJsonDepthMax = 100;
inline constexpr std::size_t kJsonBytesMax = 32u << 20;

/// Strict JSON into the document: UTF-8 only, no duplicate keys, no lone surrogates, no trailing
/// text, depth <= kJsonDepthMax. Numbers keep their text. kBadJson with the offset.
core::Result<Node*> parse_json(std::string_view json, Document& into);

/// Appends compact JSON. Hot path: no allocation besides growing `out`.
void write_json(const Node* node, std::string& out);
/// Two-space indented, for people and golden files.
std::string pretty_json(const Node* node);

/// Appends a JSON string with quotes, escaping as RFC 8259; malformed UTF-8 becomes U+FFFD.
void write_json_string(std::string_view text, std::string& out);

}  // namespace fhir
