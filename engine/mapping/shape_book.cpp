#include <algorithm>

#include "shape.hpp"

/// Where shapes are kept, and what decides about them.
namespace mapping {

void ShapeSpec::add_own(std::uint64_t fields) {
  if ((own | fields) == own) return;
  own |= fields;
  ++version;
}

bool ShapeSpec::add_other(const ShapeField& field) {
  for (const ShapeField& one : others) {
    if (one.segment == field.segment && one.field == field.field &&
        one.occurrence == field.occurrence) {
      return true;
    }
  }
  if (others.size() == kShapeFieldsMax) return false;
  others.push_back(field);
  ++version;
  return true;
}

void ShapeSpec::add_bytes(std::uint64_t& of, std::uint64_t components) {
  if ((of | components) == of) return;
  of |= components;
  ++version;
}

bool ShapeSpec::add_read(const Read& read) {
  if (std::find(reads.begin(), reads.end(), read) != reads.end()) return true;
  if (reads.size() == kShapeReadsMax) return false;
  reads.push_back(read);
  ++version;
  return true;
}

void ShapeSpec::add_there(EnvName name) {
  if (std::find(there.begin(), there.end(), name) != there.end()) return;
  there.push_back(name);
  ++version;
}

Shape* ShapeBook::find(std::uint64_t hash, std::string_view key) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].shape; at = (at + 1) & mask) {
    if (slots_[at].hash == hash && slots_[at].key == key) return slots_[at].shape.get();
  }
  return nullptr;
}

void ShapeBook::keep(std::uint64_t hash, std::string_view key, std::unique_ptr<Shape> shape) {
  if (count_ >= kShapesMax) return;
  if (count_ * 2 >= slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].shape; at = (at + 1) & mask) {
    if (slots_[at].hash != hash || slots_[at].key != key) continue;
    slots_[at].shape = std::move(shape);
    return;
  }
  slots_[at].hash = hash;
  slots_[at].key = nodes_.keep(key);
  slots_[at].shape = std::move(shape);
  ++count_;
}

void ShapeBook::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (Slot& slot : old) {
    if (!slot.shape) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].shape) at = (at + 1) & mask;
    slots_[at] = std::move(slot);
  }
}

bool ShapeBook::full() const {
  return count_ >= kShapesMax || nodes_.bytes_used() > kShapeBytesMax;
}

}  // namespace mapping
