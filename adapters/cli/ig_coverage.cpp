#include "ig_coverage.hpp"

#include <core/text.hpp>
#include <core/yaml.hpp>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace cli::ig {
namespace {

namespace fs = std::filesystem;

/// Primitive types that one conversion of ours makes alike.
std::vector<std::string> alike(const std::string& type) {
  if (core::iequals(type, "uri")) return {"uri", "url", "canonical"};
  if (core::iequals(type, "string")) return {"string", "markdown"};
  if (core::iequals(type, "dateTime")) return {"dateTime", "date", "instant"};
  return {type};
}

std::string below(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a + b;
  return a + "." + b;
}

/// Places at which a row's value may be found, any of which proves it.
std::vector<Place> wanted(const Row& row) {
  const Place table = table_type(row.table);
  std::vector<Place> out;
  if (row.places.empty()) return out;
  const Place& outer = row.places.front();
  const std::string own = outer.type.empty() ? table.type : outer.type;
  const std::string path = below(outer.type.empty() ? table.path : std::string(), outer.path);
  if (row.places.size() == 1) {
    for (const std::string& type : alike(own)) out.push_back({type, path});
    if (row.table.ends_with("-Component]")) out.push_back({own, "component." + path});
    return out;
  }
  const Place& last = row.places.back();
  out.push_back(last.type.empty() ? Place{own, below(path, last.path)} : last);
  // A reference made of the field says as much as what is behind it.
  if (last.path.empty()) out.push_back({own, path});
  return out;
}

template <class Proof>
Verdict by_places(const std::vector<Place>& places, const std::string& constant, Proof proof) {
  for (const Place& place : places) {
    if (!constant.empty() && proof(place, constant)) return Verdict::kCarried;
  }
  for (const Place& place : places) {
    if (!proof(place, std::string())) continue;
    return constant.empty() ? Verdict::kCarried : Verdict::kCorrected;
  }
  return Verdict::kUnaccounted;
}

Verdict prove(const Row& row, const Evidence& evidence, const std::vector<Place>& places) {
  if (row.kind == Kind::kMessage) {
    return by_places(places, {}, [&](const Place& place, const std::string&) {
      return evidence.message(row.identifier, place.type, place.path);
    });
  }
  return by_places(places, row.constant, [&](const Place& place, const std::string& constant) {
    if (row.kind == Kind::kSegment) {
      return evidence.field(row.source, row.number, place.type, place.path, constant);
    }
    if (row.number > 0) {
      return evidence.component(row.source, row.number, place.type, place.path, constant);
    }
    static constexpr int kComponentsMax = 30;
    for (int n = 0; n <= kComponentsMax; ++n) {
      if (evidence.component(row.source, n, place.type, place.path, constant)) return true;
    }
    return false;
  });
}

/// Of HL7 table 0162, whatever the sheet calls it: "HL70162", "v2-0162"...
std::string table_digits(std::string_view name) {
  std::string digits;
  for (std::size_t at = name.size(); at-- > 0 && name[at] >= '0' && name[at] <= '9';) {
    digits.insert(digits.begin(), name[at]);
  }
  return digits.size() >= 4 ? digits.substr(digits.size() - 4) : std::string();
}

Verdict prove_code(const Row& row, const std::vector<mapping::VocabFacts>& vocabs) {
  const std::string digits = table_digits(row.v2_system);
  Verdict found = Verdict::kUnaccounted;
  for (const mapping::VocabFacts& vocab : vocabs) {
    const bool named = vocab.name == row.table;
    if (!named && (digits.empty() || table_digits(vocab.table) != digits)) continue;
    for (const auto& one : vocab.rows) {
      if (one.from != row.identifier || one.code.empty()) continue;
      if (one.code == row.target) return Verdict::kCarried;
      if (named) found = Verdict::kCorrected;
    }
  }
  if (found != Verdict::kUnaccounted || row.identifier != row.target) return found;
  // The same code in the system that stands for the v2 table: the sender's coding as it is.
  for (const mapping::VocabFacts& vocab : vocabs) {
    if (vocab.name != "CodeSystem") continue;
    for (const auto& one : vocab.rows) {
      if (one.code == row.fhir_system && !digits.empty() && table_digits(one.from) == digits) {
        return Verdict::kCarried;
      }
    }
  }
  return found;
}

/// "[2-6]" stands for rows whose target begins with one of these numbers.
bool in_range(const std::string& target, const std::string& range) {
  if (range.size() != 5 || range[0] != '[' || range[2] != '-' || range[4] != ']') return false;
  return target.size() > 2 && target[0] == '[' && target[1] >= range[1] && target[1] <= range[3];
}

bool names_target(const Declined& entry, const Row& row) {
  if (entry.target.empty()) return true;
  return row.target.find(entry.target) != std::string::npos ||
         row.assignment.find(entry.target) != std::string::npos ||
         in_range(row.target, entry.target);
}

bool fits(const Declined& entry, const Row& row) {
  if (row.kind == Kind::kMessage) {
    if (!entry.row.empty()) {
      return entry.table == row.table && entry.row == row.identifier && names_target(entry, row);
    }
    // A segment table that is declined whole takes the rows with it that call it.
    const bool whole = entry.target.empty() && entry.fields.size() == 1 && entry.fields[0] == "*";
    return whole && entry.as.empty() && (entry.table == row.calls || entry.table == row.table);
  }
  if (entry.table != row.table || !entry.row.empty()) return false;
  const bool named = std::any_of(entry.fields.begin(), entry.fields.end(), [&](const auto& field) {
    return field == "*" || field == row.identifier;
  });
  return named && names_target(entry, row);
}

Place place_of(const std::string& text, const Row& row) {
  std::string ignored;
  std::vector<Place> places = parse_target(text, ignored);
  Place place = places.empty() ? Place() : places.front();
  if (place.type.empty()) place.type = table_type(row.table).type;
  return place;
}

core::Status read_entry(const core::yaml::Node& node, const core::yaml::File& file,
                        std::vector<Declined>& out) {
  const auto fault = [&](const core::yaml::Node& at, std::string text) {
    return core::fail(core::ErrorCode::kBadMapping, std::move(text), file.at(at.place));
  };
  if (!node.is_mapping()) return fault(node, "an entry is {table: .., field: .., reason: ..}");
  Declined entry;
  entry.file = file.name;
  entry.line = node.place.line;
  for (const auto& [key, value] : node.entries) {
    if (key == "table") entry.table = value.scalar;
    else if (key == "target") entry.target = value.scalar;
    else if (key == "row") entry.row = value.scalar;
    else if (key == "as") entry.as = value.scalar;
    else if (key == "reason") entry.reason = value.scalar;
    else if (key == "field" || key == "code") {
      if (value.is_scalar()) entry.fields.push_back(value.scalar);
      for (const core::yaml::Node& item : value.items) entry.fields.push_back(item.scalar);
    } else {
      return fault(value, fmt::format("unknown key \"{}\": table, field, code, row, target, as, "
                                      "reason", key));
    }
  }
  if (entry.table.empty() || (entry.fields.empty() && entry.row.empty())) {
    return fault(node, "an entry needs `table` and one of `field`, `code`, `row`");
  }
  if (entry.reason.empty()) return fault(node, "an entry needs its `reason`");
  out.push_back(std::move(entry));
  return {};
}

}  // namespace

core::Result<std::vector<Declined>> read_declined(const std::string& directory) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator(directory, failed)) {
    if (entry.path().filename() == "DECLINED.yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Declined> out;
  for (const fs::path& path : files) {
    const auto file = core::yaml::load(path.string());
    if (!file) return core::fail(file.error());
    for (const core::yaml::Node& document : file->documents) {
      for (const core::yaml::Node& node : document.items) {
        if (auto read = read_entry(node, *file, out); !read) return core::fail(read.error());
      }
    }
  }
  return out;
}

void Count::add(Verdict verdict) {
  ++rows;
  ++(verdict == Verdict::kCarried     ? carried
     : verdict == Verdict::kCorrected ? corrected
     : verdict == Verdict::kDeclined  ? declined
                                      : unaccounted);
}

std::vector<Judged> judge(const std::vector<Row>& rows, const Evidence& evidence,
                          const std::vector<mapping::VocabFacts>& vocabs,
                          std::vector<Declined>& declined) {
  std::vector<Judged> out;
  out.reserve(rows.size());
  for (const Row& row : rows) {
    Judged judged{&row, Verdict::kUnaccounted, {}};
    judged.verdict = row.kind == Kind::kCode ? prove_code(row, vocabs)
                                             : prove(row, evidence, wanted(row));
    const bool proved = judged.verdict != Verdict::kUnaccounted;
    for (Declined& entry : declined) {
      if (!fits(entry, row)) continue;
      ++entry.matched;
      entry.needed += !proved;
      if (proved || judged.verdict != Verdict::kUnaccounted) continue;
      if (entry.as.empty()) {
        judged.verdict = Verdict::kDeclined;
        judged.note = entry.reason;
      } else if (prove(row, evidence, {place_of(entry.as, row)}) != Verdict::kUnaccounted) {
        judged.verdict = Verdict::kCorrected;
        judged.note = fmt::format("as {}: {}", entry.as, entry.reason);
      } else {
        judged.note = fmt::format("no message wrote it at {}, as {}:{} claims", entry.as,
                                  entry.file, entry.line);
      }
    }
    out.push_back(std::move(judged));
  }
  return out;
}

}  // namespace cli::ig
