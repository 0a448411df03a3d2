#pragma once
#include <mapping/mapper.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "convert.hpp"
#include "delimiter_bits.hpp"
#include "impl.hpp"
#include "memo.hpp"
#include "message_index.hpp"
#include "shape.hpp"

namespace mapping {

// Limits of one message: far above anything real, so that no rule set can hang a worker.
inline constexpr std::uint64_t kStepsMax = 20'000'000;
inline constexpr std::size_t kOutputBytesMax = 512u << 20;
inline constexpr std::size_t kIssuesMax = 1'000;
inline constexpr std::size_t kDistinctMax = 32;   ///< longer lists are not searched for equals

/// A value while rules run.
struct Val {
  enum class Kind : std::uint8_t { kNone, kHl7, kText, kCoding, kResource };
  Kind kind = Kind::kNone;
  bool whole_text = false;
  KeyKind key = KeyKind::kPlain;
  hl7::Value v;
  std::string_view text;      ///< kText, kCoding
  std::string_view system;    ///< kCoding
  std::int32_t draft = -1;    ///< kResource
  Origin at;

  bool valued() const;
  bool deleted() const { return kind == Kind::kHl7 && v.is_null(); }
};

/// An outgoing v2 segment: fields[n-1] is field n, encoded with the incoming message's delimiters.
struct V2Segment {
  std::string name;
  std::vector<std::string> fields;
  std::uint32_t from = kNil;   ///< segment of the message it was; kNil: built
};

/// A message on its way out.
struct V2Draft {
  std::vector<V2Segment> segments;
};

/// Open addressing from text to a number, emptied in O(1) by raising the stamp.
class KeyTable {
 public:
  void clear();
  /// The number stored for `key` of that type; nullptr when there is none.
  std::int32_t* find(std::string_view type, std::string_view key);
  /// The same, 0 where there was none.
  std::int32_t& number(std::string_view type, std::string_view key);

 private:
  struct Slot {
    std::uint32_t stamp = 0;
    std::uint32_t begin = 0, size = 0;   ///< in text_
    std::uint64_t hash = 0;
    std::int32_t value = 0;
  };
  std::size_t place(std::uint64_t hash, std::string_view type, std::string_view key) const;
  void grow();
  std::vector<Slot> slots_;
  std::string text_;
  std::uint32_t stamp_ = 1;
  std::size_t used_ = 0;
};

/// What bytes are to the message's delimiters and to FHIR texts.
class ByteClasses {
 public:
  static constexpr std::uint8_t kDelimiter = 1, kEscape = 2, kControl = 4, kBlank = 8;
  static constexpr std::uint8_t kUnusual = kDelimiter | kEscape | kControl;

  ByteClasses() { start({}); }
  void start(const hl7::Delimiters& delimiters) {
    delimiters_ = delimiters;
    of_.fill(0);
    for (std::size_t c = 0; c < 0x20; ++c) of_[c] = kControl;
    of_[0x7f] = kControl;
    for (char c : {' ', '\t', '\r', '\n'}) at(c) = kBlank;
    at(delimiters.escape) |= kEscape;
    for (char c : {delimiters.component, delimiters.subcomponent, delimiters.repetition}) {
      at(c) |= kDelimiter;
    }
  }
  bool fit(const hl7::Delimiters& delimiters) const { return delimiters_ == delimiters; }
  const std::uint8_t* by_byte() const { return of_.data(); }
  bool is_blank(char c) const { return (of_[static_cast<unsigned char>(c)] & kBlank) != 0; }
  /// All classes of a text's bytes.
  std::uint8_t of(std::string_view text) const {
    std::uint8_t out = 0;
    for (char c : text) out |= of_[static_cast<unsigned char>(c)];
    return out;
  }

 private:
  std::uint8_t& at(char c) { return of_[static_cast<unsigned char>(c)]; }
  hl7::Delimiters delimiters_;
  std::array<std::uint8_t, 256> of_{};
};

/// The children of one value, found in one walk and asked for many times.
struct Split {
  static constexpr int kMax = 24;            ///< children beyond are looked for by hl7::Value
  const char* data = nullptr;
  std::size_t size = 0;
  std::uint32_t message = 0;                 ///< stamp: the buffer may be another message's
  hl7::Value::Level level = hl7::Value::Level::kField;
  int count = 0;
  std::uint64_t mask = 0;                    ///< bit n: child n is not empty
  std::array<std::uint32_t, kMax + 1> begin{};  ///< of child n+1; begin[count] = size + 1
};

class ShapeKeyWriter;

void append_number(std::string& out, std::int32_t number);
void append_mark(std::string& out, std::int32_t draft);   ///< mapper.hpp: kDraftMark

struct Mapper::Impl {
  explicit Impl(std::shared_ptr<const MappingSet> set);

  core::Result<const MapOutput*> map(const hl7::Message& message, const Environment& environment,
                                     Options options);
  core::Result<V2Output> transform(const hl7::Message& message, std::string_view name,
                                   const Environment& environment);

 private:
  struct Sink {
    const Target& target;
    const Rule& rule;
    fhir::Node* object;
    int count = 0;
  };

  // mapper.cpp: the message and its plan
  void start(const hl7::Message& message, const Environment& environment, Options options);
  core::Result<const schema::V2Version*> version_of(const hl7::Message& message);
  void run_rows(Range rows, std::uint32_t group);
  void run_each(const Row& row, std::uint32_t group);
  void run_segments(const Row& row, std::uint32_t group);
  void run_segment(const Row& row, std::uint32_t group, std::uint32_t segment, std::uint32_t end);
  std::uint32_t plan_of_message();
  std::uint64_t fields_present(std::uint32_t segment, std::uint32_t end) const;
  void make(const Row& row, const MapInfo& map);
  void take_parts(const MapInfo& map, fhir::MergePolicy& policy);
  void extend(const Row& row, const MapInfo& map);
  void link(const Row& row, std::int32_t draft);
  std::int32_t predecessor(const Row& row) const;
  bool structure_has(const Row& row);
  void find_unused();

  // transform.cpp: HL7 v2 to HL7 v2
  core::Result<const Transform*> transform_for(std::string_view name) const;
  void stand_on(std::uint32_t segment);
  void run_step(const V2Step& step, V2Draft& draft);
  void run_targets(const V2Step& step, std::uint32_t source, V2Segment& out);
  bool v2_value(const V2Rule& rule, const Val& current, std::string& out);
  bool v2_from(const V2Rule& rule, const Val& current, std::string& out);
  bool v2_piece(const V2Rule& rule, const Val& value, std::string& out);

  // values.cpp: terms, conditions, templates
  template <class F>
  bool visit(const Term& term, const Val& current, F&& each);
  template <class F>
  bool visit_field(const Term& term, std::uint32_t segment, F&& each);
  Val child_of(const Val& value, int component, int subcomponent);
  hl7::Value child(const hl7::Value& value, int n);
  const Split& split(const hl7::Value& value);
  std::uint64_t children_of(const Val& value);
  std::uint32_t segment_of(const Term& term);
  std::uint32_t nearest(std::uint16_t name);
  std::int32_t nearest_made(std::uint16_t name);
  void add_made(std::uint16_t name, std::int32_t draft);
  std::uint32_t segment_at(std::uint16_t name, std::int16_t occurrence);
  std::string_view env(EnvName name) const;
  std::string_view env(const Term& term) const;
  Val first(const Term& term, const Val& current);
  Val first_valued(Range terms, const Val& current);
  bool test(std::uint32_t cond, const Val& current);
  bool compare(const Cond& cond, const Val& current);
  int count(const Term& term, const Val& current);
  std::string_view text_of(const Val& value, std::string& scratch);
  std::string_view whole_text(const Val& value, std::string& scratch);
  bool concat(std::uint32_t index, const Val& current, std::string& out, Val& first_ref);
  bool pieces(std::uint32_t from, std::uint32_t to, const Val& current, std::string& out,
              Val& first_ref, bool& any);
  bool step();

  // recall.cpp: what segments and linked resources gave before
  /// A resource of which is written down what it reads and links to.
  struct Trace {
    const Val* current = nullptr;
    Trace* outer = nullptr;
    Reads* reads = nullptr;
    std::size_t said = 0;   ///< issues and misses before
    std::vector<LinkMade> links;
    bool foreign = false;   ///< reads what no key can hold
    bool grew = false;      ///< has read what was not in `reads`
    bool lost = false;      ///< cannot be kept this time
  };
  using KeyText = std::array<char, kKeyTextMax>;
  /// A question to the memo.
  struct Asked {
    std::uint32_t maker = 0;
    bool open = false;      ///< the answer may be kept
    Reads* reads = nullptr;
    std::uint64_t hash = 0;
    MemoKey key;
    KeyText text;           ///< of the key
  };
  std::string_view context_of_message();
  void note(const Read& read);
  void note_field(const Term& term);
  void note_presence(std::uint64_t fields);
  void note_foreign();
  void note_lost();
  void note_linked(const MapInfo& map, const Val& value, std::int32_t draft);
  std::string_view raw_of(const Read& read, std::uint32_t& segment);
  bool add_read(const Read& read, KeyText& text, std::size_t& size);
  static bool add_text(std::string_view one, KeyText& text, std::size_t& size);
  bool key_of(const Reads& reads, const Val& current, KeyText& text, std::string_view& key);
  std::uint8_t aspect_of(const Val& value) const;
  Recall::State::Found look(Asked& asked, const Val& current);
  fhir::Node* content(const MapInfo& map, const AskedShape& asked);
  fhir::Node* bare(const MapInfo& map);
  fhir::Node* by_rules(const MapInfo& map);
  bool link_again(const Memo& memo, const Memo::Entry& entry, const Reads& reads,
                  const Val& current);
  Trace& begin_trace(const Asked& asked, const Val& current);
  bool end_trace(Trace& trace, const Asked& asked);
  bool find_piece(const Trace& trace, const Val& value, LinkMade& link);
  bool linked_value(const LinkMade& link, const Reads& reads, const Val& current, Val& out);

  // shape.cpp: what segments of one kind become
  void shape_field(const Term& term);
  void shape_env(EnvName name);
  bool shape_condition(std::uint32_t index);
  void shape_seen(const Val& value, bool all);
  void shape_touch(const fhir::Node* node) const;
  void shape_missed(std::string_view code, const Rule& rule, const Origin& at);
  void say_misses(const Shape& shape, std::size_t hole, std::size_t& next);
  std::string_view shape_key(const ShapeSpec& spec, std::uint32_t map);
  void key_field(std::string_view raw, std::uint64_t bytes, std::size_t slot,
                 std::uint32_t segment, ShapeKeyWriter& key);
  ShapeValue shape_value(const fhir::Node* node, Shape& shape);
  bool may_hole(const Rule& rule) const;
  fhir::Node* made(const Rule& rule, const Val& value, const Val& outer, const Term* term);
  bool spot_of(const Val& value, const Term* term, HoleSpot& spot);
  bool find_pieces(const Val& value, HoleSpot& spot) const;
  bool find_spot(const HoleSpot& spot, Val& out);
  hl7::Value piece_of(const HoleSpot& spot) const;
  static bool refers_alone(const Rule& rule);
  AskedShape ask_shape(const MapInfo& map, bool extends = false);
  void begin_shape(const AskedShape& asked);
  fhir::Node* shaped(const MapInfo& map, const AskedShape& asked);
  struct Mark {
    std::size_t drafts = 0, issues = 0, misses = 0;
    std::uint64_t completed = 0;
  };
  Mark mark_here() const;
  void take_back(const Mark& mark);
  fhir::Node* record(const MapInfo& map, const AskedShape& asked);
  void keep_shape(const MapInfo& map, const AskedShape& asked, const fhir::Node* root);
  bool adds_only(const MapInfo& map, const fhir::Node* root, bool known) const;
  void add_part(const MapInfo& map, const fhir::Node* part, fhir::Node* root);
  bool extend_by_shape(const MapInfo& map, fhir::Node* root);
  fhir::Node* filling(Hole& hole, const Rule& rule, const Val& value);
  bool fill(Shape& shape, std::size_t base);
  fhir::Node* instance(const Shape& shape, std::size_t base);
  fhir::Node* play(Shape& shape);

  // shape_keys.cpp: keys by shapes
  AskedShape keys_by_shape(const MapInfo& map);
  bool play_keys(const Shape& shape, const MapInfo& map);
  bool play_key_step(const KeyStep& step, const MapInfo& map);
  bool key_value(const Val& value, const Term& term, bool nested, std::string& out);
  void key_text(std::string_view text);
  void key_step(KeyStep::Kind kind, bool gives = false);
  bool finish_key();
  std::int32_t give_ordinal(const MapInfo& map);

  // escapes.cpp
  void warn_escapes();
  void warn_escapes(const hl7::SegmentView& segment, char mark);

  // eval.cpp: rules
  bool can_yield(const Target& target, const Val& current, std::uint64_t& children);
  void apply(Range targets, fhir::Node* object, const Val& current);
  void complete(Range targets, fhir::Node* object, const Val& current);
  void apply_root(Range targets, fhir::Node* object, const Val& current);
  bool deleted(const Target& target, const Val& current);
  bool present(const Target& target, const fhir::Node* object) const;
  void apply_target(const Target& target, fhir::Node* object, const Val& current);
  bool yield(const Rule& rule, const Val& current, Sink& sink);
  fhir::Node* plain_leaf(Prim prim, const hl7::Value& piece);
  bool yield_plain(const Rule& rule, const Val& current, Sink& sink);
  void yield_from(const Rule& rule, const Val& current, Sink& sink);
  void yield_joined(const Rule& rule, const Val& current, Sink& sink);
  void place(Sink& sink, fhir::Node* node);
  void place_as_sent(fhir::Node* parent, std::string_view member, std::string_view as_sent);
  fhir::Node* walk(Range steps, fhir::Node* object);
  fhir::Node* own_list(fhir::Node* object, std::string_view name);
  fhir::Node* own_item(fhir::Item* item);
  fhir::Node* build(const Rule& rule, const Val& value, const Val& outer);
  fhir::Node* primitive(const Rule& rule, const Val& value, const Val& outer);
  fhir::Node* reference(const Rule& rule, const Val& value);
  fhir::Node* complex(const Rule& rule, const Val& value, const Val& outer);
  template <class F>
  fhir::Node* once(std::size_t maker, const Val& value, F&& make);
  fhir::Node* make_complex(const Rule& rule, const Val& value, const Val& outer);
  fhir::Node* make_complex_open(const Rule& rule, const Val& value, const Val& outer);
  fhir::Node* run_datatype(const MapInfo& map, const Val& value);
  fhir::Node* make_primitive(const MapInfo& map, const Val& value);
  fhir::Node* run_primitive_map(const MapInfo& map, const Val& value);
  fhir::Node* coding_literal(const Rule& rule, const Val& value);
  fhir::Node* coding(const Rule& rule, std::string_view system, std::string_view code,
                     std::string_view display, const Val& from);
  fhir::Node* translate(const Rule& rule, fhir::Node* built, const Val& value);
  bool has_member(const fhir::Node* object, std::string_view name) const;
  bool choice_taken(const fhir::Node* object, std::string_view base,
                    std::string_view member) const;
  bool has_path(const fhir::Node* object, Range path) const;
  bool satisfied(const fhir::Node* object, Range paths) const;
  void warn_dropped(const Term& term);

  // leaf.cpp: values into leaves
  fhir::Node* leaf(const Rule& rule, Prim prim, std::string_view text, const Val& from);
  fhir::Node* text_leaf(Prim prim, std::string_view text);
  fhir::Node* time_leaf(const Rule& rule, Prim prim, std::string_view text, const Val& from);
  fhir::Node* integer_leaf(Prim prim, std::string_view text);
  fhir::Node* function_leaf(const Rule& rule, const Val& value, const Val& outer);
  fhir::Node* base64_leaf(const Rule& rule, std::string_view text);
  fhir::Node* ed_data(const Rule& rule, const Val& value);
  fhir::Node* sampled(const Rule& rule, const Val& current);
  fhir::Node* range_leaf(const Rule& rule, std::string_view text);
  fhir::Node* literal(std::string_view text, const Rule& rule);
  fhir::Node* mark(fhir::Node* node, const Rule& rule, const Val& from);
  const VocabRow* look_up(const Rule& rule, const Val& value);
  void missed(const Vocab& vocab, std::string_view code, const Rule& rule, const Val& value);
  void say_missed(const Vocab& vocab, std::string_view code, std::uint32_t info, const Origin& at);
  std::size_t said_so_far() const { return out_.issues.size() + out_.vocab_misses.size(); }
  void issue(core::ErrorCode code, const Origin& at, std::string_view text,
             hl7::Severity severity = hl7::Severity::kWarning);

  // keys.cpp: identity
  bool authority(const Val& hd, bool only_registered, std::string& out);
  bool authority_parts(const Val& name, const Val& universal, const Val& type, bool only_registered,
                       std::string& out);
  void append_authority(const Val& hd, std::string& out);
  template <class F>
  bool key_once(std::size_t maker, const Val& value, std::string& part, std::string& out, F&& make);
  void append_value(const Val& value, bool nested, std::string& out);
  bool qualified(const Val& value, bool nested, std::string& out);
  bool place_key(const Val& value, std::string& out);
  bool make_qualified(const Val& value, bool nested, std::string& out);
  bool part(const KeyPart& part, bool nested, const Val& current, std::string& out,
            bool& is_resource);
  void keys_of(const MapInfo& map, const Val& current);
  bool rung(const Rung& rung, const MapInfo& map, const Val& current);
  void add_key(std::string_view key);
  /// The current keys, while rules make further resources and so other keys.
  struct HeldKeys {
    std::vector<std::string> keys;
    std::size_t count = 0;
    bool inferred = false;
  };
  HeldKeys hold_keys();
  void put_back(HeldKeys&& held);
  std::vector<std::string> spare_keys();
  std::string_view content_key(const MapInfo& map, const fhir::Node* root, std::int32_t patient);
  std::int32_t make_linked(const MapInfo& map, const Val& value);
  struct LinkedBefore;
  const LinkedBefore* linked_before(std::uint32_t map, const Val& value) const;
  std::int32_t linked(const MapInfo& map, const Val& value);
  std::int32_t known_linked(const MapInfo& map, const Val& value);
  /// What a linked resource was.
  enum class Linked : std::uint8_t {
    kNew,                    ///< made of the value
    kKnown,                  ///< made before in this message, under the same key
    kOnce,                   ///< of this message alone
  };
  std::int32_t new_linked(const MapInfo& map, const Val& value, Linked& how);
  std::int32_t recalled_linked(const MapInfo& map, const Val& value, const Asked& asked,
                               const Recall::State::Found& found);
  std::int32_t traced_linked(const MapInfo& map, const Val& value, const Asked& asked);
  std::int32_t completed_linked(const MapInfo& map, const Asked& asked);
  bool keep_completion(const MapInfo& map, const Asked& asked, std::int32_t draft);
  std::int32_t remember(const MapInfo& map, const Val& value, const Asked& asked,
                        std::int32_t draft);
  const fhir::Node* recall_keys(const fhir::Node* recalled);
  const fhir::Node* to_recall(const fhir::Node* root, std::span<const std::string> keys);
  std::int32_t add_draft(const MapInfo& map, fhir::Node* root, std::string_view made_as);
  std::int32_t patient_here();
  fhir::Node* shared_reference(std::int32_t draft);
  fhir::Node* reference_to(std::int32_t draft, const Rule* rule, const Val& from);

  std::shared_ptr<const MappingSet> set_;
  const MappingSet::Impl& impl_;
  const Program& p_;
  MapOutput out_;
  schema::GroupTree tree_;
  MessageIndex index_;
  Offsets offsets_;
  KeyTable drafts_by_key_;             ///< -1: was taken back
  KeyTable ordinals_;
  std::uint64_t ordinals_given_ = 0, completed_ = 0;   ///< of all messages: what cannot be undone

  // Of the message being mapped.
  const hl7::Message* message_ = nullptr;
  const Environment* env_ = nullptr;
  Options options_;
  hl7::Header header_;
  std::string_view structure_;
  const schema::StructureDef* structure_def_ = nullptr;
  std::string plan_for_;                    ///< structure, type and trigger of `plan_`
  std::uint32_t plan_ = kNil;
  std::uint64_t steps_ = 0;
  bool aborted_ = false;
  std::uint16_t patient_name_ = 0xffff;
  std::vector<std::vector<bool>> used_;     ///< explain: fields read, by segment

  // Of the row being run.
  struct Here {
    std::uint32_t segment = 0, run_end = 0, group = 0, scope = 0;
    std::uint16_t name = 0xffff;
    std::uint32_t stamp = 0;
    bool has_segment = false;
    std::uint64_t fields = ~0ull;        ///< bit n: field n is not empty
  };
  Here here_;
  static constexpr std::size_t kSplits = 32;
  std::array<Split, kSplits> splits_;
  std::uint32_t message_stamp_ = 0;
  Recall own_recall_;
  Recall::State* recall_ = nullptr;
  ByteClasses classes_;
  DelimiterBits delimiter_bits_;
  Makers makers_;
  Trace* trace_ = nullptr;             ///< of the resource that is made now, when it is traced
  std::vector<std::unique_ptr<Trace>> traces_;
  std::size_t trace_depth_ = 0;
  ShapeTrace* shape_ = nullptr;        ///< of the resource that is made now, when it is recorded
  ShapeTrace shape_trace_;
  std::vector<char> shape_key_buffer_;
  ShapePieces shape_pieces_;           ///< of the last key
  struct LastTime {
    Prim prim = Prim::kComplex;
    std::string text, out;
  };
  LastTime last_time_;
  /// A resource linked in this message, made of nothing but that value.
  struct LinkedBefore {
    std::uint32_t map = 0;
    std::uint8_t aspect = 0;
    std::string_view value;            ///< in the message
    std::int32_t draft = -1;
  };
  std::vector<LinkedBefore> linked_before_;
  std::uint32_t count_before_ = 0;     ///< members of the draft that was last completed
  std::vector<fhir::Node*> references_;   ///< by draft, once one was asked for
  std::vector<fhir::Node*> filled_;    ///< holes of the shapes that are played
  std::vector<std::int32_t> made_before_;   ///< by links of what runs now, last first
  std::string context_;
  std::string_view as_sent_;           ///< of the time just written, which claims more
  bool more_than_value_ = false;       ///< what runs now has used more than the value
  bool refers_again_ = false;          ///< the last reference follows from its value in a message
  struct Cached {
    std::uint32_t stamp = 0, segment = kNil;
  };
  std::vector<Cached> segment_cache_;
  struct CachedDraft {
    std::uint32_t stamp = 0;
    std::int32_t draft = -1;
  };
  std::vector<CachedDraft> draft_cache_;   ///< by resource name
  std::uint32_t stamp_ = 0;
  std::vector<std::pair<const schema::StructureDef*, bool>> row_groups_;

  // Scratch, reused.
  std::string scratch_, scratch2_, joined_, lowered_, key_text_, key_part_, mark_text_;
  std::string authority_part_, uri_;
  std::vector<std::string> keys_;
  std::size_t key_count_ = 0;
  bool inferred_ = false;
  std::vector<std::vector<std::string>> key_pool_;
  struct Ordinal {
    std::size_t begin = 0, size = 0;   ///< of its text in ordinal_texts_
    std::int32_t number = 0;
  };
  std::vector<Ordinal> ordinals_here_;   ///< given to the keys that are played
  std::string ordinal_texts_;
};

}  // namespace mapping
