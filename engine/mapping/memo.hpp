#pragma once
#include <fhir/node.hpp>
#include <mapping/mapper.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"

namespace mapping {

// Limits of one memo; at either a new one is begun and the one before is still looked into.
inline constexpr std::size_t kMemoEntriesMax = 6'000;
inline constexpr std::size_t kMemoBytesMax = 3u << 20;
inline constexpr std::size_t kMemoValueMax = 240;   ///< longer values seldom come again
inline constexpr std::size_t kContextsMax = 64;
// Of one resource; with more it is not kept.
inline constexpr std::size_t kReadsMax = 16, kLinksMax = 16, kKeyTextMax = 500;

/// Makers after the rules and maps: a qualified key of each KeyKind, nested or not, and the
/// authority that one begins with.
inline constexpr std::size_t kAuthorityMaker =
    (static_cast<std::size_t>(KeyKind::kEiAuthority) + 1) * 2;
inline constexpr std::size_t kKeyMakers = kAuthorityMaker + 1;

/// Numbers of all makers in a Recall: of one value (rules, maps, keys), of all that they read (maps
/// of segments and of linked resources), and of shapes.
struct Makers {
  std::uint32_t maps = 0, keys = 0, roots = 0, linked = 0, shapes = 0, end = 0;
  explicit Makers(const Program& p)
      : maps(static_cast<std::uint32_t>(p.rules.size())),
        keys(maps + static_cast<std::uint32_t>(p.maps.size())),
        roots(keys + static_cast<std::uint32_t>(kKeyMakers)),
        linked(roots + static_cast<std::uint32_t>(p.maps.size())),
        shapes(linked + static_cast<std::uint32_t>(p.maps.size())),
        end(shapes + static_cast<std::uint32_t>(p.maps.size())) {}
};

/// What a result is of: the maker (a rule, a map, a kind of key) and all that it read.
struct MemoKey {
  std::uint32_t maker = 0;
  std::uint16_t context = 0;   ///< Recall::State::contexts
  std::uint8_t aspect = 0;     ///< level of the value, and how it was asked for
  std::string_view value;
  std::uint64_t hash() const;
};

/// A linked resource that was made on the way: of which piece of which field, and its number.
struct LinkMade {
  std::uint32_t map = 0;
  std::int32_t draft = -1;
  std::uint16_t offset = 0, size = 0;      ///< in the field
  std::uint8_t read = 0;                   ///< index in Reads; kOfValue: in the current value
  std::uint8_t level = 0, key = 0;
  bool whole_text = false;
  std::int16_t repetition = 0, component = 0, subcomponent = 0;
  static constexpr std::uint8_t kOfValue = 0xff;
};

/// Results by what they are of: see Mapper::Impl::once() and Mapper::Impl::look().
class Memo {
 public:
  struct Entry {
    std::uint64_t hash = 0;
    std::string_view value;            ///< in nodes_
    const fhir::Node* node = nullptr;  ///< nullptr: nothing is made of this value
    std::uint32_t maker = 0;
    std::uint32_t links = 0;           ///< the first
    std::uint16_t context = 0, link_count = 0;
    std::uint8_t aspect = 0;
    bool used = false;
  };
  /// nullptr when nothing is kept. Good until the next keep(), its nodes as long as the memo.
  const Entry* find(std::uint64_t hash, const MemoKey& key) const;
  /// nullptr when the memo is full.
  const Entry* keep(std::uint64_t hash, const MemoKey& key, const fhir::Node* node,
                    std::span<const LinkMade> links = {});
  std::span<const LinkMade> links(const Entry& entry) const {
    return {links_.data() + entry.links, entry.link_count};
  }
  bool full() const;

 private:
  void grow();
  std::vector<Entry> slots_ = std::vector<Entry>(256);   ///< open addressing, half empty at least
  std::size_t count_ = 0;
  std::vector<LinkMade> links_;
  fhir::Document nodes_;
};

/// Something outside its value that a resource was made of.
struct Read {
  enum class Kind : std::uint8_t { kField, kEnv, kResource, kDrafts };
  Kind kind = Kind::kField;
  std::uint16_t name = 0;              ///< segment, %name or resource
  std::int16_t field = 0;
  bool operator==(const Read&) const = default;
};

/// All that a map has been seen to read, in the order of its discovery; never shrinks.
struct Reads {
  std::array<Read, kReadsMax> all{};
  std::uint8_t count = 0;
  bool add(const Read& read);          ///< false: there is no room
};

class ShapeBook;
struct ShapeSpec;

struct Recall::State {
  std::shared_ptr<const MappingSet> set;
  std::string name_space, zone;        ///< of the environment the results are for
  std::map<std::string, std::string, std::less<>> authorities, values;
  std::shared_ptr<Memo> memo, before;  ///< being filled, and the one that was full
  std::shared_ptr<ShapeBook> book;
  std::shared_ptr<const void> both;    ///< holds memo, before and book: for outputs
  std::vector<std::string> contexts;
  std::uint16_t context = 0;           ///< of the message being mapped
  std::uint64_t message = 0;           ///< its number; another one when resources are taken back

  // A hospital has hundreds of beds and physicians: a maker is given that long to come back to one.
  // After that it rests where fewer than one in three did.
  static constexpr std::uint16_t kScoreFirst = 600, kScoreAgain = 60, kScoreMost = 600, kHit = 2;
  static constexpr std::uint16_t kRest = 1'500;   ///< calls
  /// Whole resources of a segment come again soon or never; shapes stand in for them.
  static constexpr std::uint16_t kScoreOfRoots = 40;
  /// How keeping a maker's results has paid.
  struct Use {
    std::uint16_t score = kScoreFirst;
    std::uint16_t rest = 0;
    bool never = false;                ///< it has used more than can be known beforehand
  };
  std::vector<Use> uses;               ///< by maker
  std::vector<std::uint32_t> reads_of; ///< by maker that knows its reads: index in reads + 1
  std::vector<std::unique_ptr<Reads>> reads;   ///< stay where they are
  std::vector<std::unique_ptr<ShapeSpec>> specs;   ///< by map
  std::vector<bool> no_hole;           ///< by rule: others look into what it gives

  struct Found {
    const Memo* memo = nullptr;
    const Memo::Entry* entry = nullptr;
    explicit operator bool() const { return entry != nullptr; }
  };

  /// Forgets what was made by another set or for another environment. `context`: whatever else of
  /// the message results may depend on.
  void start(const std::shared_ptr<const MappingSet>& now, const Environment& environment,
             std::string_view message_context, const Makers& makers);
  /// Whether to look for, and keep, results of that maker.
  bool worth(std::uint32_t maker);
  /// Whether a question to that maker was answered.
  void paid(std::uint32_t maker, bool found);
  ShapeSpec& spec_of(std::uint32_t map);
  State();
  ~State();
  Found find(std::uint64_t hash, const MemoKey& key);
  /// Whether that hash was asked for before, not long ago: what comes once is not kept.
  bool again(std::uint64_t hash);
  Reads& reads_by(std::uint32_t reader);

 private:
  void turn_over();
  void hold();
  static constexpr std::size_t kAskedMax = 4'096;   ///< a power of two
  std::vector<std::uint64_t> asked_ = std::vector<std::uint64_t>(kAskedMax);   ///< hashes
};

}  // namespace mapping
