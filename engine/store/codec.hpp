#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace store {

/// Shorter resources are kept as they are: a zstd frame would hardly be smaller.
inline constexpr std::size_t kPackBytesMin = 256;
/// Shorter messages too: packing one would cost the thread that answers senders more than all else
/// it does for a message.
inline constexpr std::size_t kPackMessageBytesMin = 2048;
/// Nothing larger is unpacked: a damaged length must not make us allocate it.
inline constexpr std::size_t kUnpackBytesMax = 256u << 20;

/// Messages, with zstd, level 1, contexts reused by each thread. Thread: any.
/// @return false, leaving `out` empty, when it is short or packing does not make it smaller.
bool pack(std::string_view raw, std::string& out);
/// Resources, with their dictionary (schemas/store/resource-1.zdict): what FHIR resources
/// have in common is not stored again in each, a third of the bytes in a third of the time.
bool pack_resource(std::string_view raw, std::string& out);
/// Either kind; the frame names its dictionary. kStoreCorrupt when it is no such frame.
core::Result<std::string> unpack(std::string_view packed);

/// The embedded dictionary. Once released it never changes: a better one gets another number, and
/// the old one stays for what was written with it.
std::string_view resource_dictionary();

}  // namespace store
