#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace store {

/// Shorter texts are kept as they are: a zstd frame would hardly be smaller.
inline constexpr std::size_t kPackBytesMin = 256;
/// Nothing larger is unpacked: a damaged length must not make us allocate it.
inline constexpr std::size_t kUnpackBytesMax = 256u << 20;

/// zstd, level 1, contexts reused by each thread. Thread: any.
/// @return false, leaving `out` empty, when packing does not make it smaller.
bool pack(std::string_view raw, std::string& out);
/// kStoreCorrupt when it is no such frame.
core::Result<std::string> unpack(std::string_view packed);

}  // namespace store
