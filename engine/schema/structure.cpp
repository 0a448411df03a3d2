#include <schema/v2.hpp>

#include "group_plan.hpp"

#include <utility>

namespace schema {
namespace {

bool is_name_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Recursive descent over the tree notation; depth and size are limited by the caller's constants.
class TreeParser {
 public:
  explicit TreeParser(std::string_view text) : text_(text) {}

  bool parse(std::vector<StructureNode>& out) {
    return sequence(out, '\0', 0) && at_ == text_.size();
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void suffix(bool& required, bool& repeats) {
    const char c = peek();
    required = c != '?' && c != '*';
    repeats = c == '*' || c == '+';
    if (c == '?' || c == '*' || c == '+') ++at_;
  }

  bool sequence(std::vector<StructureNode>& out, char close, int depth) {
    if (depth > kStructureDepthMax) return false;
    while (true) {
      while (peek() == ' ' || (close == '>' && peek() == '|')) ++at_;
      if (at_ == text_.size()) return close == '\0' && !out.empty();
      if (peek() == close) {
        ++at_;
        return !out.empty() && out.size() <= kGroupChildrenMax;
      }
      if (++nodes_ > kStructureNodesMax || out.size() > kGroupChildrenMax) return false;
      if (peek() == '<' ? !choice(out, depth) : !node(out, depth)) return false;
    }
  }

  bool choice(std::vector<StructureNode>& out, int depth) {
    ++at_;
    std::vector<StructureNode> alternatives;
    if (!sequence(alternatives, '>', depth + 1)) return false;
    bool required = false;
    bool repeats = false;
    suffix(required, repeats);
    for (StructureNode& one : alternatives) {
      one.choice = true;
      one.required = required;
      one.repeats = one.repeats || repeats;
      out.push_back(std::move(one));
    }
    return out.size() <= kGroupChildrenMax;
  }

  bool node(std::vector<StructureNode>& out, int depth) {
    const std::size_t begin = at_;
    while (is_name_char(peek())) ++at_;
    if (at_ == begin) return false;
    StructureNode result;
    result.name = std::string(text_.substr(begin, at_ - begin));
    if (peek() == '(') {
      ++at_;
      result.is_group = true;
      if (!sequence(result.children, ')', depth + 1)) return false;
    }
    suffix(result.required, result.repeats);
    out.push_back(std::move(result));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

core::Result<StructureDef> parse_structure(std::string id, std::string_view tree) {
  StructureDef result;
  result.root.name = id;
  result.root.is_group = true;
  result.root.required = true;
  if (!TreeParser(tree).parse(result.root.children)) {
    return core::fail(core::ErrorCode::kBadConfig, "malformed structure tree", std::move(id));
  }
  result.id = std::move(id);
  return result;
}

}  // namespace schema
