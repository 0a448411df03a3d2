// lint_source ROOT: checks the git-tracked sources under engine/ and adapters/ (rules.hpp) and
// prints path:line: rule: what. Exit 0 clean, 1 findings, 2 usage.
#include "rules.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> tracked(const std::string& root) {
  std::vector<std::string> paths;
  const std::string command = "git -C '" + root + "' ls-files -- engine adapters";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return paths;
  std::string line;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    if (c != '\n') {
      line.push_back(static_cast<char>(c));
      continue;
    }
    if (line.ends_with(".cpp") || line.ends_with(".hpp")) paths.push_back(line);
    line.clear();
  }
  if (pclose(pipe) != 0) paths.clear();
  return paths;
}

void print(const lint::Finding& finding) {
  std::printf("%s:%zu: %s: %s\n", finding.path.c_str(), finding.line, finding.rule.c_str(),
              finding.what.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: lint_source ROOT\n");
    return 2;
  }
  const std::string root = argv[1];
  const std::string list = "tests/lint/exceptions.txt";
  lint::Exceptions exceptions = lint::read_exceptions(read_file(root + "/" + list), list);
  const auto paths = tracked(root);
  if (paths.empty()) {
    std::fprintf(stderr, "lint_source: no git-tracked sources under %s\n", root.c_str());
    return 2;
  }
  std::size_t findings = 0;
  for (const std::string& path : paths) {
    const std::string source = read_file(root + "/" + path);
    for (const lint::Finding& finding : lint::check_file(path, source)) {
      if (exceptions.covers(finding)) continue;
      print(finding);
      ++findings;
    }
  }
  for (const auto& row : exceptions.rows) {
    if (row.used) continue;
    exceptions.faults.push_back({"exception", list, 0, "no longer needed: " + row.rule + " " + row.path});
  }
  for (const lint::Finding& fault : exceptions.faults) print(fault);
  findings += exceptions.faults.size();
  std::printf("%zu files, %zu findings\n", paths.size(), findings);
  return findings == 0 ? 0 : 1;
}
