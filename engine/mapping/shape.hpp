#pragma once
#include <fhir/node.hpp>
#include <hl7/message.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "memo.hpp"
#include "program.hpp"

/// Shapes: what a segment becomes, but for the values that only pass through. Two messages of one
/// shape have the same fields, repetitions and components, and the same bytes wherever rules
/// compared bytes; so the same rules give something for both, and their resources differ in values
/// alone. A shape is recorded while the rules run, and played for the next message of its kind: its
/// holes are filled by the rules that made them, everything else stands as it stood.
namespace mapping {

// Limits; beyond them rules run as they always do.
inline constexpr std::size_t kShapesMax = 1'500;            ///< of one book
inline constexpr std::size_t kShapeBytesMax = 2u << 20;     ///< of one book
inline constexpr std::size_t kShapeKeyMax = 4'000;
inline constexpr std::size_t kShapeFieldsMax = 48;          ///< read of other segments
inline constexpr std::size_t kShapeReadsMax = 64;           ///< of names, resources, conditions
inline constexpr std::size_t kShapeHolesMax = 1'000;

/// A value, found again in another message.
struct HoleSpot {
  enum class Base : std::uint8_t { kNothing, kField, kTerm } base = Base::kNothing;
  KeyKind key = KeyKind::kPlain;
  bool whole_text = false;
  hl7::Value::Level level = hl7::Value::Level::kField;
  std::uint16_t slot = 0, first = 0, last = 0;   ///< kField: ShapePieces
  std::int16_t field = 0, repetition = 0, component = 0, subcomponent = 0;
  std::uint32_t term = 0;              ///< kTerm: its first value
};

/// A rule that runs whenever the shape is played.
struct Hole {
  std::uint32_t rule = 0;
  HoleSpot value;
  bool plain = false;                  ///< a text as it stands
  bool resource = false;               ///< a reference to a resource, and nothing beside it
  const fhir::Node* node = nullptr;    ///< what it gave when recorded, if anything
  // What one segment says, the next ones often say again: who observed, the unit, the time.
  std::uint64_t message = 0;           ///< Recall::State::message of `value_before`
  std::string_view value_before;       ///< that it was filled for last
  fhir::Node* given = nullptr;         ///< for it, when `again` is not 0
  std::uint8_t again = 0;              ///< values came again lately
};
inline constexpr std::uint8_t kAgainMost = 8;

/// A value in a tree with holes.
struct ShapeValue {
  enum class Kind : std::uint8_t { kShared, kHole, kPart } kind = Kind::kShared;
  std::uint32_t number = 0;            ///< of the hole or part
  const fhir::Node* node = nullptr;    ///< kShared
};

/// An object or a list with holes.
struct ShapePart {
  bool object = true;
  bool distinct = false;               ///< a list: equal items would not have been kept
  bool period = false;                 ///< an object: has an end that could lie before its start
  std::uint32_t first = 0, count = 0;  ///< Shape::members
};

struct ShapeMember {
  std::string_view name;
  ShapeValue value;
};

/// A step of writing the keys of a resource.
struct KeyStep {
  enum class Kind : std::uint8_t { kBegin, kText, kValue, kResource, kOrdinal, kAdd };
  Kind kind = Kind::kBegin;
  bool nested = false;                 ///< kValue: one part of several
  bool gives = false;                  ///< kValue: something; kAdd: a key that was not there
  std::uint16_t resource = 0;          ///< kResource: its name
  std::string_view text;               ///< kText
  HoleSpot value;                      ///< kValue
};

/// A place in the message, for lineage and issues.
struct Origin {
  std::uint32_t segment = Lineage::kLiteral;
  std::int16_t field = 0, repetition = 0, component = 0, subcomponent = 0;
};

/// A code that a vocabulary does not know, where it decides about the shape.
struct ShapeMiss {
  std::uint32_t hole = 0;              ///< said before this one is filled
  std::uint32_t rule = 0;
  std::string_view code;
  Origin at;                           ///< in the segment that is current
};

/// A resource with holes.
struct Shape {
  std::vector<Hole> holes;             ///< in the order of their making
  std::vector<ShapeMiss> misses;       ///< in the order of their finding
  ShapeValue root;
  std::vector<ShapePart> parts;
  std::vector<ShapeMember> members;    ///< of objects and lists; those of one stand side by side
  std::vector<KeyStep> keys;
  bool has_keys = false;               ///< `keys` are all of them
  bool inferred = false;               ///< the sending facility stands in keys, by their texts
  bool stale = false;                  ///< a hole's values no longer come again: record anew
  bool repeats = false;                ///< has been played twice in one message
  std::uint64_t message = 0;           ///< Recall::State::message of the last play
};

/// A field of another segment that decides about a shape.
struct ShapeField {
  std::uint16_t segment = 0;
  std::int16_t occurrence = 0;         ///< SEG[n]; 0: the nearest
  std::int16_t field = 0;
  std::uint64_t bytes = 0;             ///< bit n: component n was looked into; ~0: all of it
};

/// All that the rules of one map have been seen to decide by; never shrinks.
struct ShapeSpec {
  static constexpr std::size_t kFieldsMax = 64;
  std::uint64_t own = 0;                              ///< fields of the map's own segment
  std::array<std::uint64_t, kFieldsMax> own_bytes{};  ///< as ShapeField::bytes
  std::vector<ShapeField> others;
  std::vector<EnvName> names;          ///< by their texts
  std::vector<EnvName> there;          ///< by being there
  std::vector<std::uint16_t> resources;     ///< by being there
  std::vector<std::uint32_t> conditions;    ///< by their outcomes
  std::uint32_t version = 0;           ///< rises with each addition

  void add_own(std::uint64_t fields);
  bool add_other(const ShapeField& field);   ///< false: there is no room
  void add_bytes(std::uint64_t& of, std::uint64_t components);
  /// To `names`, `there`, `resources` or `conditions`; false: there is no room.
  template <class T>
  bool add(std::vector<T>& list, T what) {
    if (std::find(list.begin(), list.end(), what) != list.end()) return true;
    if (names.size() + there.size() + resources.size() + conditions.size() == kShapeReadsMax) {
      return false;
    }
    list.push_back(what);
    ++version;
    return true;
  }
};

/// The fields that a key was made of, in pieces between delimiters. With one key they are as many
/// and of the same levels, so a piece is known by its number.
struct ShapePieces {
  struct Piece {
    const char* begin = nullptr;
    std::size_t size = 0;
  };
  struct Field {
    std::uint32_t first = 0, count = 0;      ///< in `all`
    std::uint32_t segment = 0;
  };
  // A key has a byte for each piece at least.
  std::vector<Piece> all = std::vector<Piece>(kShapeKeyMax);
  std::size_t used = 0;
  /// By slot: a field of the segment itself, then ShapeSpec::others.
  std::array<Field, ShapeSpec::kFieldsMax + kShapeFieldsMax> fields;
  /// Those of this key.
  std::array<std::uint16_t, ShapeSpec::kFieldsMax + kShapeFieldsMax> slots;
  std::size_t slot_count = 0;

  void clear() { used = slot_count = 0; }
};

/// Shapes by map and key. Outputs hold on to the book that their nodes are in.
class ShapeBook {
 public:
  Shape* find(std::string_view key) const;
  /// Takes the place of one of the same key.
  void keep(std::string_view key, std::unique_ptr<Shape> shape);
  bool full() const;
  fhir::Document& nodes() { return nodes_; }

 private:
  struct Hash {
    std::size_t operator()(std::string_view key) const;
  };
  fhir::Document nodes_;
  std::unordered_map<std::string_view, std::unique_ptr<Shape>, Hash> shapes_;   ///< keys in nodes_
};

/// A shape while it is recorded.
struct ShapeTrace {
  ShapeSpec* spec = nullptr;
  std::uint32_t version = 0;           ///< of `spec` when its key was made
  std::vector<Hole> holes;
  std::vector<ShapeMiss> misses;       ///< their codes in the output's document
  std::vector<KeyStep> keys;           ///< their texts there too
  bool has_keys = false, inferred = false;
  std::vector<const fhir::Node*> distinct, periods;   ///< lists and objects to be checked again
  std::size_t said = 0;                ///< issues and misses before, in holes, of `misses`
  int closed = 0;                      ///< no holes while > 0
  bool quiet_env = false;              ///< the %name that is visited next goes into a hole
  bool never = false;                  ///< what was read decides about no shape
  bool lost = false;                   ///< cannot be kept this time
};

/// What is known of the shape that a segment has.
struct AskedShape {
  ShapeSpec* spec = nullptr;           ///< nullptr: shapes are of no use here
  std::string_view key;
  Shape* known = nullptr;
};

}  // namespace mapping
