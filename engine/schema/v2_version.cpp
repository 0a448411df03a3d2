#include "v2_version.hpp"

#include "group_plan.hpp"
#include "text_file.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace schema {
namespace {

std::string table_text(std::string_view column) {
  return column == "-" ? std::string() : std::string(column);
}

bool parse_component(LineReader& line, DatatypeDef& type) {
  ComponentDef component;
  component.number = line.number();
  component.type = std::string(line.column());
  component.table = table_text(line.column());
  component.name = std::string(line.remainder());
  if (component.number != static_cast<int>(type.components.size()) + 1) return false;
  type.components.push_back(std::move(component));
  return true;
}

bool parse_field(LineReader& line, SegmentDef& segment) {
  FieldDef field;
  field.number = line.number();
  const std::string_view optionality = line.column();
  field.type = std::string(line.column());
  field.repeat_max = line.number();
  field.length_max = line.number();
  field.table = table_text(line.column());
  field.name = std::string(line.remainder());
  if (field.number != static_cast<int>(segment.fields.size()) + 1 || optionality.size() != 1 ||
      field.repeat_max < 0 || field.length_max < 0) {
    return false;
  }
  field.optionality = optionality[0];
  segment.fields.push_back(std::move(field));
  return true;
}

std::string event_key(std::string_view type, std::string_view trigger) {
  std::string key;
  key.reserve(type.size() + 1 + trigger.size());
  key.append(type).append(1, ' ').append(trigger);
  return key;
}

Form form_of(const DatatypeDef& type) {
  if (!type.components.empty()) return Form::kComposite;
  if (type.id == "NM") return Form::kNumber;
  if (type.id == "SI") return Form::kSequence;
  if (type.id == "DT") return Form::kDate;
  if (type.id == "TM") return Form::kTime;
  if (type.id == "DTM") return Form::kDateTime;
  if (type.id == "VARIES") return Form::kVaries;
  return Form::kText;
}

template <class Map>
std::vector<std::string_view> sorted_keys(const Map& map) {
  std::vector<std::string_view> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

const std::vector<std::string>* V2Tables::find(std::string_view number) const {
  std::call_once(once_, [this] { read(); });
  if (number.empty() || number.size() > 4) return nullptr;
  std::string key(4 - number.size(), '0');
  key += number;
  const auto found = tables_.find(key);
  return found == tables_.end() ? nullptr : &found->second;
}

void V2Tables::read() const {
  auto text = read_text_file(path_);
  if (!text) return;
  LineReader line(*text);
  std::vector<std::string>* codes = nullptr;
  while (line.next()) {
    if (line.kind() == 'H') codes = &tables_[std::string(line.column())];
    else if (line.kind() == 'h' && codes != nullptr) codes->emplace_back(line.remainder());
  }
  for (auto& [number, list] : tables_) std::sort(list.begin(), list.end());
}

core::Result<std::unique_ptr<TextVersion>> TextVersion::load(std::string id,
                                                             const std::string& path,
                                                             const V2Tables& tables) {
  auto text = read_text_file(path);
  if (!text) return core::fail(std::move(text.error()));
  std::unique_ptr<TextVersion> version(new TextVersion(std::move(id), std::move(*text), tables));
  int bad_line = 0;
  if (!version->parse(bad_line)) {
    return core::fail(core::ErrorCode::kBadConfig, "malformed schema line",
                      path + ":" + std::to_string(bad_line));
  }
  return version;
}

bool TextVersion::parse(int& bad_line) {
  LineReader line(text_);
  DatatypeDef* type = nullptr;
  SegmentDef* segment = nullptr;
  while (line.next()) {
    bad_line = line.line_number();
    const char kind = line.kind();
    if (kind == 'f') {
      if (segment == nullptr || !parse_field(line, *segment)) return false;
    } else if (kind == 'c') {
      if (type == nullptr || !parse_component(line, *type)) return false;
    } else if (kind == 'T' || kind == 'S') {
      const std::string id(line.column());
      const std::string name(line.remainder());
      if (kind == 'T') {
        type = &datatypes_[id];
        type->id = id;
        type->name = name;
      } else {
        segment = &segments_[id];
        segment->id = id;
        segment->name = name;
      }
    } else if (kind == 'M') {
      const std::string id(line.column());
      structures_[id].tree = line.remainder();
    } else if (kind == 'E') {
      const std::string_view event_type = line.column();
      const std::string_view trigger = line.column();
      events_[event_key(event_type, trigger)] = std::string(line.column());
      ++types_[std::string(event_type)];
    } else {
      return false;
    }
  }
  if (segments_.empty() || structures_.empty()) return false;
  // A dozen versions stay in memory for as long as the engine runs.
  for (auto& [id, one] : segments_) one.fields.shrink_to_fit();
  for (auto& [id, one] : datatypes_) one.components.shrink_to_fit();
  link();
  return true;
}

void TextVersion::link() {
  for (auto& [id, type] : datatypes_) type.form = form_of(type);
  const auto link_one = [this](auto& one) {
    one.datatype = datatype(one.type);
    if (one.type == "ID" && !one.table.empty()) one.codes = tables_.find(one.table);
  };
  for (auto& [id, type] : datatypes_) {
    for (ComponentDef& component : type.components) link_one(component);
  }
  for (auto& [id, segment] : segments_) {
    for (FieldDef& field : segment.fields) link_one(field);
  }
}

const SegmentDef* TextVersion::segment(std::string_view id) const {
  const auto found = segments_.find(id);
  return found == segments_.end() ? nullptr : &found->second;
}

const DatatypeDef* TextVersion::datatype(std::string_view id) const {
  const auto found = datatypes_.find(id);
  return found == datatypes_.end() ? nullptr : &found->second;
}

const StructureDef* TextVersion::structure(std::string_view id) const {
  const auto found = structures_.find(id);
  if (found == structures_.end()) return nullptr;
  const LazyStructure& lazy = found->second;
  std::call_once(lazy.once, [&] {
    auto def = parse_structure(found->first, lazy.tree);
    if (!def) return;
    lazy.def = std::make_unique<StructureDef>(std::move(*def));
    lazy.def->plan = make_group_plan(lazy.def->root);
  });
  return lazy.def.get();
}

std::string_view TextVersion::structure_id(std::string_view type, std::string_view trigger) const {
  auto found = events_.find(event_key(type, trigger));
  if (found == events_.end()) found = events_.find(event_key(type, "*"));
  return found == events_.end() ? std::string_view() : std::string_view(found->second);
}

bool TextVersion::has_type(std::string_view type) const {
  return types_.find(type) != types_.end();
}

const std::vector<std::string>* TextVersion::table(std::string_view number) const {
  return tables_.find(number);
}

std::vector<std::string_view> TextVersion::segment_ids() const { return sorted_keys(segments_); }

std::vector<std::string_view> TextVersion::structure_ids() const {
  return sorted_keys(structures_);
}

}  // namespace schema
