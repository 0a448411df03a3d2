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

std::size_t ShapeBook::Hash::operator()(std::string_view key) const {
  return MemoKey{0, 0, 0, key}.hash();
}

Shape* ShapeBook::find(std::string_view key) const {
  const auto known = shapes_.find(key);
  return known == shapes_.end() ? nullptr : known->second.get();
}

void ShapeBook::keep(std::string_view key, std::unique_ptr<Shape> shape) {
  if (const auto known = shapes_.find(key); known != shapes_.end()) {
    known->second = std::move(shape);
  } else if (shapes_.size() < kShapesMax) {
    shapes_.emplace(nodes_.keep(key), std::move(shape));
  }
}

bool ShapeBook::full() const {
  return shapes_.size() >= kShapesMax || nodes_.bytes_used() > kShapeBytesMax;
}

}  // namespace mapping
