#include <core/text.hpp>
#include <fmt/format.h>
#include <identity/people_csv.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace identity {
namespace {

constexpr std::array<std::string_view, 20> kColumns = {
    "rec_id",     "given_name",     "surname",           "street_number", "address_1",
    "address_2",  "suburb",         "postcode",          "state",         "date_of_birth",
    "soc_sec_id", "middle_name",    "suffix",            "sex",           "phone_number",
    "death_date", "former_surname", "former_given_name", "authority",     "mrn"};
constexpr std::string_view kDeceased = "deceased";

enum Column : std::size_t {
  kId, kGiven, kSurname, kNumber, kStreet, kUnit, kCity, kPostcode, kState, kBirth, kNationalId,
  kMiddle, kSuffix, kSex, kPhone, kDeath, kFormerSurname, kFormerGiven, kAuthority, kMrn,
  kDeceasedFlag, kColumnCount,
};

/// Cells of one line; a quoted one may hold commas and doubled quotes. Blanks around are dropped.
std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        cells.back() += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  for (std::string& cell : cells) cell = std::string(core::trim(cell));
  return cells;
}

std::string entity_of(const std::string& id) {
  for (const char* tail : {"-org", "-dup"}) {
    const std::size_t at = id.find(tail);
    if (at != std::string::npos) return id.substr(0, at);
  }
  return id;
}

class Rows {
 public:
  core::Status header(const std::vector<std::string>& names) {
    width_ = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string name = core::ascii_lower(names[i]);
      const auto known = std::find(kColumns.begin(), kColumns.end(), name);
      if (known != kColumns.end()) place_[static_cast<std::size_t>(known - kColumns.begin())] = i;
      if (name == kDeceased) place_[kDeceasedFlag] = i;
    }
    if (!place_[kId]) return core::fail(core::ErrorCode::kBadRequest, "no column rec_id", "line 1");
    return {};
  }

  core::Result<PersonRow> row(const std::vector<std::string>& cells, std::size_t line) const {
    if (cells.size() != width_) {
      return core::fail(core::ErrorCode::kBadRequest,
                        fmt::format("{} cells instead of {}", cells.size(), width_),
                        fmt::format("line {}", line));
    }
    const auto cell = [&](Column column) {
      return place_[column] ? cells[*place_[column]] : std::string();
    };
    PersonRow row;
    row.id = cell(kId);
    row.entity = entity_of(row.id);
    Person& person = row.person;
    person.names.push_back({cell(kGiven), cell(kMiddle), cell(kSurname), cell(kSuffix)});
    const std::string former_family = cell(kFormerSurname);
    const std::string former_given = cell(kFormerGiven);
    if (!former_family.empty() || !former_given.empty()) {
      person.names.push_back({former_given.empty() ? cell(kGiven) : former_given, cell(kMiddle),
                              former_family.empty() ? cell(kSurname) : former_family,
                              cell(kSuffix)});
    }
    person.addresses.push_back({cell(kNumber), cell(kStreet), cell(kUnit), cell(kCity),
                                cell(kPostcode), cell(kState)});
    if (std::string phone = cell(kPhone); !phone.empty()) person.phones.push_back(std::move(phone));
    person.birth_date = cell(kBirth);
    person.death_date = cell(kDeath);
    person.deceased = cell(kDeceasedFlag) == "true" || !person.death_date.empty();
    person.sex = cell(kSex);
    person.national_id = cell(kNationalId);
    if (std::string mrn = cell(kMrn); !mrn.empty()) {
      person.numbers.push_back({cell(kAuthority), std::move(mrn), true});
    }
    return row;
  }

 private:
  std::array<std::optional<std::size_t>, kColumnCount> place_;
  std::size_t width_ = 0;
};

}  // namespace

core::Result<std::vector<PersonRow>> read_people(std::string_view text) {
  std::vector<PersonRow> out;
  Rows rows;
  std::size_t line = 0;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view raw = core::trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++line;
    if (raw.empty()) continue;
    if (first) {
      first = false;
      if (auto status = rows.header(cells_of(raw)); !status) return core::fail(status.error());
      continue;
    }
    auto row = rows.row(cells_of(raw), line);
    if (!row) return core::fail(row.error());
    if (out.size() == kPersonRowsMax) {
      return core::fail(core::ErrorCode::kPayloadTooLarge,
                        fmt::format("more than {} rows", kPersonRowsMax));
    }
    out.push_back(std::move(*row));
  }
  return out;
}

}  // namespace identity
