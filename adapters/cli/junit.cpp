#include "junit.hpp"

#include <core/markup.hpp>

#include <map>
#include <string_view>

#include <fmt/format.h>

namespace cli {
namespace {

/// A line end in an attribute would be read as a blank.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : core::escape_markup(text)) {
    if (c == '\n') {
      out += "&#10;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string junit_xml(const std::vector<JunitCase>& cases) {
  std::map<std::string, std::vector<const JunitCase*>> suites;
  std::size_t failed = 0;
  for (const JunitCase& one : cases) {
    suites[one.suite].push_back(&one);
    failed += !one.passed;
  }
  std::string out = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                "<testsuites name=\"chartwire\" tests=\"{}\" failures=\"{}\">\n",
                                cases.size(), failed);
  for (const auto& [name, members] : suites) {
    std::size_t wrong = 0;
    for (const JunitCase* one : members) wrong += !one->passed;
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", escaped(name),
                       members.size(), wrong);
    for (const JunitCase* one : members) {
      out += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", escaped(name),
                         escaped(one->name));
      if (one->passed) {
        out += "/>\n";
      } else {
        out += fmt::format("><failure message=\"differs\">{}</failure></testcase>\n",
                           escaped(one->difference));
      }
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace cli
