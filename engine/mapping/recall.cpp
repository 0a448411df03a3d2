#include <algorithm>
#include <cstring>

#include "visit.hpp"

/// What segments and linked resources gave before, for the same reads. While a resource is made,
/// the fields, %names and resources that it reads are written down; they become the key under which
/// it is kept, and once they are known it need not be made again for values that were seen. Keys
/// hold everything that was read, so results never differ from running the rules.
namespace mapping {

using fhir::Node;

/// What results depend on besides their reads: delimiters, the offset of local times, and the
/// facility that stands in for a missing authority.
std::string_view Mapper::Impl::context_of_message() {
  const hl7::Delimiters& d = message_->delimiters();
  context_.clear();
  for (char c : {d.field, d.component, d.repetition, d.escape, d.subcomponent, d.truncation}) {
    context_ += c;
  }
  const std::optional<int> offset = offsets_.fixed();
  const int seconds = offset.value_or(0);
  std::array<char, sizeof seconds> bytes;
  std::memcpy(bytes.data(), &seconds, bytes.size());
  context_ += offset ? '=' : 'z';
  context_.append(bytes.data(), bytes.size());
  if (d.hex_charset) context_ += d.hex_charset;
  context_ += d.field;
  context_ += header_.sending_facility.child(1).raw();
  return context_;
}

void Mapper::Impl::note(const Read& read) {
  for (Trace* trace = trace_; trace; trace = trace->outer) {
    const std::uint8_t before = trace->reads->count;
    if (!trace->reads->add(read)) trace->foreign = true;
    trace->grew |= trace->reads->count != before;
  }
}

void Mapper::Impl::note_foreign() {
  more_than_value_ = true;
  if (shape_) shape_->never = true;
  for (Trace* trace = trace_; trace; trace = trace->outer) trace->foreign = true;
}

void Mapper::Impl::note_lost() {
  if (shape_) shape_->lost = true;
  for (Trace* trace = trace_; trace; trace = trace->outer) trace->lost = true;
}

void Mapper::Impl::note_field(const Term& term) {
  if (term.occurrence != 0) return note_foreign();
  // A run of segments is read as one; a key knows single ones.
  if (here_.has_segment && term.segment == here_.name && here_.run_end != here_.segment + 1) {
    note_lost();
  }
  note({Read::Kind::kField, term.segment, term.field});
}

/// What is passed over because it is not there has been read as well.
void Mapper::Impl::note_presence(std::uint64_t fields) {
  if (shape_) shape_->spec->add_own(fields);
  if (!trace_) return;
  if (!here_.has_segment || here_.run_end != here_.segment + 1) note_lost();
  for (std::int16_t n = 1; n < kPresenceBits; ++n) {
    if ((fields >> n & 1) != 0) note({Read::Kind::kField, here_.name, n});
  }
}

/// The field of a read, empty when its segment is not there.
std::string_view Mapper::Impl::raw_of(const Read& read, std::uint32_t& segment) {
  segment = nearest(read.name);
  return segment == kNil ? std::string_view() : message_->segment(segment).field(read.field).raw();
}

/// Appends a text with its length.
bool Mapper::Impl::add_text(std::string_view one, KeyText& text, std::size_t& size) {
  const auto length = static_cast<std::uint16_t>(one.size());
  if (one.size() > text.size() || size + sizeof length + one.size() > text.size()) return false;
  std::memcpy(text.data() + size, &length, sizeof length);
  if (!one.empty()) std::memcpy(text.data() + size + sizeof length, one.data(), one.size());
  size += sizeof length + one.size();
  return true;
}

bool Mapper::Impl::add_read(const Read& read, KeyText& text, std::size_t& size) {
  std::int32_t number = 0;
  std::string_view one(reinterpret_cast<const char*>(&number), sizeof number);
  std::uint32_t segment = 0;
  switch (read.kind) {
    case Read::Kind::kField:
      if (here_.has_segment && read.name == here_.name && here_.run_end != here_.segment + 1) {
        return false;
      }
      one = raw_of(read, segment);
      break;
    case Read::Kind::kEnv: one = env(static_cast<EnvName>(read.name)); break;
    case Read::Kind::kResource:
      number = nearest_made(read.name);
      break;
    case Read::Kind::kDrafts: number = static_cast<std::int32_t>(out_.drafts.size()); break;
  }
  return add_text(one, text, size);
}

/// All of the reads as they are now; false when they are too long to be kept.
bool Mapper::Impl::key_of(const Reads& reads, const Val& current, KeyText& text,
                          std::string_view& key) {
  std::size_t size = 0;
  if (current.kind == Val::Kind::kHl7) {
    const std::string_view raw = current.v.raw();
    if (raw.size() + 2 > text.size()) return false;
    text[size++] = static_cast<char>(aspect_of(current));
    std::memcpy(text.data() + size, raw.data(), raw.size());
    size += raw.size();
    text[size++] = '\r';   // ends every value: no segment holds one
  } else if (current.kind != Val::Kind::kNone) {
    return false;
  }
  for (std::uint8_t i = 0; i < reads.count; ++i) {
    if (!add_read(reads.all[i], text, size)) return false;
  }
  key = {text.data(), size};
  return true;
}

/// Looks for what the maker gave for the same reads. Without result: `open` says whether it may be
/// traced and kept.
Recall::State::Found Mapper::Impl::look(Asked& asked, const Val& current) {
  // While resources that were just made wait to be taken, no trace would see all its links.
  if (options_.lineage || shape_ || !made_before_.empty()) return {};
  if (!recall_->worth(asked.maker)) return {};
  asked.reads = &recall_->reads_by(asked.maker - makers_.roots);
  asked.key = {asked.maker, recall_->context, asked.reads->count, {}};
  if (!key_of(*asked.reads, current, asked.text, asked.key.value)) return {};
  asked.hash = asked.key.hash();
  const auto found = recall_->find(asked.hash, asked.key);
  asked.open = found || recall_->again(asked.hash);
  if (found) {
    more_than_value_ |= asked.reads->count != 0;
    for (std::uint8_t i = 0; trace_ && i < asked.reads->count; ++i) note(asked.reads->all[i]);
  }
  return found;
}

/// A resource with its type alone.
Node* Mapper::Impl::bare(const MapInfo& map) {
  Node* root = out_.document.object();
  out_.document.add(root, "resourceType", out_.document.string(map.type, false));
  return root;
}

/// A new resource of the current segment, by running every rule.
Node* Mapper::Impl::by_rules(const MapInfo& map) {
  Node* root = bare(map);
  apply_root(map.targets, root, Val());
  return root;
}

/// A new resource of the current segment.
Node* Mapper::Impl::content(const MapInfo& map, const AskedShape& shape) {
  if (shape.spec) return shaped(map, shape);
  [[clang::uninitialized]] Asked asked;
  asked.maker = makers_.roots + static_cast<std::uint32_t>(&map - p_.maps.data());
  const Val current;
  const auto found = look(asked, current);
  if (found) {
    const Memo::Entry entry = *found.entry;
    if (link_again(*found.memo, entry, *asked.reads, current)) {
      return out_.document.unshare(entry.node);
    }
    return by_rules(map);
  }
  if (!asked.open) {
    const AskedShape late = ask_shape(map);
    if (late.spec && !late.known) begin_shape(late);
    return shaped(map, late);
  }
  Trace& trace = begin_trace(asked, current);
  Node* root = by_rules(map);
  if (end_trace(trace, asked)) {
    recall_->memo->keep(asked.hash, asked.key, root, trace.links);
  }
  return root;
}

/// Makes the resources again that were linked when the entry was kept. @return false when one has
/// another number now: the kept nodes refer to something else. What is run instead takes those that
/// have just been made.
bool Mapper::Impl::link_again(const Memo& memo, const Memo::Entry& entry, const Reads& reads,
                              const Val& current) {
  [[clang::uninitialized]] std::array<std::int32_t, kLinksMax> made;
  for (std::size_t i = 0; i < entry.link_count; ++i) {
    const LinkMade link = memo.links(entry)[i];
    Val value;
    const bool there = linked_value(link, reads, current, value);
    if (there) made[i] = make_linked(p_.maps[link.map], value);
    if (there && made[i] == link.draft) continue;
    made_before_.assign(made.begin(),
                        made.begin() + static_cast<std::ptrdiff_t>(i) + (there ? 1 : 0));
    std::reverse(made_before_.begin(), made_before_.end());
    return false;
  }
  return true;
}

Mapper::Impl::Trace& Mapper::Impl::begin_trace(const Asked& asked, const Val& current) {
  if (trace_depth_ == traces_.size()) traces_.push_back(std::make_unique<Trace>());
  Trace& trace = *traces_[trace_depth_++];
  trace.outer = trace_;
  trace.current = &current;
  trace.reads = asked.reads;
  trace.links.clear();
  trace.said = said_so_far();
  trace.foreign = trace.grew = trace.lost = false;
  trace_ = &trace;
  return trace;
}

/// @return whether the results may be kept under the key that was asked for.
bool Mapper::Impl::end_trace(Trace& trace, const Asked& asked) {
  trace_ = trace.outer;
  --trace_depth_;
  if (trace.foreign) recall_->uses[asked.maker].never = true;
  return !trace.foreign && !trace.grew && !trace.lost && !aborted_ &&
         trace.said == said_so_far();
}

/// A resource was linked by what is traced: the next time it is made again, of the same piece of
/// the message, and has to get the same number.
void Mapper::Impl::note_linked(const MapInfo& map, const Val& value, std::int32_t draft) {
  for (Trace* trace = trace_; trace; trace = trace->outer) {
    LinkMade link;
    if (!find_piece(*trace, value, link)) {
      trace->foreign = true;
      continue;
    }
    link.map = static_cast<std::uint32_t>(&map - p_.maps.data());
    link.draft = draft;
    link.level = static_cast<std::uint8_t>(value.v.level());
    link.key = static_cast<std::uint8_t>(value.key);
    link.whole_text = value.whole_text;
    link.repetition = value.at.repetition;
    link.component = value.at.component;
    link.subcomponent = value.at.subcomponent;
    trace->links.push_back(link);
    trace->lost |= trace->links.size() > kLinksMax;
  }
  if (trace_) note({Read::Kind::kDrafts, 0, 0});
}

/// Where in its reads the value stands.
bool Mapper::Impl::find_piece(const Trace& trace, const Val& value, LinkMade& link) {
  if (value.kind != Val::Kind::kHl7) return false;
  const std::string_view raw = value.v.raw();
  const auto inside = [&](std::string_view whole) {
    const auto from = reinterpret_cast<std::uintptr_t>(whole.data());
    const auto at = reinterpret_cast<std::uintptr_t>(raw.data());
    if (at < from || at + raw.size() > from + whole.size() || whole.size() > 0xffff) return false;
    link.offset = static_cast<std::uint16_t>(at - from);
    link.size = static_cast<std::uint16_t>(raw.size());
    return true;
  };
  link.read = LinkMade::kOfValue;
  if (trace.current->kind == Val::Kind::kHl7 && inside(trace.current->v.raw())) {
    return true;
  }
  for (std::uint8_t i = 0; i < trace.reads->count; ++i) {
    std::uint32_t segment = 0;
    const Read& read = trace.reads->all[i];
    link.read = i;
    if (read.kind == Read::Kind::kField && inside(raw_of(read, segment)) &&
        segment == value.at.segment) {
      return true;
    }
  }
  return false;
}

bool Mapper::Impl::linked_value(const LinkMade& link, const Reads& reads, const Val& current,
                                Val& out) {
  std::string_view whole;
  if (link.read == LinkMade::kOfValue) {
    whole = current.v.raw();
    out.at = current.at;
  } else {
    whole = raw_of(reads.all[link.read], out.at.segment);
    out.at.field = reads.all[link.read].field;
    out.at.repetition = link.repetition;
  }
  if (std::size_t{link.offset} + link.size > whole.size()) return false;
  out.kind = Val::Kind::kHl7;
  out.v = hl7::Value(whole.substr(link.offset, link.size),
                     static_cast<hl7::Value::Level>(link.level), &message_->delimiters());
  out.key = static_cast<KeyKind>(link.key);
  out.whole_text = link.whole_text;
  out.at.component = link.component;
  out.at.subcomponent = link.subcomponent;
  return true;
}

}  // namespace mapping
