#include "rules.hpp"

#include "functions.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <sstream>

namespace lint {

namespace {

/// The layer table of DESIGN.md section 4: a module may use what has a smaller number.
struct Module {
  std::string_view name;
  int layer;
  int order;
};
constexpr auto kModules = std::to_array<Module>({
    {"core", 0, 0},
    {"hl7", 1, 0}, {"fhir", 1, 1}, {"schema", 1, 2}, {"net", 1, 3},
    {"mapping", 2, 0}, {"store", 2, 1},
    {"identity", 3, 0}, {"him", 3, 1},
    {"pipeline", 4, 0},
    {"mllp", 5, 0}, {"hl7http", 5, 1}, {"folder", 5, 2}, {"fhirapi", 5, 3}, {"admin", 5, 4},
    {"console", 5, 5}, {"metrics", 5, 6}, {"outbound", 5, 7},
    {"cli", 6, 0},
});

const Module* find_module(std::string_view name) {
  const auto* at = std::find_if(kModules.begin(), kModules.end(),
                                [name](const Module& m) { return m.name == name; });
  return at == kModules.end() ? nullptr : at;
}

/// "engine/hl7/include/..." -> "hl7"
std::string_view module_of(std::string_view path) {
  const std::size_t first = path.find('/');
  if (first == std::string_view::npos) return {};
  const std::string_view rest = path.substr(first + 1);
  return rest.substr(0, rest.find('/'));
}

/// Who may include a system header.
struct Owner {
  std::string_view prefix;
  std::vector<std::string_view> modules;
  bool adapters = false;   ///< any adapter as well
};
const std::vector<Owner>& owners() {
  static const std::vector<Owner> table = {
      {"sqlite3", {"store"}},
      {"libpq", {"store"}},
      {"postgresql/", {"store"}},
      {"yaml-cpp/", {"core"}},
      {"pugi", {"hl7", "fhir"}},
      {"rapidjson/", {"fhir"}, true},
      {"boost/beast", {"net"}},
      {"boost/asio/ssl", {"net"}},
      {"openssl/", {"net", "core"}},
      {"boost/asio", {"pipeline"}, true},
      {"unicode/", {"core", "fhir", "hl7", "identity"}},
  };
  return table;
}

class FileChecker {
 public:
  FileChecker(const std::string& path, std::string_view source)
      : path_(path), source_(source), code_(code_only(source)), header_(path.ends_with(".hpp")),
        adapter_(path.starts_with("adapters/")) {}

  std::vector<Finding> run() {
    lines();
    for (const Function& f : find_functions(code_)) {
      const std::size_t length = f.last_line - f.first_line + 1;
      if (f.last_line >= f.first_line && length > kFunctionMax) {
        add("function-length", f.first_line, f.name + " has " + std::to_string(length) + " lines");
      }
    }
    awaits();
    return std::move(findings_);
  }

 private:
  void add(std::string rule, std::size_t line, std::string what) {
    findings_.push_back({std::move(rule), path_, line, std::move(what)});
  }

  void lines() {
    std::istringstream in{std::string(source_)};
    std::string line;
    std::size_t number = 0;
    while (std::getline(in, line)) {
      ++number;
      const auto characters = static_cast<std::size_t>(
          std::count_if(line.begin(), line.end(),
                        [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
      if (characters > kLineMax) {
        add("line-length", number, std::to_string(characters) + " characters");
      }
      for (const char* word : {"TODO", "FIXME"}) {
        if (line.find(word) != std::string::npos) add("word", number, word);
      }
      if (line.starts_with("#include")) include(line, number);
    }
    if (number > kFileMax) add("file-length", 0, std::to_string(number) + " lines");
  }

  void include(std::string_view line, std::size_t number) {
    const std::size_t open = line.find_first_of("<\"");
    const std::size_t close = line.find_first_of(">\"", open == line.npos ? open : open + 1);
    if (close == line.npos) return;
    const std::string_view target = line.substr(open + 1, close - open - 1);
    if (target.find("..") != target.npos) add("include", number, "a path that climbs");
    if (header_ && (target == "regex" || target == "iostream")) {
      add("include", number, "<" + std::string(target) + "> in a header");
    }
    const std::string_view own = module_of(path_);
    for (const Owner& owner : owners()) {
      if (!target.starts_with(owner.prefix)) continue;
      const bool listed = std::find(owner.modules.begin(), owner.modules.end(), own) !=
                          owner.modules.end();
      if (!listed && !(owner.adapters && adapter_)) {
        add("include", number, std::string(target) + " does not belong to " + std::string(own));
      }
      if (owner.prefix == "boost/asio" && header_ && !adapter_) {
        add("include", number, "Asio in an engine header");
      }
      break;   // the first row that matches is the most precise
    }
    layer(target, own, number);
  }

  void layer(std::string_view target, std::string_view own, std::size_t number) {
    const Module* used = find_module(target.substr(0, target.find('/')));
    if (used == nullptr || target.find('/') == target.npos || used->name == own) return;
    const Module* mine = find_module(own);
    if (mine == nullptr) {
      add("layer", number, "module " + std::string(own) + " is not in the layer table");
    } else if (used->layer > mine->layer ||
               (used->layer == mine->layer && used->order > mine->order)) {
      add("layer", number, std::string(own) + " may not use " + std::string(used->name));
    }
  }

  static bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
  std::size_t line_at(std::size_t offset) const {
    return 1 + static_cast<std::size_t>(std::count(
                   code_.begin(), code_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
  }

  void awaits() {
    if (code_.find("co_await") == std::string::npos) return;
    for (const std::string_view keyword : {"if", "while", "switch"}) conditions(keyword);
    for (std::size_t at = code_.find('?'); at != std::string::npos; at = code_.find('?', at + 1)) {
      if (conditional(at).find("co_await") != std::string_view::npos) {
        add("await", line_at(at), "co_await within ?:");
      }
    }
  }

  void conditions(std::string_view keyword) {
    for (std::size_t at = code_.find(keyword); at != std::string::npos;
         at = code_.find(keyword, at + 1)) {
      if (at > 0 && word(code_[at - 1])) continue;
      std::size_t open = at + keyword.size();
      if (word(code_[open])) continue;
      open = code_.find_first_not_of(" \n", open);
      if (open == std::string::npos || code_[open] != '(') continue;
      std::size_t close = open;
      for (int depth = 0; close < code_.size(); ++close) {
        if (code_[close] == '(') ++depth;
        if (code_[close] == ')' && --depth == 0) break;
      }
      if (std::string_view(code_).substr(open, close - open).find("co_await") != std::string::npos) {
        add("await", line_at(at), "co_await in the condition of " + std::string(keyword));
      }
    }
  }

  /// The expression around a ?, as far as it belongs to it.
  std::string_view conditional(std::size_t at) const {
    const auto edge = [this](std::size_t from, int step, char enter, char leave) {
      int depth = 0;
      std::size_t i = from;
      for (; i > 0 && i < code_.size(); i = static_cast<std::size_t>(static_cast<long>(i) + step)) {
        const char c = code_[i];
        if (c == enter || (step < 0 ? c == ']' : c == '[')) ++depth;
        if ((c == leave || (step < 0 ? c == '[' : c == ']')) && --depth < 0) break;
        if (depth == 0 && (c == ';' || c == '{' || c == '}' || c == ',')) break;
        if (depth == 0 && c == '=' && code_[i - 1] != '=' && code_[i - 1] != '!' &&
            code_[i - 1] != '<' && code_[i - 1] != '>' && code_[i + 1] != '=') {
          break;
        }
      }
      return i;
    };
    const std::size_t begin = edge(at - 1, -1, ')', '(');
    const std::size_t end = edge(at + 1, 1, '(', ')');
    return std::string_view(code_).substr(begin, end - begin);
  }

  std::string path_;
  std::string_view source_;
  std::string code_;
  bool header_;
  bool adapter_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_file(const std::string& path, std::string_view source) {
  return FileChecker(path, source).run();
}

bool Exceptions::covers(const Finding& finding) {
  for (Row& row : rows) {
    const std::string function = finding.path + ":" + finding.what.substr(0, finding.what.find(' '));
    if (row.rule != finding.rule || (row.path != finding.path && row.path != function)) continue;
    row.used = true;
    return true;
  }
  return false;
}

Exceptions read_exceptions(std::string_view text, const std::string& path) {
  Exceptions exceptions;
  std::istringstream in{std::string(text)};
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    Exceptions::Row row;
    std::string reason;
    if (!(words >> row.rule) || row.rule.starts_with('#')) continue;
    if (words >> row.path >> reason) {
      exceptions.rows.push_back(row);
    } else {
      exceptions.faults.push_back({"exception", path, number, "needs rule, path and reason"});
    }
  }
  return exceptions;
}

}  // namespace lint
