// matches(): ICU's regular expressions, whose steps and stack can be bounded (libstdc++'s overflow
// on long numbers).
#include <unicode/regex.h>

#include "path_expr.hpp"

namespace fhir::path {
namespace {

/// In ICU's units of 10,000 steps, so that the answer does not hang on the machine.
constexpr std::int32_t kStepsMax = 200;
constexpr std::int32_t kStackBytesMax = 1 << 20;

icu::UnicodeString unicode(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
}

}  // namespace

struct Pattern {
  std::unique_ptr<const icu::RegexPattern> regex;
};

std::shared_ptr<const Pattern> compile_pattern(std::string_view pattern) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError place;
  // "Single line mode", FHIRPath 5.6.6: a dot is a line break too.
  std::unique_ptr<const icu::RegexPattern> regex(
      icu::RegexPattern::compile(unicode(pattern), UREGEX_DOTALL, place, status));
  return U_SUCCESS(status) ? std::make_shared<const Pattern>(Pattern{std::move(regex)}) : nullptr;
}

std::optional<bool> found_in(const Pattern& pattern, std::string_view subject) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString text = unicode(subject);
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern.regex->matcher(text, status));
  if (U_FAILURE(status)) return std::nullopt;
  matcher->setTimeLimit(kStepsMax, status);
  matcher->setStackLimit(kStackBytesMax, status);
  const bool found = matcher->find(status);
  return U_SUCCESS(status) ? std::optional(found) : std::nullopt;
}

}  // namespace fhir::path
