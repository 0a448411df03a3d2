#include "v2_facts.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mapping {

namespace {

void add_once(V2Types& types, std::string_view type) {
  if (type.empty() || type == "-" || type == "VARIES" || type == "*" || type == "varies") return;
  if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
}

void add_once(std::vector<const schema::StructureDef*>& all, const schema::StructureDef* one) {
  if (one && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

/// Fields that no edition of the schemas lists: those of 2.8.2 and 2.9, and the parameters that a
/// query's own definition lays out behind QPD-3 ("user parameters, in successive fields").
struct LaterField {
  std::string_view segment;
  std::size_t number;
  std::string_view type;
};
constexpr LaterField kLaterFields[] = {
    {"PRT", 16, "EI"},  {"PRT", 17, "DTM"}, {"PRT", 18, "DTM"}, {"PRT", 19, "ST"},
    {"PRT", 20, "ST"},  {"PRT", 21, "EI"},  {"PRT", 22, "CNE"}, {"OBX", 26, "ID"},
    {"OBX", 27, "CWE"}, {"OBX", 28, "CWE"}, {"OBX", 29, "ID"},  {"OBX", 30, "ID"},
    {"OBX", 31, "ID"},  {"OBX", 32, "CWE"}, {"OBX", 33, "EIP"}, {"QPD", 4, "varies"},
    {"QPD", 5, "varies"}, {"QPD", 6, "varies"}, {"QPD", 7, "varies"}, {"QPD", 8, "varies"},
    {"QPD", 9, "varies"}, {"QPD", 10, "varies"}, {"QPD", 11, "varies"}, {"QPD", 12, "varies"}};

void add_later(std::string_view segment, std::vector<FieldFacts>& fields) {
  for (const LaterField& later : kLaterFields) {
    if (later.segment != segment || fields.empty()) continue;
    if (fields.size() < later.number) fields.resize(later.number);
    FieldFacts& field = fields[later.number - 1];
    if (field.seen) continue;
    field.seen = true;
    field.repeats = segment == "QPD";
    add_once(field.types, later.type);
  }
}

}  // namespace

V2Facts::V2Facts(const schema::V2Schema& schema) {
  versions_.push_back(&schema.newest());
  const std::vector<std::string> all = schema.versions();
  for (auto id = all.rbegin(); id != all.rend(); ++id) {
    const schema::V2Version* version = schema.version(*id);
    if (version && version != versions_.front()) versions_.push_back(version);
  }
}

const std::vector<FieldFacts>& V2Facts::segment(std::string_view name) {
  if (const auto found = segments_.find(name); found != segments_.end()) return found->second;
  std::vector<FieldFacts> fields;
  for (const schema::V2Version* version : versions_) {
    const schema::SegmentDef* def = version->segment(name);
    if (!def) continue;
    if (fields.size() < def->fields.size()) fields.resize(def->fields.size());
    for (std::size_t i = 0; i < def->fields.size(); ++i) {
      const schema::FieldDef& field = def->fields[i];
      add_once(fields[i].types, field.type);
      // Early versions leave repetition open where later ones settled it: the newest decides, and
      // 2.5.1, which most senders speak.
      const bool deciding = !fields[i].seen || version->id() == "2.5.1";
      fields[i].repeats |= deciding && field.repeat_max != 1;
      fields[i].seen = true;
      add_once(fields[i].tables, field.table);
    }
  }
  add_later(name, fields);
  return segments_.emplace(name, std::move(fields)).first->second;
}

bool V2Facts::has_segment(std::string_view name) { return !segment(name).empty(); }

std::vector<std::string_view> V2Facts::segment_names() const {
  // Only near names matter; the common ones stand for all.
  static constexpr std::string_view kCommon[] = {
      "MSH", "EVN", "PID", "PD1", "PV1", "PV2", "NK1", "ROL", "OBX", "OBR", "ORC", "NTE", "AL1",
      "DG1", "DRG", "PR1", "GT1", "IN1", "IN2", "IN3", "ACC", "UB1", "UB2", "MRG", "TXA", "SPM",
      "TQ1", "TQ2", "SFT", "RXA", "RXR", "RXE", "RXO", "RXD", "SCH", "AIS", "AIG", "AIL", "AIP",
      "FT1", "IAM", "DB1", "PRT", "CTI", "CTD", "SAC", "PDA", "ARV", "CON", "RGS", "OH1", "PRB"};
  return {std::begin(kCommon), std::end(kCommon)};
}

const FieldFacts* V2Facts::field(std::string_view name, int number) {
  const auto& fields = segment(name);
  if (number < 1 || static_cast<std::size_t>(number) > fields.size()) return nullptr;
  return &fields[static_cast<std::size_t>(number) - 1];
}

int V2Facts::field_max(std::string_view name) { return static_cast<int>(segment(name).size()); }

const V2Facts::Components& V2Facts::datatype(std::string_view name) {
  if (const auto found = datatypes_.find(name); found != datatypes_.end()) return found->second;
  Components out;
  for (const schema::V2Version* version : versions_) {
    const schema::DatatypeDef* def = version->datatype(name);
    if (!def) continue;
    out.known = true;
    for (const schema::ComponentDef& component : def->components) {
      if (component.number < 1) continue;
      const auto n = static_cast<std::size_t>(component.number);
      if (out.types.size() < n) out.types.resize(n);
      add_once(out.types[n - 1], component.type);
    }
  }
  return datatypes_.emplace(name, std::move(out)).first->second;
}

bool V2Facts::is_datatype(std::string_view type) { return datatype(type).known; }

bool V2Facts::is_composite(const V2Types& types) { return component_max(types) > 1; }

int V2Facts::component_max(const V2Types& types) {
  std::size_t most = 1;
  for (std::string_view type : types) most = std::max(most, datatype(type).types.size());
  return static_cast<int>(most);
}

V2Types V2Facts::component(const V2Types& types, int number) {
  V2Types out;
  for (std::string_view type : types) {
    const Components& def = datatype(type);
    if (def.types.empty() && number == 1) add_once(out, type);
    if (number < 1 || static_cast<std::size_t>(number) > def.types.size()) continue;
    for (std::string_view one : def.types[static_cast<std::size_t>(number) - 1]) {
      add_once(out, one);
    }
  }
  return out;
}

const std::vector<const schema::StructureDef*>& V2Facts::of_type(std::string_view type) {
  if (const auto found = by_type_.find(type); found != by_type_.end()) return found->second;
  std::vector<const schema::StructureDef*> out;
  // Events have no list of their own: try the names they can have, in the newest version (which
  // carries the older ones forward).
  const schema::V2Version& newest = *versions_.front();
  for (const char letter : std::string_view("AOWTMSVBPIRCEKNQJL")) {
    for (int n = 1; n < 100; ++n) {
      const std::string trigger = fmt::format("{}{:02}", letter, n);
      const std::string_view id = newest.structure_id(type, trigger);
      if (!id.empty()) add_once(out, newest.structure(id));
    }
  }
  return by_type_.emplace(type, std::move(out)).first->second;
}

std::vector<const schema::StructureDef*> V2Facts::structures(
    std::string_view plan, const std::vector<std::string>& accept) {
  std::vector<const schema::StructureDef*> out;
  const schema::V2Version& newest = *versions_.front();
  add_once(out, newest.structure(plan));
  for (const std::string& one : accept) {
    const std::size_t caret = one.find('^');
    if (caret == one.npos) {
      for (const schema::StructureDef* def : of_type(one)) add_once(out, def);
    } else {
      const std::string_view id = newest.structure_id(one.substr(0, caret), one.substr(caret + 1));
      if (!id.empty()) add_once(out, newest.structure(id));
    }
  }
  return out;
}

}  // namespace mapping
