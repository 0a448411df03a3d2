#pragma once
#include <core/result.hpp>
#include <hl7/message.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hl7 {

/// Builds or changes a message; what is not touched keeps its bytes. Paths as in Message::get
/// ("PID-5.1", "OBX[2]-5[1]"); values are escaped on the way in. Not on the hot path.
class Editor {
 public:
  explicit Editor(Delimiters delimiters = {});    ///< empty message
  explicit Editor(const Message& message);

  /// Creates the segment (at the end), fields and components that are missing. kUsage: bad path.
  core::Status set(std::string_view path, std::string_view value);
  /// Sets a whole field, repetition or component from already encoded text.
  core::Status set_raw(std::string_view path, std::string_view encoded);
  /// Adds a segment at the end. @return its occurrence number.
  int add_segment(std::string_view name);
  core::Status remove_segment(std::string_view name, int occurrence);
  std::string text() const;   ///< CR after each segment

 private:
  Delimiters delimiters_;
  std::vector<std::string> segments_;
};

}  // namespace hl7
