#include "memo.hpp"
#include "shape.hpp"

#include <algorithm>
#include <cstring>

namespace mapping {

namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Word>
std::uint64_t word_at(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

/// A multiplication for eight bytes: values are short, and a memo is small enough that senders who
/// look for collisions gain nothing.
std::uint64_t MemoKey::hash() const {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ull, kOther = 0xD6E8FEB86659FD93ull;
  const char* at = value.data();
  const std::size_t size = value.size();
  std::uint64_t out = fold((std::uint64_t{maker} << 32 | std::uint64_t{context} << 8 | aspect) ^
                               kOdd, size + kOther);
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      out = fold(out ^ word_at<std::uint64_t>(at + i), kOdd);
    }
    return fold(out ^ word_at<std::uint64_t>(at + size - 8), kOther);
  }
  std::uint64_t last = 0;
  if (size >= 4) {
    last = word_at<std::uint32_t>(at) << 32 | word_at<std::uint32_t>(at + size - 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) last = last << 8 | static_cast<unsigned char>(at[i]);
  }
  return fold(out ^ last, kOther);
}

const Memo::Entry* Memo::find(std::uint64_t hash, const MemoKey& key) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].used; at = (at + 1) & mask) {
    const Entry& entry = slots_[at];
    if (entry.hash == hash && entry.maker == key.maker && entry.aspect == key.aspect &&
        entry.context == key.context && entry.value == key.value) {
      return &entry;
    }
  }
  return nullptr;
}

const Memo::Entry* Memo::keep(std::uint64_t hash, const MemoKey& key, const fhir::Node* node,
                              std::span<const LinkMade> links) {
  if (count_ >= kMemoEntriesMax) return nullptr;
  if (count_ * 2 >= slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].used) at = (at + 1) & mask;
  Entry& entry = slots_[at];
  entry.hash = hash;
  entry.value = nodes_.keep(key.value);
  entry.node = nodes_.share(node);
  entry.maker = key.maker;
  entry.context = key.context;
  entry.aspect = key.aspect;
  entry.links = static_cast<std::uint32_t>(links_.size());
  entry.link_count = static_cast<std::uint16_t>(links.size());
  links_.insert(links_.end(), links.begin(), links.end());
  entry.used = true;
  ++count_;
  return &entry;
}

void Memo::grow() {
  std::vector<Entry> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Entry& entry : old) {
    if (!entry.used) continue;
    std::size_t at = entry.hash & mask;
    while (slots_[at].used) at = (at + 1) & mask;
    slots_[at] = entry;
  }
}

bool Memo::full() const {
  return count_ >= kMemoEntriesMax || nodes_.bytes_used() > kMemoBytesMax;
}

bool Reads::add(const Read& read) {
  if (std::find(all.begin(), all.begin() + count, read) != all.begin() + count) return true;
  if (count == all.size()) return false;
  all[count++] = read;
  return true;
}

/// Outputs that share nodes with a memo hold on to it.
void Recall::State::turn_over() {
  before = std::move(memo);
  memo = std::make_shared<Memo>();
}

void Recall::State::hold() {
  struct Both {
    std::shared_ptr<const MappingSet> set;   // whose texts are the names of members
    std::shared_ptr<const Memo> one, other;
    std::shared_ptr<const ShapeBook> book;
  };
  both = std::make_shared<const Both>(Both{set, memo, before, book});
}

Recall::State::State() = default;
Recall::State::~State() = default;

ShapeSpec& Recall::State::spec_of(std::uint32_t map) {
  if (map >= specs.size()) specs.resize(map + 1);
  if (!specs[map]) specs[map] = std::make_unique<ShapeSpec>();
  return *specs[map];
}

void Recall::State::paid(std::uint32_t maker, bool found) {
  Use& use = uses[maker];
  if (found) {
    use.score = static_cast<std::uint16_t>(std::min(use.score + kHit, int{kScoreMost}));
  } else if (use.score != 0) {
    --use.score;
  }
}

void Recall::State::start(const std::shared_ptr<const MappingSet>& now,
                          const Environment& environment, std::string_view message_context,
                          const Makers& makers) {
  ++message;
  const bool same = set == now && name_space == environment.name_space &&
                    zone == environment.zone.name() && authorities == environment.authorities &&
                    values == environment.values;
  if (!same) {
    set = now;
    name_space = environment.name_space;
    zone = environment.zone.name();
    authorities = environment.authorities;
    values = environment.values;
    uses.assign(makers.end, {});
    for (std::uint32_t root = makers.roots; root < makers.linked; ++root) {
      uses[root].score = kScoreOfRoots;
    }
    reads_of.assign(makers.shapes - makers.roots, 0);
    reads.clear();
    specs.clear();
    no_hole.assign(makers.maps, false);
  }
  const bool known = !contexts.empty() && context < contexts.size() &&
                     contexts[context] == message_context;
  const bool crowded = contexts.size() >= kContextsMax;
  if (!known) {
    auto at = std::find(contexts.begin(), contexts.end(), message_context);
    if (at == contexts.end()) {
      if (crowded) contexts.clear();
      at = contexts.insert(contexts.end(), std::string(message_context));
    }
    context = static_cast<std::uint16_t>(at - contexts.begin());
  }
  if (!same || (crowded && contexts.size() == 1)) {
    memo.reset();
    book.reset();   // its keys hold numbers of contexts
  }
  const bool turn = !memo || memo->full(), anew = !book || book->full();
  if (turn) turn_over();
  if (anew) book = std::make_shared<ShapeBook>();
  if (turn || anew) hold();
}

bool Recall::State::worth(std::uint32_t maker) {
  Use& use = uses[maker];
  if (use.never) return false;
  if (use.score != 0) return true;
  if (++use.rest < kRest) return false;
  use.rest = 0;
  use.score = kScoreAgain;
  return true;
}

Recall::State::Found Recall::State::find(std::uint64_t hash, const MemoKey& key) {
  Found found{memo.get(), memo->find(hash, key)};
  if (!found && before) {
    found = {before.get(), before->find(hash, key)};
    if (found) {
      // What is still asked for outlives the memo it is in.
      const Memo::Entry& old = *found.entry;
      if (const Memo::Entry* moved = memo->keep(hash, key, old.node, before->links(old))) {
        found = {memo.get(), moved};
      }
    }
  }
  paid(key.maker, static_cast<bool>(found));
  return found;
}

bool Recall::State::again(std::uint64_t hash) {
  std::uint64_t& last = asked_[hash & (kAskedMax - 1)];
  if (last == hash) return true;
  last = hash;
  return false;
}

Reads& Recall::State::reads_by(std::uint32_t reader) {
  std::uint32_t& at = reads_of[reader];
  if (at == 0) {
    reads.push_back(std::make_unique<Reads>());
    at = static_cast<std::uint32_t>(reads.size());
  }
  return *reads[at - 1];
}

Recall::Recall() : state_(std::make_unique<State>()) {}
Recall::~Recall() = default;
Recall::Recall(Recall&&) noexcept = default;
Recall& Recall::operator=(Recall&&) noexcept = default;

}  // namespace mapping
