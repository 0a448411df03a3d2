#include <core/yaml_text.hpp>

namespace core::yaml {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) continue;
    out += c;
    if (c == '\'') out += '\'';
  }
  return out + "'";
}

}  // namespace core::yaml
