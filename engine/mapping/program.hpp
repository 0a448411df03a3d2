#pragma once
#include <array>
#include <cstdint>
#include <fhir/merge.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "presence.hpp"
#include "strings.hpp"
#include "vocab.hpp"

/// The compiled form of a mapping set: flat pools that refer to each other by index. Made by the
/// compiler, immutable afterwards, read by the runtime without allocation.
namespace mapping {

inline constexpr std::uint32_t kNil = 0xffffffff;
inline constexpr std::uint16_t kNoSegment = 0xffff;

// Limits of a rule set, checked at load.
inline constexpr std::size_t kRulesMax = 100'000;
inline constexpr std::size_t kSegmentNamesMax = 512;
inline constexpr std::size_t kExpressionBytesMax = 4'000;
inline constexpr int kExpressionDepthMax = 32;
inline constexpr int kNestingMax = 32;        ///< set in set, datatype map in datatype map
inline constexpr int kNthMax = 1'000;
inline constexpr std::size_t kGlobSymbolsMax = 62;

struct Range {
  std::uint32_t first = 0, count = 0;
  std::uint32_t end() const { return first + count; }
};

/// How a FHIR primitive is written; kComplex for everything with children.
enum class Prim : std::uint8_t {
  kComplex, kString, kMarkdown, kCode, kId, kUri, kBoolean, kInteger, kPositiveInt, kUnsignedInt,
  kDecimal, kDate, kDateTime, kInstant, kTime, kBase64,
};

/// Built-in values of `as:`, besides data type maps.
enum class Function : std::uint8_t {
  kNone, kText, kDate, kDateTime, kInstant, kPlannedInstant, kTime, kMime, kBase64,
  kEncodeBase64, kEdData,
  kRegistry, kAuthority, kSampled, kRangeLow, kRangeHigh, kLower, kUpper, kDecimal, kCode,
};

/// What a v2 value is for a key: which parts hold value and assigning authority.
/// kEiAuthority: who issued an entity's number (EI.2 to EI.4), as kHd would say it.
enum class KeyKind : std::uint8_t { kPlain, kCx, kEi, kXcn, kXon, kPl, kHd, kEiAuthority };

enum class EnvName : std::uint8_t {
  kType, kTrigger, kStructure, kVersion, kControl, kFacility, kApplication, kNameSpace, kZone,
  kValue,
};

/// One reference: a field, a component of the current value, a literal, a resource, a %name.
struct Term {
  enum class Kind : std::uint8_t {
    kField, kSegment, kChild, kThis, kLiteral, kCoding, kResource, kEnv,
  };
  Kind kind = Kind::kThis;
  EnvName env = EnvName::kValue;
  KeyKind key = KeyKind::kPlain;
  bool whole_text = false;      ///< free text: unescaped delimiters in it are text
  std::uint16_t segment = 0;    ///< Program::segments
  std::uint16_t name = 0;       ///< Program::resources
  std::int16_t occurrence = 0;  ///< SEG[n]; 0 = nearest
  std::int16_t field = 0, component = 0, subcomponent = 0;
  std::int16_t index = 0;       ///< [n]; 0 = all
  bool in_filter = false;       ///< stands in a [..] selector
  bool first_only = false;      ///< [n] was written, so dropping others is worth a warning
  std::uint32_t filter = kNil;  ///< Cond of [^5=MR]
  std::string_view text;        ///< literal, code or name of %value
  std::string_view system;
  std::string_view written;     ///< as in the file
  std::uint16_t offset = 0;     ///< in its scalar
};

enum class Compare : std::uint8_t { kEq, kNe, kLt, kGt, kLe, kGe };

struct Literal {
  std::string_view text;
  double number = 0;
  bool numeric = false;
};

struct Cond {
  enum class Op : std::uint8_t {
    kAnd, kOr, kNot, kValued, kEmpty, kDeleted, kCompare, kSame, kIn, kMatches, kCount, kLength,
  };
  Op op = Op::kAnd;
  Compare compare = Compare::kEq;
  std::uint32_t a = kNil, b = kNil;  ///< Conds, or a = Term (kSame: both)
  Range literals;
  std::int32_t number = 0;
  std::uint32_t glob = kNil;
};

/// A pattern as a bit-parallel automaton: linear time whatever the text (limit kGlobSymbolsMax).
struct Glob {
  std::array<std::uint64_t, 256> accepts{};  ///< bit i: symbol i takes this byte
  std::uint64_t stars = 0;                   ///< bit i: state i loops
  int length = 0;
};

/// A piece of a concat template.
struct Piece {
  enum class Kind : std::uint8_t { kText, kRef, kOpen, kClose } kind = Kind::kText;
  std::string_view text;
  Range terms;                ///< kRef: alternatives
  std::uint32_t end = 0;      ///< kOpen: index of its kClose
};

struct Plus {
  Range amount;               ///< terms
  Range unit_terms;           ///< empty: `unit`
  std::string_view unit;
};

/// A step from an object towards a target's parent.
struct Step {
  enum class Kind : std::uint8_t { kMember, kFirstItem, kExtension } kind = Kind::kMember;
  std::string_view name;      ///< JSON member, or the extension's url
};

struct Rule {
  /// What one value becomes.
  enum class Shape : std::uint8_t { kPrimitive, kComplex, kReference } shape = Shape::kPrimitive;
  Prim prim = Prim::kString;
  Function function = Function::kNone;
  bool has_from = false;
  bool has_join = false;
  bool all_repetitions = false;  ///< every repetition yields
  bool clears = false;           ///< HL7 "" yields null
  bool coding = false;           ///< the element is a Coding, not a CodeableConcept
  bool warn_dropped = false;     ///< takes one repetition of several on purpose
  bool plain = false;            ///< a component as a text of that kind, nothing else
  bool vocab_only = false;       ///< `as` absent or none: the vocabulary alone makes the value
  std::uint32_t info = 0;
  std::uint32_t when = kNil, where = kNil;
  Range from;                    ///< terms
  std::uint32_t concat = kNil;   ///< Program::templates
  std::uint32_t plus = kNil;
  std::uint32_t map = kNil;      ///< data type map
  std::uint32_t vocab = kNil;
  std::uint32_t default_rule = kNil;
  Range set, fill;               ///< targets
  Range also;                    ///< rules
  Range need;                    ///< Program::paths
  Range required;                ///< Program::members: must be there, else the element is dropped
  std::string_view join;
  std::string_view member;       ///< JSON member; decided by `type` for a choice
  std::string_view url;          ///< extension: wrap as {url, member: value}
  std::string_view warn;         ///< what to say when it gives something; empty: nothing
};

struct Target {
  Range steps;
  Range rules;
  bool repeats = false;
  bool distinct = false;         ///< equal items once
  bool clears = false;           ///< a list: HL7 "" in all that it is made of yields null
  std::string_view choice;       ///< base name of a choice element, else empty
  std::string_view first_member; ///< what `fill` and reuse look at
  Presence presence;
};

struct KeyPart {
  enum class Kind : std::uint8_t { kSource, kOrdinal } kind = Kind::kSource;
  bool optional = false;         ///< leaves with its slash when it is empty
  Range terms;
};
struct Rung {
  Range parts;
};

struct MapInfo {
  std::string_view name;
  std::string_view type;         ///< FHIR type it makes
  bool is_datatype = false;
  bool is_resource = false;
  bool shared = false;
  bool partial = false;
  Prim prim = Prim::kComplex;
  std::uint16_t segment = 0;
  std::uint32_t info = 0;
  Range targets;
  Range rungs;
  Range need;
  Range required;
  Range registry;                ///< terms looked up in the authority registry first
  KeyKind key = KeyKind::kPlain; ///< of `this`, when it has no ladder
  Range parts;                   ///< Program::parts
  fhir::MergePolicy policy;
};

/// When the field that makes some items of a list says nothing, or takes them away.
struct PartConds {
  std::uint32_t empty = kNil, deleted = kNil;
};

/// A row of a plan.
struct Row {
  enum class Kind : std::uint8_t { kSegment, kEach } kind = Kind::kSegment;
  std::uint16_t segment = 0;
  std::uint32_t map = kNil;
  std::uint16_t make = 0xffff;      ///< Program::resources
  std::uint16_t extend = 0xffff;
  bool extend_previous = false;
  bool by_predecessor = false;      ///< NTE: attaches to what the segment before made
  bool one_per_run = false;
  bool need_key = false;
  bool unite_person = false;   ///< MergePolicy's, beside what the map says
  Range keep;                       ///< Program::texts: MergePolicy's
  bool outside = false;             ///< `groups` are those in which no segment counts
  std::uint16_t nth = 0;            ///< only the n-th such segment; 0 = each
  std::uint32_t when = kNil;
  Presence presence;                ///< of `when`
  Range groups;                     ///< Program::texts: names of `each`, `in` or `outside`
  Range rows;                       ///< of `do`, indices in Program::row_order
  Range links;
  std::uint32_t id = 0;
};

struct Link {
  std::uint16_t name = 0;           ///< resource
  Range steps;
  std::string_view member;
  bool repeats = false;
  std::uint32_t info = 0;
};

struct Plan {
  std::string_view name;
  std::vector<std::string> accept;  ///< "ADT", "ADT^A40"
  Range rows;                       ///< in Program::row_order
  std::uint32_t info = 0;
};

/// One field, repetition or component of an outgoing HL7 v2 segment and what goes into it.
struct V2Rule {
  std::int16_t field = 0, repetition = 0, component = 0, subcomponent = 0;
  bool remove = false;
  bool has_from = false, has_join = false;
  Function function = Function::kNone;   ///< kNone, kText, kLower, kUpper
  std::uint32_t info = 0;
  std::uint32_t when = kNil, where = kNil;
  Range from;                            ///< terms
  std::uint32_t concat = kNil;
  std::uint32_t vocab = kNil;
  Range fallback;                        ///< terms of `default`
  std::string_view join;
};

/// A target of a v2 step with its alternatives: the first that yields wins.
struct V2Target {
  Range rules;                           ///< Program::v2_rules
};

/// A step of a transformation: segments dropped, changed or built.
struct V2Step {
  enum class Kind : std::uint8_t { kDrop, kChange, kBuild } kind = Kind::kChange;
  enum class Place : std::uint8_t { kEnd, kBefore, kAfter, kEach } place = Place::kEnd;
  std::uint16_t segment = 0;
  std::uint16_t anchor = 0;              ///< of kBefore, kAfter, kEach
  std::uint32_t when = kNil;
  Range targets;                         ///< Program::v2_targets
};

/// HL7 v2 to HL7 v2.
struct Transform {
  std::string_view name;
  std::vector<std::string> accept;       ///< "ORU", "ADT^A40"; empty: every message
  std::string_view version;              ///< MSH-12.1; empty: as it is
  std::string_view encoding;             ///< MSH-1 and MSH-2 ("|^~\\&"); empty: as they are
  bool fit = false;                      ///< only what `version` knows goes out
  std::vector<std::uint16_t> keep;       ///< segments that go out; empty: all
  Range steps;
  std::uint32_t info = 0;
};

struct Program {
  Strings strings;
  Names segments;                   ///< segment names any rule speaks of
  Names resources;                  ///< names given by `make`
  std::vector<Term> terms;
  std::vector<Cond> conds;
  std::vector<Literal> literals;
  std::vector<Glob> globs;
  std::vector<Piece> pieces;
  std::vector<Range> templates;     ///< of pieces
  std::vector<Plus> pluses;
  std::vector<Step> steps;
  std::vector<Rule> rules;
  std::vector<Target> targets;
  std::vector<Range> paths;         ///< `need`: ranges of `members`
  std::vector<std::string_view> members;
  std::vector<KeyPart> key_parts;
  std::vector<Rung> rungs;
  std::vector<fhir::ListPart> parts;
  std::vector<PartConds> part_conds;   ///< of `parts`
  std::vector<MapInfo> maps;
  std::vector<Vocab> vocabs;
  std::vector<Row> rows;
  std::vector<std::uint32_t> row_order;
  std::vector<std::string_view> texts;
  std::vector<Link> links;
  std::vector<Plan> plans;
  std::vector<V2Rule> v2_rules;
  std::vector<V2Target> v2_targets;
  std::vector<V2Step> v2_steps;
  std::vector<Transform> transforms;
};

}  // namespace mapping
