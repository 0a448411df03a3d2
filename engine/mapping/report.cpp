#include "report.hpp"

#include <core/text.hpp>

#include <algorithm>
#include <fmt/format.h>

namespace mapping {

std::string Diagnostic::render() const {
  std::string out = fmt::format("{}:{}:{}: {}: {}", file, line, column,
                                severity == Severity::kError ? "error" : "warning", text);
  if (!hint.empty()) out += "; " + hint;
  return out;
}

void Report::error(const Spot& spot, std::string text, std::string hint) {
  ++errors_;
  add(Diagnostic::Severity::kError, spot, std::move(text), std::move(hint));
}

void Report::warning(const Spot& spot, std::string text, std::string hint) {
  add(Diagnostic::Severity::kWarning, spot, std::move(text), std::move(hint));
}

void Report::add(Diagnostic::Severity severity, const Spot& spot, std::string text,
                 std::string hint) {
  if (out_.size() >= kDiagnosticsMax) return;
  Diagnostic found;
  found.severity = severity;
  if (spot.file) found.file = *spot.file;
  found.line = spot.place.line;
  found.column = spot.place.column;
  found.text = std::move(text);
  found.hint = std::move(hint);
  const bool known = std::any_of(out_.begin(), out_.end(), [&](const Diagnostic& d) {
    return d.line == found.line && d.column == found.column && d.text == found.text &&
           d.file == found.file;
  });
  if (!known) out_.push_back(std::move(found));
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view near = core::nearest(word, candidates);
  return near.empty() ? std::string() : fmt::format("did you mean \"{}\"?", near);
}

}  // namespace mapping
