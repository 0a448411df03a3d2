#include "memo.hpp"

#include <core/hash.hpp>

namespace mapping {

std::uint64_t Memo::hash(std::uint32_t maker, std::uint8_t aspect, std::string_view value) {
  return core::stable_hash(value, (std::uint64_t{maker} << 8) + aspect + 1);
}

const Memo::Entry* Memo::find(std::uint64_t hash, std::uint32_t maker, std::uint8_t aspect,
                              std::string_view value) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].used; at = (at + 1) & mask) {
    const Entry& entry = slots_[at];
    if (entry.hash == hash && entry.maker == maker && entry.aspect == aspect &&
        entry.value == value) {
      return &entry;
    }
  }
  return nullptr;
}

void Memo::keep(std::uint64_t hash, std::uint32_t maker, std::uint8_t aspect,
                std::string_view value, const fhir::Node* node) {
  if (count_ >= kMemoEntriesMax) return;
  if (count_ * 2 >= slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].used) at = (at + 1) & mask;
  slots_[at] = {hash, nodes_.keep(value), nodes_.clone(node), maker, aspect, true};
  ++count_;
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

void Recall::State::start(const std::shared_ptr<const MappingSet>& now,
                          const Environment& environment, std::size_t makers) {
  const bool same = set == now && name_space == environment.name_space &&
                    authorities == environment.authorities && values == environment.values;
  if (!same) {
    set = now;
    name_space = environment.name_space;
    authorities = environment.authorities;
    values = environment.values;
    never_same.assign(makers, false);
  }
  // Outputs that share texts with the old memo hold on to it.
  if (!same || memo->full()) memo = std::make_shared<Memo>();
}

Recall::Recall() : state_(std::make_unique<State>()) {}
Recall::~Recall() = default;
Recall::Recall(Recall&&) noexcept = default;
Recall& Recall::operator=(Recall&&) noexcept = default;

}  // namespace mapping
