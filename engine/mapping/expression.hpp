#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "program.hpp"

namespace mapping {

/// Parses the small languages inside scalars: sources (`PID-3[^5=MR].1 | =x`), conditions
/// (`OBX-2 in (NM, SN) and count(OBX-5) <= 1`), concat templates (`[+{^5} ]{^7}`) and key rungs
/// (`$report / OBX-3.1 / #`). Recursive descent over the characters; results go into the pools of
/// the program. After a failure `error()` and `error_offset()` say what and where.
class Expression {
 public:
  /// `systems`: names usable after `@`.
  Expression(Program& program, const std::map<std::string, std::string, std::less<>>& systems,
             std::string_view text)
      : program_(program), systems_(systems), text_(text) {}

  std::optional<Range> source();
  std::optional<std::uint32_t> condition();
  std::optional<std::uint32_t> concat();
  std::optional<Rung> rung();

  const std::string& error() const { return error_; }
  const std::string& hint() const { return hint_; }
  std::size_t error_offset() const { return error_offset_; }

 private:
  std::optional<Range> alternatives(std::string_view stops);
  std::optional<Term> term(std::string_view stops);
  std::optional<Term> literal(std::string_view stops);
  std::optional<Term> reference();
  bool field_reference(Term& out);
  bool selector(Term& out);
  bool components(Term& out);
  std::optional<std::int16_t> number();

  using Part = std::optional<std::uint32_t> (Expression::*)();
  std::optional<std::uint32_t> joined(std::string_view word, Cond::Op op, Part part);
  std::optional<std::uint32_t> disjunction();
  std::optional<std::uint32_t> conjunction();
  std::optional<std::uint32_t> negation();
  std::optional<std::uint32_t> primary();
  std::optional<std::uint32_t> counting(Cond::Op op);
  std::optional<std::uint32_t> comparison();
  bool literal_list(Cond& out);
  bool right_side(Cond& out);
  std::optional<Literal> condition_literal();
  std::optional<Compare> comparator();
  std::optional<std::uint32_t> glob(std::string_view pattern);
  std::optional<std::string_view> quoted();
  bool pieces(std::vector<Piece>& out, int depth, bool inside);

  void skip();
  bool at_end();
  bool take(std::string_view token);
  bool take_word(std::string_view word);
  bool peek_word(std::string_view word) const;
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool fail(std::string what, std::string hint = {});
  std::uint32_t add(const Cond& cond);
  std::uint32_t add(Term term);

  Program& program_;
  const std::map<std::string, std::string, std::less<>>& systems_;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int filtering_ = 0;
  std::string error_, hint_;
  std::size_t error_offset_ = 0;
};

}  // namespace mapping
