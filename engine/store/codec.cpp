#include "codec.hpp"

#include <zstd.h>

#include <memory>

namespace store {
namespace {

constexpr int kLevel = 1;

struct FreeZstd {
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

/// @param compress called with context, room and its size; its answer is zstd's
template <class Compress>
bool pack_with(std::string_view raw, std::string& out, const Compress& compress) {
  if (raw.size() > kUnpackBytesMax) return false;
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeZstd> context(ZSTD_createCCtx());
  if (!context) return false;
  thread_local std::string scratch;
  scratch.resize(ZSTD_compressBound(raw.size()));
  const std::size_t size = compress(context.get(), scratch.data(), scratch.size());
  const bool smaller = !ZSTD_isError(size) && size < raw.size();
  if (smaller) out.assign(scratch, 0, size);
  // One huge message must not pin its memory to the thread.
  if (scratch.capacity() > (1u << 20)) std::string().swap(scratch);
  return smaller;
}

const ZSTD_CDict* packing_dictionary() {
  static const std::unique_ptr<ZSTD_CDict, FreeZstd> dictionary(ZSTD_createCDict(
      resource_dictionary().data(), resource_dictionary().size(), kLevel));
  return dictionary.get();
}

const ZSTD_DDict* unpacking_dictionary() {
  static const std::unique_ptr<ZSTD_DDict, FreeZstd> dictionary(
      ZSTD_createDDict(resource_dictionary().data(), resource_dictionary().size()));
  return dictionary.get();
}

}  // namespace

bool pack(std::string_view raw, std::string& out) {
  out.clear();
  if (raw.size() < kPackMessageBytesMin) return false;
  return pack_with(raw, out, [&](ZSTD_CCtx* context, char* to, std::size_t room) {
    return ZSTD_compressCCtx(context, to, room, raw.data(), raw.size(), kLevel);
  });
}

bool pack_resource(std::string_view raw, std::string& out) {
  out.clear();
  if (raw.size() < kPackBytesMin) return false;
  if (packing_dictionary() == nullptr) return pack(raw, out);
  return pack_with(raw, out, [&](ZSTD_CCtx* context, char* to, std::size_t room) {
    return ZSTD_compress_usingCDict(context, to, room, raw.data(), raw.size(),
                                    packing_dictionary());
  });
}

core::Result<std::string> unpack(std::string_view packed) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (!context || size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
      size > kUnpackBytesMax) {
    return core::fail(core::ErrorCode::kStoreCorrupt, "not a compressed text");
  }
  const unsigned number = ZSTD_getDictID_fromFrame(packed.data(), packed.size());
  const ZSTD_DDict* dictionary = number == 0 ? nullptr : unpacking_dictionary();
  if (number != 0 && (!dictionary || ZSTD_getDictID_fromDDict(dictionary) != number)) {
    return core::fail(core::ErrorCode::kStoreCorrupt, "compressed with an unknown dictionary");
  }
  std::string out(static_cast<std::size_t>(size), '\0');
  const std::size_t got =
      ZSTD_decompress_usingDDict(context.get(), out.data(), out.size(), packed.data(),
                                 packed.size(), dictionary);
  if (ZSTD_isError(got) || got != out.size()) {
    return core::fail(core::ErrorCode::kStoreCorrupt, "compressed text is damaged");
  }
  return out;
}

}  // namespace store
