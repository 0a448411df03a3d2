#include "functions.hpp"

#include <algorithm>
#include <cctype>

namespace lint {

namespace {

enum class Block { kScope, kFunction, kInside, kInitialiser, kData };

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool has_word(std::string_view text, std::string_view wanted) {
  for (std::size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + 1)) {
    const bool left = at == 0 || !word(text[at - 1]);
    const std::size_t end = at + wanted.size();
    if (left && (end == text.size() || !word(text[end]))) return true;
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  return text;
}

/// The word before the parameter list: "Message::parse" of "... Message::parse(std::string text)".
std::string name_of(std::string_view declaration) {
  const std::string_view before = trimmed(declaration.substr(0, declaration.find('(')));
  if (has_word(before, "operator")) return "operator";
  std::size_t begin = before.size();
  while (begin > 0 && (word(before[begin - 1]) || before[begin - 1] == ':' || before[begin - 1] == '~')) {
    --begin;
  }
  return std::string(before.substr(begin));
}

/// Classifies the block that opens after `declaration` in a scope.
Block kind_of(std::string_view declaration) {
  const std::string_view text = trimmed(declaration);
  if (has_word(text, "namespace") || text.starts_with("extern")) return Block::kScope;
  const std::size_t paren = text.find('(');
  const std::string_view head = text.substr(0, paren);
  const bool type = has_word(head, "class") || has_word(head, "struct") || has_word(head, "union") ||
                    has_word(head, "enum");
  const bool is_template = text.starts_with("template") || text.starts_with("constexpr");
  if (type && (paren == std::string_view::npos || !is_template) && !text.ends_with(")")) {
    return Block::kScope;
  }
  if (paren == std::string_view::npos || head.find('=') != std::string_view::npos) {
    return Block::kData;
  }
  // `Name() : a_{1} {`: a member's brace follows its name, the body's follows a brace or parenthesis.
  const std::size_t close = text.find(") :");
  const bool has_initialisers = close != std::string_view::npos ||
                                text.find(")\n    :") != std::string_view::npos;
  if (has_initialisers && (word(text.back()) || text.back() == '>')) return Block::kInitialiser;
  return Block::kFunction;
}

}  // namespace

std::vector<Function> find_functions(std::string_view code) {
  std::vector<Function> found;
  std::vector<Block> blocks;
  std::vector<std::size_t> open_functions;
  std::string declaration;
  std::size_t line = 1;
  std::size_t declared_at = 0;
  bool preprocessor = false;
  const auto in_scope = [&blocks] {
    return std::all_of(blocks.begin(), blocks.end(), [](Block b) { return b == Block::kScope; });
  };
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '\n') {
      ++line;
      if (preprocessor && (i == 0 || code[i - 1] != '\\')) preprocessor = false;
    }
    if (c == '#' && trimmed(declaration).empty()) preprocessor = true;
    if (preprocessor) continue;
    if (c == '{') {
      Block kind = in_scope() ? kind_of(declaration) : Block::kInside;
      if (kind == Block::kFunction) {
        open_functions.push_back(found.size());
        found.push_back({name_of(declaration), declared_at, 0});
      }
      blocks.push_back(kind);
      if (kind != Block::kInitialiser && in_scope()) declaration.clear();
      continue;
    }
    if (c == '}' && !blocks.empty()) {
      const Block kind = blocks.back();
      blocks.pop_back();
      if (kind == Block::kFunction) {
        found[open_functions.back()].last_line = line;
        open_functions.pop_back();
      }
      if (kind == Block::kInitialiser) {
        declaration.push_back('}');
      } else if (in_scope()) {
        declaration.clear();
      }
      continue;
    }
    if (!in_scope()) continue;
    if (c == ';') {
      declaration.clear();
      continue;
    }
    if (trimmed(declaration).empty() && !std::isspace(static_cast<unsigned char>(c))) {
      declaration.clear();
      declared_at = line;
    }
    declaration.push_back(c);
    const std::string_view text = trimmed(declaration);
    if (text == "public:" || text == "private:" || text == "protected:") declaration.clear();
  }
  return found;
}

}  // namespace lint
