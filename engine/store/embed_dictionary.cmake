# cmake -DIN=<dictionary> -DOUT=<file.cpp> -P embed_dictionary.cmake
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){18})" "    \\1\n" bytes "${bytes}")
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[
#include "codec.hpp"

namespace store {
namespace {
constexpr unsigned char kBytes[] = {
@bytes@};
}  // namespace
std::string_view resource_dictionary() {
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}
}  // namespace store
]])
