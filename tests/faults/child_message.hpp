#pragma once
#include <store/journal.hpp>

#include <string>

namespace faults {

/// The message of a number: the same wherever it is made, between 100 and 3,000 bytes.
inline store::Entry child_message(long number) {
  store::Entry entry;
  entry.feed = core::FeedName{"hospital"};
  entry.peer = "test";
  entry.sender = "A|B";
  entry.control_id = core::ControlId{"C" + std::to_string(number)};
  entry.type = "ADT^A01";
  entry.raw = "MSH|^~\\&|A|B|||20260101||ADT^A01|C" + std::to_string(number) + "|P|2.5\r";
  auto seed = static_cast<unsigned>(number) * 2654435761u + 1;
  for (const std::size_t bytes = 100 + seed % 2900; entry.raw.size() < bytes;) {
    seed = seed * 1664525u + 1013904223u;
    entry.raw += "Z|" + std::to_string(seed) + "\r";
  }
  entry.ack = "MSA|AA|C" + std::to_string(number) + "\r";
  entry.ack_positive = true;
  return entry;
}

}  // namespace faults
