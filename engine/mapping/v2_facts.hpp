#pragma once
#include <schema/v2.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mapping {

/// Names of v2 data types; empty = not known (OBX-5 and other fields typed elsewhere).
using V2Types = std::vector<std::string_view>;

/// What all versions together say of a field: rules are written once for every version.
struct FieldFacts {
  V2Types types;
  bool repeats = false;
  bool seen = false;
  std::vector<std::string_view> tables;
};

/// The union of the versions' facts, gathered on demand. Used while compiling only.
class V2Facts {
 public:
  explicit V2Facts(const schema::V2Schema& schema);

  bool has_segment(std::string_view segment);
  std::vector<std::string_view> segment_names() const;
  /// nullptr when no version has the field.
  const FieldFacts* field(std::string_view segment, int number);
  int field_max(std::string_view segment);

  bool is_datatype(std::string_view type);
  bool is_composite(const V2Types& types);
  int component_max(const V2Types& types);
  /// Types of component n; empty when unknown.
  V2Types component(const V2Types& types, int number);

  /// Structures a plan serves: by its name and by what it accepts ("ADT", "ADT^A40").
  std::vector<const schema::StructureDef*> structures(std::string_view plan,
                                                      const std::vector<std::string>& accept);

 private:
  struct Components {
    bool known = false;
    std::vector<V2Types> types;
  };
  const std::vector<FieldFacts>& segment(std::string_view name);
  const Components& datatype(std::string_view name);
  const std::vector<const schema::StructureDef*>& of_type(std::string_view type);

  std::vector<const schema::V2Version*> versions_;   ///< newest first
  std::map<std::string, std::vector<FieldFacts>, std::less<>> segments_;
  std::map<std::string, Components, std::less<>> datatypes_;
  std::map<std::string, std::vector<const schema::StructureDef*>, std::less<>> by_type_;
};

}  // namespace mapping
