#pragma once
#include <core/result.hpp>
#include <hl7/message.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// HL7 v2 as data: what each version's segments, fields, data types and message structures are
/// (chapters 2 to 17), read from schemas/hl7v2/ (format: schemas/README.md); grouping of a message
/// by its structure, and field checks.
namespace schema {

struct DatatypeDef;
struct ComponentDef {
  int number = 0;
  std::string name, type, table;  ///< type "HD", table "0363" or empty
  const DatatypeDef* datatype = nullptr;   ///< of `type` in the same version
  /// Of `table` for type ID, sorted; else nullptr.
  const std::vector<std::string>* codes = nullptr;
};
/// What the text of a primitive must look like (chapter 2A).
enum class Form : std::uint8_t {
  kComposite, kText, kNumber, kSequence, kDate, kTime, kDateTime,
  kVaries,   ///< the type stands in the message (OBX-2)
};
/// A composite data type of one version; primitives have no components.
struct DatatypeDef {
  std::string id, name;
  std::vector<ComponentDef> components;
  Form form = Form::kComposite;
};
/// @return whether `text` (unescaped, not empty) has the form; always for kText and composites.
/// Dates are real calendar dates.
bool valid_form(Form form, std::string_view text);
struct FieldDef {
  int number = 0;
  std::string name, type, table;
  char optionality = 'O';     ///< R, O, C, B, W, X
  int repeat_max = 1;         ///< 0 = unbounded
  int length_max = 0;         ///< 0 = not given
  const DatatypeDef* datatype = nullptr;   ///< of `type` in the same version
  /// Of `table` for type ID, sorted; else nullptr.
  const std::vector<std::string>* codes = nullptr;
};
struct SegmentDef {
  std::string id, name;
  std::vector<FieldDef> fields;  ///< fields[n-1] is field n
};
/// A node of a message structure: a segment, or a group (then `children`). A choice <OBR|RXO> has
/// no node of its own: its alternatives are neighbours in the parent's children, all with `choice`
/// set (and `required` if one of them must be there).
struct StructureNode {
  std::string name;           ///< "PID", or group "PATIENT_RESULT"
  bool is_group = false, required = false, repeats = false, choice = false;
  std::vector<StructureNode> children;
};
/// Tables of group(), made once per structure. Opaque.
struct GroupPlan;
struct StructureDef {
  std::string id;             ///< "ADT_A01"
  StructureNode root;         ///< a group named like the structure
  std::shared_ptr<const GroupPlan> plan;  ///< of this very object; group() makes one where absent
};
/// Parses the tree notation of schemas/README.md: "MSH PID? OBSERVATION(OBX NTE*)+".
/// Errors: kBadConfig. Limits: kStructureDepthMax, kStructureNodesMax.
core::Result<StructureDef> parse_structure(std::string id, std::string_view tree);
inline constexpr int kStructureDepthMax = 16;
inline constexpr std::size_t kStructureNodesMax = 1'000;
inline constexpr std::size_t kGroupChildrenMax = 64;  ///< nodes directly in one group

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
  /// Sorted codes of an HL7 table ("0085" or "85"), nullptr when the table is not listed. The lists
  /// are of all versions together; those of user-defined tables (fields of type IS, CWE) are
  /// suggestions.
  virtual const std::vector<std::string>* table(std::string_view number) const = 0;
  virtual std::vector<std::string_view> segment_ids() const = 0;    ///< sorted
  virtual std::vector<std::string_view> structure_ids() const = 0;  ///< sorted
};

/// Which structure a message follows.
struct StructureMatch {
  const StructureDef* structure = nullptr;  ///< nullptr: no version knows it
  const V2Version* version = nullptr;       ///< whose structure it is
  bool exact = false;  ///< false: the message's own version does not have it
};

/// The facts of versions 2.1 to 2.8.1 from schemas/hl7v2/<version>.txt. Versions load on first use
/// (a millisecond or two each), structures when first asked for.
/// Thread: any, after load(). What it returns lives as long as the V2Schema, also if that moves.
class V2Schema {
 public:
  /// Errors: kIo when a file cannot be read, kBadConfig with file:line when one is malformed (the
  /// newest is read at once, the others are checked for being there).
  static core::Result<V2Schema> load(const std::string& directory);
  V2Schema(V2Schema&&) noexcept;
  V2Schema& operator=(V2Schema&&) noexcept;
  ~V2Schema();
  /// MSH-12.1. An unknown 2.x version takes the nearest known one and sets *exact = false; nullptr
  /// for what is no 2.x at all.
  const V2Version* version(std::string_view id, bool* exact = nullptr) const;
  /// The newest: for mapping rules, which are written against the union of versions (what newer
  /// versions withdrew is carried forward in their files).
  const V2Version& newest() const;
  std::vector<std::string> versions() const;
  /// By MSH-9.3 where `version` has that structure and it is of that type, else by event; else what
  /// another version says, newer ones first (senders use events their version does not have).
  StructureMatch find_structure(const V2Version& version, std::string_view type,
                                std::string_view trigger, std::string_view structure) const;

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
    std::uint32_t last_child = kNone;
  };
  std::vector<Group> groups;                 ///< groups[0] is the root
  std::vector<std::uint32_t> group_of;       ///< by segment index
};

inline constexpr std::size_t kGroupIssuesMax = 200;
/// Groups a message's segments by a structure; the tree is always complete: every segment is in one
/// group, group instances stand in the order of their first segments.
///
/// Where a segment goes, first match wins: a place at or after the current one in the innermost
/// open group; the same one group further out, where that may mean a new repetition; an empty
/// required place before the current one (OBR after its OBX); the same with a group begun after its
/// optional segments, ORC counting as optional. Then, each with a warning (kSegmentSequence,
/// kCardinality): any place of that name in an open group, or the start of a group in one; any
/// place deeper inside (PV1 without PID). Notes (NTE) out of place and names that the structure
/// does not have join the innermost open group: Z segments silently, others with a warning.
///
/// Missing required segments and groups are errors (kRequiredSegmentMissing), found when a group
/// ends. `out` is reused between calls. Cost: O(segments x depth); under a microsecond for an ADT.
/// Thread: any.  Limit: kGroupIssuesMax warnings and as many errors are listed.
void group(const hl7::Message& message, const StructureDef& structure, GroupTree& out,
           hl7::Issues& issues);

inline constexpr std::size_t kFieldIssuesMax = 200;
/// Field-level checks of what the version says: required fields, repetitions, lengths, forms of
/// dates and numbers, values of HL7 tables (type ID), OBX-2 and what OBX-5 holds by it. Each is a
/// located issue without the value, severity warning unless `strict`, then error. Not checked:
/// conditional fields, user-defined tables, Z segments, fields and components beyond those that the
/// version has. Limit: kFieldIssuesMax issues.  Thread: any.
void validate(const hl7::Message& message, const V2Version& version, bool strict,
              hl7::Issues& issues);

}  // namespace schema
