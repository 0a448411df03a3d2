#include "ig_tables.hpp"

#include <core/text.hpp>

#include <algorithm>
#include <filesystem>

#include "command.hpp"

namespace cli::ig {
namespace {

namespace fs = std::filesystem;

// Columns of segment and data type tables.
inline constexpr std::size_t kIdentifier = 1, kTarget = 9, kExtension = 10, kAssignment = 16;
// Of message tables.
inline constexpr std::size_t kCalls = 10;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

std::string cell(const std::vector<std::string>& row, std::size_t column) {
  return column < row.size() ? std::string(core::trim(row[column])) : std::string();
}

/// "HL7 Segment - FHIR R4_ PID[Patient] - PID.csv" -> "PID[Patient]".
std::string table_name(const fs::path& file) {
  const std::string stem = file.stem().string();
  const std::size_t begin = stem.find("_ ");
  const std::size_t end = stem.rfind(" - ");
  if (begin == stem.npos || end == stem.npos || end < begin + 2) return stem;
  return stem.substr(begin + 2, end - begin - 2);
}

/// Indexes, slices ("extension[1]:group") and blanks taken out.
std::string plain_path(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[') {
      while (i < text.size() && text[i] != ']' && text[i] != '}' && text[i] != '.') ++i;
      if (i < text.size() && text[i] == '.') --i;
    } else if (c == ':') {
      while (i + 1 < text.size() && text[i + 1] != '.') ++i;
    } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t' && c != ')' && c != '}') {
      out += c;
    }
  }
  if (out == "$this" || out == "$value") return {};
  const std::size_t begin = out.find_first_not_of('.');
  return begin == out.npos ? std::string() : out.substr(begin);
}

/// "PID-5" -> "PID", 5; "CX.4" -> "CX", 4; "MSG" -> "MSG", 0.
void read_source(Row& row) {
  const std::string& id = row.identifier;
  std::size_t at = 0;
  while (at < id.size() && (is_capital(id[at]) || (id[at] >= '0' && id[at] <= '9'))) ++at;
  row.source = id.substr(0, at);
  if (row.source.empty()) row.source = row.table.substr(0, row.table.find('['));
  if (at >= id.size()) return;
  std::size_t end = at + 1;
  while (end < id.size() && id[end] >= '0' && id[end] <= '9') ++end;
  row.number = static_cast<int>(core::to_int(id.substr(at + 1, end - at - 1)).value_or(0));
}

void add_element_row(const std::vector<std::string>& cells, Row row, std::vector<Row>& out) {
  row.identifier = cell(cells, kIdentifier);
  row.target = cell(cells, kTarget);
  if (row.target.empty()) row.target = cell(cells, kExtension);
  if (row.target.empty()) return;
  row.assignment = cell(cells, kAssignment);
  read_source(row);
  row.places = parse_target(row.target, row.constant);
  const std::string& said = row.assignment;
  if (said.size() > 2 && said.front() == '"' && said.find('"', 1) == said.size() - 1) {
    row.constant = said.substr(1, said.size() - 2);
  }
  out.push_back(std::move(row));
}

void add_message_row(const std::vector<std::string>& cells, Row row, std::vector<Row>& out) {
  row.identifier = cell(cells, kIdentifier);
  row.target = cell(cells, kTarget);
  if (row.target.empty()) return;
  row.calls = cell(cells, kCalls);
  row.places = parse_target(row.target, row.constant);
  out.push_back(std::move(row));
}

/// The heading says where the FHIR columns begin: some of these files have one column less.
void add_codes(const std::vector<std::vector<std::string>>& cells, const Row& base,
               std::vector<Row>& out) {
  if (cells.size() < 2) return;
  const std::vector<std::string>& heading = cells[1];
  std::size_t code = 6, system = 9;
  for (std::size_t i = 3; i < heading.size(); ++i) {
    if (core::trim(heading[i]) == "Code") code = i;
    if (i > code && core::trim(heading[i]) == "Code System") system = i;
  }
  for (std::size_t i = 2; i < cells.size(); ++i) {
    Row row = base;
    row.line = static_cast<int>(i + 1);
    row.identifier = cell(cells[i], 0);
    row.target = cell(cells[i], code);
    if (row.identifier.empty() || row.target.empty()) continue;
    row.v2_system = cell(cells[i], 2);
    row.fhir_system = cell(cells[i], system);
    out.push_back(std::move(row));
  }
}

core::Status read_file_into(const fs::path& file, Kind kind, std::vector<Row>& out) {
  auto text = read_file(file.string());
  if (!text) return core::fail(text.error());
  const auto cells = parse_csv(*text);
  if (cells.size() > kTableRowsMax) {
    return core::fail(core::ErrorCode::kTooLong, "too many rows", file.string());
  }
  Row base;
  base.kind = kind;
  base.table = table_name(file);
  base.file = file.filename().string();
  if (kind == Kind::kCode) {
    add_codes(cells, base, out);
    return {};
  }
  for (std::size_t i = 2; i < cells.size(); ++i) {
    Row row = base;
    row.line = static_cast<int>(i + 1);
    if (kind == Kind::kMessage) {
      add_message_row(cells[i], std::move(row), out);
    } else {
      add_element_row(cells[i], std::move(row), out);
    }
  }
  return {};
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::vector<std::string>> out;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false, any = false;
  const auto end_cell = [&] {
    row.push_back(std::move(cell));
    cell.clear();
  };
  const auto end_row = [&] {
    end_cell();
    if (any) out.push_back(std::move(row));
    row.clear();
    any = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = any = true;
    } else if (c == ',') {
      any = true;
      end_cell();
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      any = true;
      cell += c;
    }
  }
  if (any || !cell.empty()) end_row();
  return out;
}

std::vector<Place> parse_target(std::string_view target, std::string& constant) {
  if (const std::size_t at = target.find('='); at != target.npos) {
    std::string_view said = core::trim(target.substr(at + 1));
    if (said.size() > 2 && said.front() == '"') said = said.substr(1, said.find('"', 1) - 1);
    constant = said;
    target = target.substr(0, at);
  }
  std::vector<Place> out;
  for (std::string_view part : core::split(target, '(')) {
    Place place;
    std::string path = plain_path(part);
    if (!path.empty() && is_capital(path.front())) {
      const std::size_t dot = path.find('.');
      place.type = path.substr(0, dot);
      path = dot == path.npos ? std::string() : path.substr(dot + 1);
    }
    place.path = std::move(path);
    out.push_back(std::move(place));
  }
  return out;
}

Place table_type(std::string_view table) {
  const std::size_t begin = table.find('['), end = table.rfind(']');
  Place out;
  if (begin == table.npos || end == table.npos || end < begin) return out;
  std::string_view name = table.substr(begin + 1, end - begin - 1);
  name = name.substr(0, name.find('-'));
  const std::size_t dot = name.find('.');
  out.type = name.substr(0, dot);
  if (dot != name.npos) out.path = name.substr(dot + 1);
  return out;
}

core::Result<std::vector<Row>> read_tables(const std::string& directory) {
  static constexpr std::pair<const char*, Kind> kFolders[] = {{"messages", Kind::kMessage},
                                                              {"segments", Kind::kSegment},
                                                              {"datatypes", Kind::kDatatype},
                                                              {"codesystems", Kind::kCode}};
  std::vector<Row> out;
  for (const auto& [name, kind] : kFolders) {
    std::error_code failed;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(fs::path(directory) / name, failed)) {
      if (entry.path().extension() == ".csv") files.push_back(entry.path());
    }
    if (failed || files.size() > kTablesMax) {
      return core::fail(core::ErrorCode::kIo, "no readable folder of tables",
                        (fs::path(directory) / name).string());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      if (auto read = read_file_into(file, kind, out); !read) return core::fail(read.error());
    }
  }
  return out;
}

}  // namespace cli::ig
