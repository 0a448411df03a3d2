#pragma once
#include <string>
#include <string_view>

namespace core::yaml {

/// A scalar that stays the text it is: in single quotes, without control characters.
std::string quoted(std::string_view text);

}  // namespace core::yaml
