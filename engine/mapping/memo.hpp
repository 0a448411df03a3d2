#pragma once
#include <fhir/node.hpp>
#include <mapping/mapper.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mapping {

// Limits of one memo; at either a new one is begun.
inline constexpr std::size_t kMemoEntriesMax = 8'192;
inline constexpr std::size_t kMemoBytesMax = 4u << 20;
inline constexpr std::size_t kMemoValueMax = 240;   ///< longer values seldom come again

/// Results by maker (a rule, a map, a kind of key) and value: see Mapper::Impl::once().
class Memo {
 public:
  struct Entry {
    std::uint64_t hash = 0;
    std::string_view value;            ///< in nodes_
    const fhir::Node* node = nullptr;  ///< nullptr: nothing is made of this value
    std::uint32_t maker = 0;
    std::uint8_t aspect = 0;           ///< level of the value, and how it was asked for
    bool used = false;
  };
  static std::uint64_t hash(std::uint32_t maker, std::uint8_t aspect, std::string_view value);
  /// nullptr when nothing is kept. Good until the next keep(), its node as long as the memo.
  const Entry* find(std::uint64_t hash, std::uint32_t maker, std::uint8_t aspect,
                    std::string_view value) const;
  void keep(std::uint64_t hash, std::uint32_t maker, std::uint8_t aspect, std::string_view value,
            const fhir::Node* node);
  bool full() const;

 private:
  void grow();
  std::vector<Entry> slots_ = std::vector<Entry>(256);   ///< open addressing, half empty at least
  std::size_t count_ = 0;
  fhir::Document nodes_;
};

struct Recall::State {
  std::shared_ptr<const MappingSet> set;
  std::string name_space;              ///< of the environment the results are for
  std::map<std::string, std::string, std::less<>> authorities, values;
  std::shared_ptr<Memo> memo;
  std::vector<bool> never_same;        ///< by maker: it has used more than its value

  /// Forgets what was made by another set or for another environment.
  void start(const std::shared_ptr<const MappingSet>& now, const Environment& environment,
             std::size_t makers);
};

}  // namespace mapping
