// Batch splitting: the messages are disjoint views, in order, each starting with MSH.
#include "check.hpp"

#include <hl7/batch.hpp>
#include <hl7/message.hpp>

#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto batch = hl7::split_batch(text);
  if (!batch) return 0;
  const char* after = text.data();
  for (const std::string_view each : batch->messages) {
    check(each.data() >= after && each.data() + each.size() <= text.data() + size, "order");
    check(each.size() >= 4 && (each[0] == 'M' || each[0] == 'm'), "starts with MSH");
    after = each.data() + each.size();
    const auto m = hl7::Message::parse(std::string(each));
    check(!m || m->text() == each, "text() is what was given");
  }
  check(!batch->messages.empty() || batch->is_batch, "something was found");
  return 0;
}
