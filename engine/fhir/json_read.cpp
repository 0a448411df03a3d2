// RapidJSON's reader is the tokenizer: iterative, in place over a copy in the arena, numbers as
// text. What it lets pass is refused here: malformed UTF-8 and lone low surrogates (it writes them
// as three bytes, so one check after decoding finds both), duplicate names, depth, a NUL byte.
#include <algorithm>
#include <fhir/json.hpp>
#include <vector>

#include "utf8.hpp"

// First, so that the sanitizers know stack.h by the path in their ignore list.
#include <rapidjson/reader.h>

#include <rapidjson/error/en.h>

namespace fhir {

namespace {

/// Up to here a new name is compared with each earlier one; larger objects are sorted at their end.
constexpr std::uint32_t kLinearNamesMax = 24;

class Builder {
 public:
  explicit Builder(Document& into) : into_(into) {}

  bool Null() { return value(into_.null()); }
  bool Bool(bool b) { return value(into_.boolean(b)); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return value(into_.number({text, size}, false));
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return text_ok({text, size}) && value(into_.string({text, size}, false));
  }
  bool StartObject() { return open(into_.object()); }
  bool StartArray() { return open(into_.array()); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view name(text, size);
    if (!text_ok(name)) return false;
    const Node* object = open_[depth_ - 1];
    if (object->count < kLinearNamesMax && object->find(name)) return refuse(kDuplicate);
    into_.add(open_[depth_ - 1], name, nullptr);
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    const Node* object = open_[--depth_];
    return object->count <= kLinearNamesMax || names_differ(object);
  }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    return true;
  }

  // Not called: numbers come as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  Node* root() const { return root_; }
  const char* refused() const { return refused_; }

 private:
  static constexpr const char* kDuplicate = "a member name occurs twice in one object";

  bool refuse(const char* why) {
    refused_ = why;
    return false;
  }
  bool text_ok(std::string_view text) {
    return valid_utf8(text) || refuse("malformed UTF-8 or a lone surrogate");
  }
  bool value(Node* made) {
    if (depth_ == 0) {
      root_ = made;
      return true;
    }
    Node* parent = open_[depth_ - 1];
    if (parent->is_array()) {
      into_.append(parent, made);
    } else {
      parent->last_member->value = made;
    }
    return true;
  }
  bool open(Node* made) {
    if (depth_ == kJsonDepthMax) return refuse("nested too deeply");
    value(made);
    open_[depth_++] = made;
    return true;
  }
  bool names_differ(const Node* object) {
    std::vector<std::string_view> names;
    names.reserve(object->count);
    for (const Member* m = object->first_member; m; m = m->next) names.push_back(m->name);
    std::sort(names.begin(), names.end());
    const bool twice = std::adjacent_find(names.begin(), names.end()) != names.end();
    return !twice || refuse(kDuplicate);
  }

  Document& into_;
  Node* root_ = nullptr;
  const char* refused_ = nullptr;
  std::size_t depth_ = 0;
  Node* open_[kJsonDepthMax];
};

core::Result<Node*> bad(const char* why, std::size_t offset) {
  return core::fail(core::ErrorCode::kBadJson, why, "offset " + std::to_string(offset));
}

}  // namespace

core::Result<Node*> parse_json(std::string_view json, Document& into) {
  if (json.size() > kJsonBytesMax) return bad("longer than the limit", kJsonBytesMax);
  char* copy = into.room(json.size() + 1);
  if (!json.empty()) std::memcpy(copy, json.data(), json.size());
  copy[json.size()] = '\0';

  constexpr unsigned kFlags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  Builder builder(into);
  rapidjson::Reader reader;
  rapidjson::InsituStringStream stream(copy);
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, builder);
  if (result.IsError()) {
    return bad(builder.refused() ? builder.refused() : rapidjson::GetParseError_En(result.Code()),
               result.Offset());
  }
  // The tokenizer takes a NUL byte for the end.
  if (stream.Tell() != json.size()) return bad("text after the end", stream.Tell());
  return builder.root();
}

}  // namespace fhir
