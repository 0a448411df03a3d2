#pragma once
#include <core/result.hpp>
#include <hl7/message.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hl7 {

inline constexpr int kEditorComponentsMax = 1'000;   ///< components of a field, and their parts
inline constexpr int kEditorRepetitionsMax = 10'000;
inline constexpr int kEditorMissingMax = 100;   ///< segments set() may add before the one it names

/// Builds or changes a message; what is not touched keeps its bytes (segment ends become CR, blanks
/// around segments go). Paths as in Message::get ("PID-5.1", "OBX[2]-5[1]"); values are escaped on
/// the way in. A component path without a repetition means the first one. Not on the hot path.
class Editor {
 public:
  explicit Editor(Delimiters delimiters = {});    ///< empty message
  explicit Editor(const Message& message);

  /// Creates the segment (at the end), fields and components that are missing. kUsage: bad path,
  /// above a limit, MSH-1 or MSH-2 (the delimiters stand), or a level without a declared delimiter.
  core::Status set(std::string_view path, std::string_view value);
  /// Sets a whole field, repetition or component from already encoded text; kUsage also when it
  /// holds a line end.
  core::Status set_raw(std::string_view path, std::string_view encoded);
  /// Adds a segment at the end (`name` as in "OBX"). @return its occurrence number, or 0 when the
  /// name is no segment name or kSegmentsMax is reached.
  int add_segment(std::string_view name);
  core::Status remove_segment(std::string_view name, int occurrence);
  std::string text() const;   ///< CR after each segment

 private:
  core::Status put(std::string_view path, std::string_view encoded);
  std::string* find(std::string_view name, int occurrence);

  Delimiters delimiters_;
  std::string encoding_;                 ///< MSH-2
  std::vector<std::string> segments_;
};

}  // namespace hl7
