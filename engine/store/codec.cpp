#include "codec.hpp"

#include <zstd.h>

#include <memory>

namespace store {
namespace {

constexpr int kLevel = 1;

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

bool pack(std::string_view raw, std::string& out) {
  out.clear();
  if (raw.size() < kPackBytesMin || raw.size() > kUnpackBytesMax) return false;
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeZstd> context(ZSTD_createCCtx());
  if (!context) return false;
  thread_local std::string scratch;
  scratch.resize(ZSTD_compressBound(raw.size()));
  const std::size_t size = ZSTD_compressCCtx(context.get(), scratch.data(), scratch.size(),
                                             raw.data(), raw.size(), kLevel);
  const bool smaller = !ZSTD_isError(size) && size < raw.size();
  if (smaller) out.assign(scratch, 0, size);
  // One huge message must not pin its memory to the thread.
  if (scratch.capacity() > (1u << 20)) std::string().swap(scratch);
  return smaller;
}

core::Result<std::string> unpack(std::string_view packed) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (!context || size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
      size > kUnpackBytesMax) {
    return core::fail(core::ErrorCode::kStoreCorrupt, "not a compressed text");
  }
  std::string out(static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), packed.data(),
                                              packed.size());
  if (ZSTD_isError(got) || got != out.size()) {
    return core::fail(core::ErrorCode::kStoreCorrupt, "compressed text is damaged");
  }
  return out;
}

}  // namespace store
