#include <fmt/format.h>

#include "expression.hpp"

/// Templates: text, `{source}`, and `[...]` which vanishes when a reference in it is empty.
/// A backslash takes the next character as text.
namespace mapping {

std::optional<std::uint32_t> Expression::concat() {
  if (text_.size() > kExpressionBytesMax) {
    fail("longer than an expression may be");
    return std::nullopt;
  }
  std::vector<Piece> found;
  if (!pieces(found, 0, false)) return std::nullopt;
  const auto first = static_cast<std::uint32_t>(program_.pieces.size());
  for (Piece& piece : found) {
    if (piece.kind == Piece::Kind::kOpen) piece.end += first;
    program_.pieces.push_back(piece);
  }
  program_.templates.push_back({first, static_cast<std::uint32_t>(found.size())});
  return static_cast<std::uint32_t>(program_.templates.size() - 1);
}

bool Expression::pieces(std::vector<Piece>& out, int depth, bool inside) {
  if (depth > kExpressionDepthMax) return fail("nested too deeply");
  std::string text;
  auto flush = [&] {
    if (text.empty()) return;
    Piece piece;
    piece.text = program_.strings.keep(text);
    out.push_back(piece);
    text.clear();
  };
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ']' && inside) break;
    ++at_;
    if (c == '\\' && at_ < text_.size()) {
      text += text_[at_++];
    } else if (c == '{') {
      flush();
      Piece piece;
      piece.kind = Piece::Kind::kRef;
      const auto terms = alternatives("}");
      if (!terms) return false;
      piece.terms = *terms;
      if (!take("}")) return fail("expected \"}\"");
      out.push_back(piece);
    } else if (c == '[') {
      flush();
      const std::size_t open = out.size();
      out.push_back({});
      out[open].kind = Piece::Kind::kOpen;
      if (!pieces(out, depth + 1, true)) return false;
      if (here() != ']') return fail("the \"[\" is not closed");
      ++at_;
      out[open].end = static_cast<std::uint32_t>(out.size());
      Piece close;
      close.kind = Piece::Kind::kClose;
      out.push_back(close);
    } else if (c == '}' || c == ']') {
      --at_;
      return fail(fmt::format("\"{}\" closes nothing", c), "write \\ before it to mean the text");
    } else {
      text += c;
    }
  }
  flush();
  return true;
}

}  // namespace mapping
