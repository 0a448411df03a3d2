#pragma once
#include <string>
#include <string_view>

namespace core {

/// Text for HTML and XML 1.0, as content and within quotes of either kind. What XML cannot hold at
/// all becomes a blank; line ends and tabs stay.
std::string escape_markup(std::string_view text);

}  // namespace core
