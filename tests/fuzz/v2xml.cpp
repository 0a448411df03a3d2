// v2.xml to ER7; what is accepted must be a message, and must survive a way there and back.
#include "check.hpp"

#include <hl7/xml.hpp>

#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto er7 = hl7::xml_to_er7({reinterpret_cast<const char*>(data), size});
  if (!er7) {
    check(er7.error().code != core::ErrorCode::kInternal, "refused with a reason");
    return 0;
  }
  const auto m = hl7::Message::parse(*er7);
  // A value may begin or end with blanks or repeat MSH, which ER7 has its own rules for.
  if (!m) return 0;
  hl7::XmlNames names{.root = "ADT_A01"};
  names.field_type = [](std::string_view, int field) { return field % 2 == 0 ? "CX" : "ST"; };
  names.component_type = [](std::string_view, int n) { return n % 2 == 0 ? "HD" : ""; };
  const auto again = hl7::xml_to_er7(hl7::to_xml(*m, names));
  check(again.has_value(), "what we write we can read");
  return 0;
}
