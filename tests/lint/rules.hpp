#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The habits of the project as checks on source text. Pure: text in, findings out.
namespace lint {

inline constexpr std::size_t kLineMax = 100;       ///< characters
inline constexpr std::size_t kFunctionMax = 70;    ///< lines, from signature to closing brace
inline constexpr std::size_t kFileMax = 600;       ///< lines

struct Finding {
  std::string rule;      ///< "line-length", "function-length", "file-length", "include", "layer",
                         ///< "await", "word"
  std::string path;      ///< from the repository's root
  std::size_t line = 0;  ///< 1-based; 0 for the whole file
  std::string what;
};

/// Same length and lines as `source`, with comments, strings and character literals blanked, so
/// that what is left is code. `#include` lines keep their text.
std::string code_only(std::string_view source);

/// All findings of one source file under engine/ or adapters/.
std::vector<Finding> check_file(const std::string& path, std::string_view source);

/// "rule path reason..." a line; # starts a comment. A path may end in :function for
/// function-length. An exception without a reason is a finding itself.
struct Exceptions {
  struct Row {
    std::string rule, path;
    bool used = false;
  };
  std::vector<Row> rows;
  std::vector<Finding> faults;
  bool covers(const Finding& finding);
};
Exceptions read_exceptions(std::string_view text, const std::string& path);

}  // namespace lint
