#pragma once
#include <identity/mpi_index.hpp>

#include <array>
#include <unordered_map>
#include <vector>

#include "block_table.hpp"
#include "features.hpp"
#include "string_pool.hpp"

namespace identity {

/// A face as it is kept: 76 bytes and four a blocking key.
struct StoredFace {
  std::uint64_t national_id = 0, phone = 0;
  std::array<std::uint32_t, kWords> words{};   ///< tokens; StringPool::kNone = missing
  std::uint32_t birth = 0, death = 0;
  std::uint32_t person = 0;
  std::uint32_t next_of_person = 0;            ///< kNone at the last; also the free list
  Sex sex = Sex::kUnknown;
  std::uint8_t suffix = 0;
  std::uint8_t flags = 0;                      ///< kDeceased...
};

struct StoredPerson {
  std::uint32_t id = 0;         ///< token in ids
  std::uint32_t faces = 0;      ///< first
  std::uint32_t numbers = 0;    ///< first of its numbers; kNone = none
};

struct StoredNumber {
  std::uint32_t authority = 0;  ///< token in authorities
  std::uint32_t value = 0;      ///< hash
  std::uint32_t next = 0;
};

struct MpiIndex::Impl {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint8_t kDeceased = 1, kNewborn = 2, kUnknownName = 4;

  explicit Impl(std::shared_ptr<const Model> of) : model(std::move(of)) {}

  std::shared_ptr<const Model> model;
  std::array<StringPool, kWords> pools;
  StringPool ids, authorities;
  std::vector<std::uint32_t> person_of_id;     ///< by token of ids; kNone = removed
  std::vector<StoredPerson> people;
  std::vector<StoredFace> faces;
  /// Blocking lists. A node is face * keys + key, so that a face may stand in one list twice.
  std::vector<std::uint32_t> next;
  std::vector<StoredNumber> numbers;
  std::uint32_t free_person = kNone, free_face = kNone, free_number = kNone;
  BlockTable blocks;
  std::size_t count = 0;
  std::uint64_t compared = 0;

  // Scratch of one search.
  struct Found {
    Comparison detail;
    GuardSet guards;
    std::uint32_t blocks = 0;
    bool compared = false;
  };
  std::vector<std::uint32_t> seen;             ///< by face: number of the search that met it
  std::uint32_t search_number = 0;

  Features features(const Face& face) const;
  Features features(const StoredFace& face) const;
  std::uint32_t add_face(const Face& face, std::uint32_t person);
  void drop_face(std::uint32_t face);
  void link(std::uint32_t face, const Features& features);
  void unlink(std::uint32_t face, const Features& features);
  void tally(const StoredFace& face, bool add);
  void put_numbers(StoredPerson& person, const std::vector<Person::Number>& list);
  bool same_authority(const StoredPerson& person, const Person& other) const;
  /// More persons bear this number than one person could be entered as.
  bool shared_id(std::uint64_t national_id) const;
  void erase(std::uint32_t person);
  /// Calls back with each face met once and the keys it was met by so far.
  void collect(const Features& arrival, std::vector<std::uint32_t>& out,
               std::unordered_map<std::uint32_t, std::uint32_t>& blocks_of);
};

}  // namespace identity
