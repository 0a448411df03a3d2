#include "profile.hpp"

#include <core/text.hpp>
#include <core/yaml_text.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace cli {
namespace {

using core::yaml::Node;

bool is_coded(std::string_view type) {
  static constexpr std::string_view kTypes[] = {"ID", "IS", "CE", "CWE", "CNE", "CF"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

/// Letters, digits and a few signs, short: "F", "2106-3", "MR". Six digits in a row are a number
/// that may name somebody.
bool looks_like_code(std::string_view text) {
  if (text.empty() || text.size() > kProfileCodeBytesMax) return false;
  int digits = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    digits = digit ? digits + 1 : 0;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (digits > 5 || (!digit && !letter && std::string_view("-_.+*/").find(c) == text.npos)) {
      return false;
    }
  }
  return true;
}

std::string counts(const std::map<std::string, std::uint64_t>& of) {
  std::string out = "{";
  for (const auto& [name, count] : of) {
    out += fmt::format("{}{}: {}", out.size() > 1 ? ", " : "", core::yaml::quoted(name), count);
  }
  return out + "}";
}

std::uint64_t number(const Node* node) {
  const auto value = node ? core::to_int(node->scalar) : std::nullopt;
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

void read_counts(const Node* node, std::map<std::string, std::uint64_t>& into) {
  if (!node) return;
  for (const auto& [name, count] : node->entries) into[name] = number(&count);
}

core::Error bad(const core::yaml::File& file, const Node& node, std::string text) {
  return {core::ErrorCode::kBadConfig, std::move(text), file.at(node.place)};
}

}  // namespace

void FeedProfile::add_field(const hl7::Value& value, const schema::FieldDef* facts, Field& into) {
  ++into.in;
  into.repetitions = std::max(into.repetitions,
                              static_cast<std::uint64_t>(value.repetition_count()));
  into.length = std::max(into.length, static_cast<std::uint64_t>(value.raw().size()));
  const bool coded = facts && is_coded(facts->type) && !facts->table.empty();
  into.coded |= coded;
  for (const hl7::Value repetition : value.repetitions()) {
    int n = 0;
    for (const hl7::Value component : repetition.children()) {
      ++n;
      if (!component.empty()) into.components.insert(n);
    }
    if (!coded || into.many) continue;
    const std::string code = repetition.child(1).text();
    if (!looks_like_code(code)) continue;
    ++into.codes[code];
    into.many = into.codes.size() > kProfileCodesMax;
    if (into.many) into.codes.clear();
  }
}

void FeedProfile::add(const hl7::Message& message, const schema::V2Schema& schemas) {
  ++messages_;
  const hl7::Header header = hl7::read_header(message);
  const std::string version = message.get("MSH-12.1");
  ++versions_[version];
  ++types_[fmt::format("{}^{}", header.type, header.trigger)];
  const schema::V2Version* facts = schemas.version(version);
  if (!facts) facts = &schemas.newest();
  std::map<std::string, std::uint64_t> seen;
  for (std::uint32_t i = 0; i < message.segment_count(); ++i) {
    const hl7::SegmentView segment = message.segment(i);
    const std::string name = core::ascii_upper(segment.name());
    if (!segments_.contains(name) && segments_.size() >= kProfileSegmentsMax) continue;
    Segment& into = segments_[name];
    ++into.count;
    if (++seen[name] == 1) ++into.in;
    into.most = std::max(into.most, seen[name]);
    const schema::SegmentDef* def = facts->segment(name);
    if (!def) def = schemas.newest().segment(name);
    // MSH-1 and MSH-2 are the delimiters themselves.
    for (int f = name == "MSH" ? 3 : 1; f <= segment.field_count(); ++f) {
      const hl7::Value value = segment.field(f);
      if (!value.valued()) continue;
      const auto at = static_cast<std::size_t>(f);
      add_field(value, def && at <= def->fields.size() ? &def->fields[at - 1] : nullptr,
                into.fields[f]);
    }
  }
}

std::string FeedProfile::yaml(std::string_view name) const {
  std::string out = "# What a sender uses, learned from its messages; codes only of coded fields.\n"
                    "# Hold new messages against it: chartwire profile ... --against THIS_FILE\n";
  out += fmt::format("profile: {}\nmessages: {}\nversions: {}\ntypes: {}\nsegments:\n",
                     core::yaml::quoted(name), messages_, counts(versions_), counts(types_));
  for (const auto& [id, segment] : segments_) {
    out += fmt::format("  {}:\n    in: {}\n    count: {}\n    most: {}\n    fields:\n",
                       core::yaml::quoted(id), segment.in, segment.count, segment.most);
    for (const auto& [n, field] : segment.fields) {
      std::string components;
      for (const int c : field.components) {
        components += (components.empty() ? "" : ", ") + std::to_string(c);
      }
      out += fmt::format("      {}: {{in: {}, repetitions: {}, length: {}, components: [{}]", n,
                         field.in, field.repetitions, field.length, components);
      if (field.many) {
        out += ", codes: many";
      } else if (field.coded) {
        out += ", codes: " + counts(field.codes);
      }
      out += "}\n";
    }
  }
  return out;
}

core::Status FeedProfile::read_segment(const Node& node, const core::yaml::File& file,
                                       Segment& into) {
  into.in = number(node.find("in"));
  into.count = number(node.find("count"));
  into.most = number(node.find("most"));
  const Node* fields = node.find("fields");
  if (!fields) return {};
  for (const auto& [n, value] : fields->entries) {
    const auto id = core::to_int(n);
    if (!id || *id < 1) return core::fail(bad(file, value, "\"" + n + "\" is no field number"));
    Field& field = into.fields[static_cast<int>(*id)];
    field.in = number(value.find("in"));
    field.repetitions = number(value.find("repetitions"));
    field.length = number(value.find("length"));
    if (const Node* components = value.find("components")) {
      for (const Node& item : components->items) {
        field.components.insert(static_cast<int>(core::to_int(item.scalar).value_or(0)));
      }
    }
    const Node* codes = value.find("codes");
    field.coded = codes != nullptr;
    field.many = codes && codes->is_scalar() && codes->scalar == "many";
    read_counts(codes, field.codes);
  }
  return {};
}

core::Result<FeedProfile> FeedProfile::read(std::string_view text, std::string name) {
  const auto file = core::yaml::parse(text, std::move(name));
  if (!file) return core::fail(file.error());
  if (file->documents.size() != 1 || !file->documents[0].find("profile") ||
      !file->documents[0].find("segments")) {
    return core::fail(core::ErrorCode::kBadConfig, "not a profile of a feed", file->name);
  }
  const Node& root = file->documents[0];
  FeedProfile out;
  out.messages_ = number(root.find("messages"));
  read_counts(root.find("versions"), out.versions_);
  read_counts(root.find("types"), out.types_);
  for (const auto& [id, node] : root.find("segments")->entries) {
    if (auto read = read_segment(node, *file, out.segments_[id]); !read) {
      return core::fail(read.error());
    }
  }
  return out;
}

void FeedProfile::drift_of_fields(const std::string& name, const Segment& before,
                                  const Segment& now, std::vector<Drift>& out) const {
  for (const auto& [n, field] : now.fields) {
    const std::string where = fmt::format("{}-{}", name, n);
    const auto old = before.fields.find(n);
    if (old == before.fields.end()) {
      out.push_back({"new field", where, fmt::format("in {} of {} segments", field.in, now.count)});
      continue;
    }
    const Field& known = old->second;
    for (const int c : field.components) {
      if (known.components.contains(c)) continue;
      out.push_back({"new component", fmt::format("{}.{}", where, c), ""});
    }
    if (field.repetitions > known.repetitions && known.repetitions <= 1) {
      out.push_back({"repeats now", where, fmt::format("{} at once", field.repetitions)});
    }
    if (field.length > 2 * known.length) {
      out.push_back({"longer", where, fmt::format("{} bytes, {} before", field.length,
                                                  known.length)});
    }
    if (known.many || !known.coded) continue;
    if (field.many) out.push_back({"new code", where, "many"});
    for (const auto& [code, count] : field.codes) {
      if (known.codes.contains(code)) continue;
      out.push_back({"new code", where, fmt::format("{}, {} times", code, count)});
    }
  }
  for (const auto& [n, known] : before.fields) {
    const bool usual = known.in * 10 >= before.count && known.in > 0;
    if (now.fields.contains(n) || !usual || now.count < kVanishedSegmentsMin) continue;
    out.push_back({"field vanished", fmt::format("{}-{}", name, n),
                   fmt::format("was in {} of {} segments, is in none of {}", known.in,
                               before.count, now.count)});
  }
}

std::vector<FeedProfile::Drift> FeedProfile::drift(const FeedProfile& now) const {
  std::vector<Drift> out;
  for (const auto& [version, count] : now.versions_) {
    if (!versions_.contains(version)) out.push_back({"new version", version, ""});
  }
  for (const auto& [type, count] : now.types_) {
    if (types_.contains(type)) continue;
    out.push_back({"new message type", type, fmt::format("{} messages", count)});
  }
  for (const auto& [name, segment] : now.segments_) {
    const auto old = segments_.find(name);
    if (old == segments_.end()) {
      out.push_back({"new segment", name, fmt::format("in {} messages", segment.in)});
    } else {
      drift_of_fields(name, old->second, segment, out);
    }
  }
  for (const auto& [name, known] : segments_) {
    const bool usual = known.in * 10 >= messages_ && known.in > 0;
    if (now.segments_.contains(name) || !usual || now.messages_ < kVanishedSegmentsMin) continue;
    out.push_back({"segment vanished", name,
                   fmt::format("was in {} of {} messages, is in none of {}", known.in, messages_,
                               now.messages_)});
  }
  return out;
}

}  // namespace cli
