#include <mapping/mapper.hpp>

#include <algorithm>
#include <optional>

#include "visit.hpp"

/// A message through its plan.
namespace mapping {

using fhir::Node;

Mapper::Mapper(std::shared_ptr<const MappingSet> set)
    : impl_(std::make_unique<Impl>(std::move(set))) {}
Mapper::~Mapper() = default;

core::Result<const MapOutput*> Mapper::map(const hl7::Message& message,
                                           const Environment& environment, Options options) {
  return impl_->map(message, environment, options);
}

core::Result<V2Output> Mapper::transform(const hl7::Message& message, std::string_view name,
                                         const Environment& environment) {
  return impl_->transform(message, name, environment);
}

Mapper::Impl::Impl(std::shared_ptr<const MappingSet> set)
    : set_(std::move(set)), impl_(set_->impl()), p_(impl_.program), makers_(p_) {
  index_.prepare(p_);
  segment_cache_.resize(p_.segments.size());
  draft_cache_.resize(p_.resources.size());
  row_groups_.resize(p_.rows.size());
  for (std::size_t i = 0; i < p_.resources.size(); ++i) {
    if (p_.resources[i] == "patient") patient_name_ = static_cast<std::uint16_t>(i);
  }
}

void Mapper::Impl::start(const hl7::Message& message, const Environment& environment,
                         Options options) {
  for (Draft& draft : out_.drafts) key_pool_.push_back(std::move(draft.keys));
  out_.drafts.clear();
  out_.document.reset();
  out_.lineage.clear();
  out_.vocab_misses.clear();
  out_.issues.clear();
  out_.unused_fields.clear();
  out_.wrote.clear();
  message_ = &message;
  if (!classes_.fit(message.delimiters())) classes_.start(message.delimiters());
  delimiter_bits_.start(message.text(), message.delimiters());
  env_ = &environment;
  ++message_stamp_;
  options_ = options;
  options_.lineage |= options.explain;
  header_ = hl7::read_header(message);
  steps_ = 0;
  aborted_ = false;
  references_.clear();
  linked_before_.clear();
  last_time_.prim = Prim::kComplex;    // the zone may be another
  drafts_by_key_.clear();
  ordinals_.clear();
  if (options_.explain) {
    used_.assign(message.segment_count(), {});
    out_.wrote.assign(impl_.infos.size(), false);
  }
  std::optional<int> offset;
  std::string scratch;
  const auto sent = parse_stamp(header_.date_time.child(1).text(scratch));
  if (sent && sent->has_offset) offset = sent->offset_seconds;
  offsets_.start(environment.zone, offset);
  recall_ = options.recall ? options.recall->state_.get() : own_recall_.state_.get();
  recall_->start(set_, environment, context_of_message(), makers_);
  out_.recalled = recall_->both;
}

core::Result<const schema::V2Version*> Mapper::Impl::version_of(const hl7::Message& message) {
  const char component = message.delimiters().component;
  const std::string_view id = header_.version.substr(0, header_.version.find(component));
  const schema::V2Version* version = id.empty() ? &impl_.v2->newest() : impl_.v2->version(id);
  if (!version) {
    return core::fail(core::ErrorCode::kUnsupportedVersion, "not an HL7 version 2 message",
                      "MSH-12");
  }
  // MSH-9.3 says the structure; old versions leave it to type and event.
  structure_def_ = header_.structure.empty() ? nullptr : version->structure(header_.structure);
  if (!structure_def_) {
    const std::string_view known = version->structure_id(header_.type, header_.trigger);
    if (!known.empty()) structure_def_ = version->structure(known);
  }
  if (!structure_def_) {
    const schema::V2Version& newest = impl_.v2->newest();
    const std::string_view known = newest.structure_id(header_.type, header_.trigger);
    if (!known.empty()) structure_def_ = newest.structure(known);
    if (!structure_def_ && !header_.structure.empty()) {
      structure_def_ = newest.structure(header_.structure);
    }
  }
  structure_ = structure_def_ ? std::string_view(structure_def_->id) : header_.structure;
  return version;
}

/// A feed sends few types, mostly in runs.
std::uint32_t Mapper::Impl::plan_of_message() {
  scratch_ = structure_;
  ((scratch_ += '\r') += header_.type) += '\r';
  scratch_ += header_.trigger;
  if (scratch_ != plan_for_) {
    plan_for_ = scratch_;
    plan_ = impl_.plan_of(structure_, header_.type, header_.trigger);
  }
  return plan_;
}

core::Result<const MapOutput*> Mapper::Impl::map(const hl7::Message& message,
                                                 const Environment& environment, Options options) {
  start(message, environment, options);
  const auto version = version_of(message);
  if (!version) return core::fail(version.error());
  out_.structure = structure_;
  const std::uint32_t plan = plan_of_message();
  if (plan == kNil) {
    return core::fail(core::ErrorCode::kNotMapped, "no plan accepts this message type", "MSH-9");
  }
  if (structure_def_) {
    schema::group(message, *structure_def_, tree_, out_.issues);
  } else {
    // Without a structure everything stands in one group; nearest still means nearest.
    tree_.groups.assign(1, {});
    tree_.group_of.assign(message.segment_count(), 0);
  }
  index_.build(message, tree_);
  run_rows(p_.plans[plan].rows, 0);
  if (aborted_) {
    return core::fail(core::ErrorCode::kNotMapped,
                      "the message asks for more work than one message may");
  }
  warn_escapes();
  if (options_.explain) find_unused();
  return &out_;
}

void Mapper::Impl::run_rows(Range rows, std::uint32_t group) {
  for (std::uint32_t i = rows.first; i < rows.end() && !aborted_; ++i) {
    const Row& row = p_.rows[p_.row_order[i]];
    if (row.kind == Row::Kind::kEach) {
      run_each(row, group);
    } else {
      run_segments(row, group);
    }
  }
}

namespace {

bool names_group(const schema::StructureNode& node, const Program& p, Range names) {
  if (node.is_group) {
    for (std::uint32_t i = names.first; i < names.end(); ++i) {
      if (node.name == p.texts[i]) return true;
    }
  }
  return std::any_of(node.children.begin(), node.children.end(),
                     [&](const schema::StructureNode& c) { return names_group(c, p, names); });
}

bool is_named(const schema::StructureNode* def, const Program& p, Range names) {
  if (!def || !def->is_group) return false;
  for (std::uint32_t i = names.first; i < names.end(); ++i) {
    if (def->name == p.texts[i]) return true;
  }
  return false;
}

}  // namespace

bool Mapper::Impl::structure_has(const Row& row) {
  if (!structure_def_) return false;
  auto& [structure, has] = row_groups_[row.id];
  if (structure != structure_def_) {
    structure = structure_def_;
    has = names_group(structure_def_->root, p_, row.groups);
  }
  return has;
}

void Mapper::Impl::run_each(const Row& row, std::uint32_t group) {
  const auto enter = [&](std::uint32_t inner) {
    here_ = {};
    here_.group = here_.scope = inner;
    here_.stamp = ++stamp_;
    if (row.when != kNil && !test(row.when, Val())) return;
    run_rows(row.rows, inner);
  };
  // A structure without such groups is flat: its segments find each other by nearness.
  if (!structure_has(row)) return enter(group);
  for (std::uint32_t at = index_.order(group); at <= index_.last(group) && !aborted_; ++at) {
    const std::uint32_t inner = index_.group_at(at);
    if (!is_named(tree_.groups[inner].def, p_, row.groups)) continue;
    enter(inner);
    at = index_.last(inner);
  }
}

void Mapper::Impl::run_segments(const Row& row, std::uint32_t group) {
  const auto found = index_.segments(row.segment, group);
  std::size_t number = 0;
  for (std::size_t i = 0; i < found.size() && !aborted_; ++i) {
    const std::uint32_t segment = found[i].segment;
    std::uint32_t end = segment + 1;
    if (row.one_per_run) {
      while (i + 1 < found.size() && found[i + 1].segment == end &&
             found[i + 1].order == found[i].order) {
        ++end;
        ++i;
      }
    }
    const std::uint32_t own = index_.group_of(segment);
    if (row.groups.count != 0 &&
        is_named(tree_.groups[own].def, p_, row.groups) == row.outside) {
      continue;
    }
    if (row.nth != 0 && ++number != row.nth) continue;
    run_segment(row, group, segment, end);
  }
}

void Mapper::Impl::run_segment(const Row& row, std::uint32_t group, std::uint32_t segment,
                               std::uint32_t end) {
  here_ = {};
  here_.segment = segment;
  here_.run_end = end;
  here_.group = index_.group_of(segment);
  here_.scope = group;
  here_.name = row.segment;
  here_.stamp = ++stamp_;
  here_.has_segment = true;
  const std::uint64_t present = fields_present(segment, end);
  // Explained runs ask all the same: what was looked at and not there is told.
  const bool may_hold = row.presence.always || options_.explain ||
                        (row.presence.fields & present) != 0;
  if (row.when != kNil && (!may_hold || !test(row.when, Val()))) return;
  const MapInfo& map = p_.maps[row.map];
  if (map.segment == row.segment) here_.fields = present;
  if (row.extend != 0xffff || row.extend_previous) {
    extend(row, map);
  } else {
    make(row, map);
  }
}

std::uint64_t Mapper::Impl::fields_present(std::uint32_t segment, std::uint32_t end) const {
  std::uint64_t out = 0;
  for (; segment < end; ++segment) out |= index_.fields(segment);
  return out;
}

void Mapper::Impl::make(const Row& row, const MapInfo& map) {
  const AskedShape shape = keys_by_shape(map);
  if (row.need_key && key_count_ == 0) return;
  std::int32_t draft = -1;
  if (key_count_ != 0) {
    if (const std::int32_t* known = drafts_by_key_.find(map.type, keys_[0])) draft = *known;
  }
  if (draft >= 0) {
    complete(map.targets, out_.drafts[static_cast<std::size_t>(draft)].root, Val());
  } else {
    HeldKeys own = hold_keys();
    Node* root = content(map, shape);
    put_back(std::move(own));
    if (!satisfied(root, map.need)) {
      Origin at;
      at.segment = here_.segment;
      issue(core::ErrorCode::kRequiredFieldMissing, at,
            "a resource without what it needs was left out");
      return;
    }
    if (key_count_ == 0) {
      const std::string_view key = content_key(map, root, patient_here());
      if (const std::int32_t* known = drafts_by_key_.find(map.type, key)) draft = *known;
      add_key(key);
    }
    if (draft < 0) draft = add_draft(map, root, p_.resources[row.make]);
  }
  fhir::MergePolicy& policy = out_.drafts[static_cast<std::size_t>(draft)].policy;
  policy.unite_person |= row.unite_person;
  take_parts(map, policy);
  if (row.keep.count != 0) {
    policy.keep = std::span(p_.texts).subspan(row.keep.first, row.keep.count);
  }
  add_made(row.make, draft);
  link(row, draft);
}

/// What the fields that make some items of a list say of them.
void Mapper::Impl::take_parts(const MapInfo& map, fhir::MergePolicy& policy) {
  if (map.parts.count == 0) return;
  policy.parts = std::span(p_.parts).subspan(map.parts.first, map.parts.count);
  policy.parts_empty = policy.parts_gone = 0;
  for (std::uint32_t i = 0; i < map.parts.count; ++i) {
    const PartConds& conds = p_.part_conds[map.parts.first + i];
    if (test(conds.deleted, Val())) {
      policy.parts_gone |= 1u << i;
    } else if (test(conds.empty, Val())) {
      policy.parts_empty |= 1u << i;
    }
  }
}

/// The segment whose resource a note belongs to: the one before the run, passing over segments of
/// the same group that made nothing.
std::int32_t Mapper::Impl::predecessor(const Row& row) const {
  const std::uint32_t own = here_.group;
  for (std::uint32_t at = here_.segment; at-- > 0;) {
    if (index_.name_of(at) == here_.name) continue;
    const std::int32_t any = index_.made_by(at, 0xffff);
    if (any >= 0) return row.extend_previous ? any : index_.made_by(at, row.extend);
    if (!index_.inside(index_.group_of(at), own)) return -1;
  }
  return -1;
}

void Mapper::Impl::extend(const Row& row, const MapInfo& map) {
  const std::int32_t draft = row.by_predecessor
                                 ? predecessor(row)
                                 : nearest_made(row.extend);
  if (draft < 0) return;
  Draft& target = out_.drafts[static_cast<std::size_t>(draft)];
  if (target.type != map.type) return;
  Node* const root = target.root;
  if (!extend_by_shape(map, root)) apply_root(map.targets, root, Val());
  // A note after a segment that only extends (PV2, a document's OBX) belongs to what it extends.
  const bool named = !row.by_predecessor && row.extend != 0xffff;
  if (named && index_.made_by(here_.segment, 0xffff) < 0) {
    add_made(row.extend, draft);
  }
  link(row, draft);
}

void Mapper::Impl::link(const Row& row, std::int32_t draft) {
  for (std::uint32_t i = row.links.first; i < row.links.end(); ++i) {
    const Link& link = p_.links[i];
    const std::int32_t owner = nearest_made(link.name);
    if (owner < 0) continue;
    Rule rule;
    rule.info = link.info;
    rule.member = link.member;
    Target target;
    target.steps = link.steps;
    target.repeats = link.repeats;
    Sink sink{target, rule, out_.drafts[static_cast<std::size_t>(owner)].root};
    Val from;
    from.at.segment = here_.segment;
    place(sink, reference_to(draft, &rule, from));
  }
}

void Mapper::Impl::find_unused() {
  for (std::uint32_t s = 0; s < message_->segment_count(); ++s) {
    const hl7::SegmentView segment = message_->segment(s);
    // The engine itself reads delimiters, type, control id, processing id and version.
    static constexpr int kEngine[] = {1, 2, 9, 10, 11, 12, 15, 16, 18};
    for (int f = 1; f <= segment.field_count(); ++f) {
      const auto at = static_cast<std::size_t>(f);
      if (at < used_[s].size() && used_[s][at]) continue;
      if (segment.name() == "MSH" &&
          std::find(std::begin(kEngine), std::end(kEngine), f) != std::end(kEngine)) {
        continue;
      }
      if (!segment.field(f).valued()) continue;
      hl7::Location location;
      location.segment = segment.name();
      location.occurrence = segment.occurrence();
      location.field = f;
      out_.unused_fields.push_back(std::move(location));
    }
  }
}

}  // namespace mapping
