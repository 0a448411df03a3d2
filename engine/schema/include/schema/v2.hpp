#pragma once
#include <core/result.hpp>
#include <hl7/message.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

struct ComponentDef {
  int number = 0;
  std::string name, type, table;  ///< type "HD", table "0363" or empty
};
/// A composite data type of one version; primitives have no components.
struct DatatypeDef {
  std::string id, name;
  std::vector<ComponentDef> components;
};
struct FieldDef {
  int number = 0;
  std::string name, type, table;
  char optionality = 'O';     ///< R, O, C, B, W, X
  int repeat_max = 1;         ///< 0 = unbounded
  int length_max = 0;         ///< 0 = not given
};
struct SegmentDef {
  std::string id, name;
  std::vector<FieldDef> fields;  ///< fields[n-1] is field n
};
/// A node of a message structure: a segment, or a group (then `children`).
struct StructureNode {
  std::string name;           ///< "PID", or group "PATIENT_RESULT"
  bool is_group = false, required = false, repeats = false, choice = false;
  std::vector<StructureNode> children;
};
struct StructureDef {
  std::string id;             ///< "ADT_A01"
  StructureNode root;
};

/// One HL7 v2 version's facts.
class V2Version {
 public:
  virtual ~V2Version() = default;
  virtual std::string_view id() const = 0;   ///< "2.5.1"
  virtual const SegmentDef* segment(std::string_view id) const = 0;
  virtual const DatatypeDef* datatype(std::string_view id) const = 0;
  virtual const StructureDef* structure(std::string_view id) const = 0;
  /// "ADT", "A04" -> "ADT_A01"; empty when that type or event does not exist in the version.
  virtual std::string_view structure_id(std::string_view type, std::string_view trigger) const = 0;
  virtual bool has_type(std::string_view type) const = 0;
};

/// The facts of versions 2.1 to 2.8.1 from schemas/hl7v2/<version>.txt. Versions load on first use.
/// Thread: any, after load().
class V2Schema {
 public:
  static core::Result<V2Schema> load(const std::string& directory);
  V2Schema(V2Schema&&) noexcept;
  V2Schema& operator=(V2Schema&&) noexcept;
  ~V2Schema();
  /// MSH-12.1. An unknown 2.x version takes the nearest known one and sets *exact = false; nullptr
  /// for what is no 2.x at all.
  const V2Version* version(std::string_view id, bool* exact = nullptr) const;
  /// The newest: for mapping rules, which are written against the union of versions.
  const V2Version& newest() const;
  std::vector<std::string> versions() const;

 private:
  V2Schema();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A message arranged by its structure: group instances form a tree, each segment belongs to one.
struct GroupTree {
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Group {
    const StructureNode* def = nullptr;    ///< root: the structure itself
    std::uint32_t parent = kNone;
    std::uint32_t first_child = kNone, next_sibling = kNone;  ///< group instances
  };
  std::vector<Group> groups;                 ///< groups[0] is the root
  std::vector<std::uint32_t> group_of;       ///< by segment index
};

/// Groups a message's segments. Tolerant: an unknown or misplaced segment (Z, NTE anywhere, wrong order)
/// joins the open group where it fits best and leaves a warning (Z segments: none); a segment name
/// never opens a group it cannot start... Missing required segments are errors (kRequiredSegmentMissing),
/// reported but not fatal: the tree is always complete. `out` is reused between calls.
void group(const hl7::Message& message, const StructureDef& structure, GroupTree& out,
           hl7::Issues& issues);

/// Field-level checks (required fields, table values, data type formats, repetitions, lengths) of what
/// the version says; each a located issue, severity warning unless `strict`.
void validate(const hl7::Message& message, const V2Version& version, bool strict,
              hl7::Issues& issues);

}  // namespace schema
