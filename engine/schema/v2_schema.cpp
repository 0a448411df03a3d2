#include <schema/v2.hpp>

#include "v2_version.hpp"

#include <core/text.hpp>

#include <array>
#include <sys/stat.h>
#include <utility>

namespace schema {
namespace {

constexpr std::array<std::string_view, 12> kVersions = {
    "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1"};

/// "2.5.1" as 501, "2.5" as 500; -1 for what is no 2.x.
int version_number(std::string_view id) {
  if (id.size() < 3 || id.substr(0, 2) != "2.") return -1;
  int parts[2] = {0, 0};
  int part = 0;
  bool digit = false;
  for (const char c : id.substr(2)) {
    if (c == '.' && digit && part == 0) {
      part = 1;
      digit = false;
    } else if (c >= '0' && c <= '9' && parts[part] < 100) {
      parts[part] = parts[part] * 10 + (c - '0');
      digit = true;
    } else {
      return -1;
    }
  }
  return digit ? parts[0] * 100 + (parts[1] > 99 ? 99 : parts[1]) : -1;
}

std::size_t nearest_version(int number) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < kVersions.size(); ++i) {
    if (version_number(kVersions[i]) <= number) best = i;
  }
  return best;
}

}  // namespace

struct V2Schema::Impl {
  struct Slot {
    std::once_flag once;
    std::unique_ptr<TextVersion> version;
  };

  explicit Impl(const std::string& folder)
      : directory(folder), tables(folder + "/tables.txt") {}

  std::string path(std::size_t i) const {
    return directory + "/" + std::string(kVersions[i]) + ".txt";
  }
  /// nullptr when the file is malformed.
  const TextVersion* at(std::size_t i) {
    std::call_once(slots[i].once, [&] {
      auto loaded = TextVersion::load(std::string(kVersions[i]), path(i), tables);
      if (loaded) slots[i].version = std::move(*loaded);
    });
    return slots[i].version.get();
  }

  std::string directory;
  V2Tables tables;
  std::array<Slot, kVersions.size()> slots;
};

V2Schema::V2Schema() = default;
V2Schema::V2Schema(V2Schema&&) noexcept = default;
V2Schema& V2Schema::operator=(V2Schema&&) noexcept = default;
V2Schema::~V2Schema() = default;

core::Result<V2Schema> V2Schema::load(const std::string& directory) {
  V2Schema schema;
  schema.impl_ = std::make_unique<Impl>(directory);
  Impl& impl = *schema.impl_;
  struct stat info {};
  for (std::size_t i = 0; i + 1 < kVersions.size(); ++i) {
    if (::stat(impl.path(i).c_str(), &info) != 0) {
      return core::fail(core::ErrorCode::kIo, "schema file is missing", impl.path(i));
    }
  }
  constexpr std::size_t newest = kVersions.size() - 1;
  auto loaded = TextVersion::load(std::string(kVersions[newest]), impl.path(newest), impl.tables);
  if (!loaded) return core::fail(std::move(loaded.error()));
  std::call_once(impl.slots[newest].once,
                 [&] { impl.slots[newest].version = std::move(*loaded); });
  return schema;
}

const V2Version* V2Schema::version(std::string_view id, bool* exact) const {
  const int number = version_number(core::trim(id));
  if (exact != nullptr) *exact = false;
  if (number < 0) return nullptr;
  const std::size_t i = nearest_version(number);
  if (exact != nullptr) *exact = version_number(kVersions[i]) == number;
  return impl_->at(i);
}

const V2Version& V2Schema::newest() const { return *impl_->at(kVersions.size() - 1); }

std::vector<std::string> V2Schema::versions() const {
  return std::vector<std::string>(kVersions.begin(), kVersions.end());
}

StructureMatch V2Schema::find_structure(const V2Version& version, std::string_view type,
                                        std::string_view trigger,
                                        std::string_view structure) const {
  const auto in = [&](const V2Version& where) -> const StructureDef* {
    const bool of_type = type.empty() || structure.substr(0, structure.find('_')) == type;
    if (!structure.empty() && of_type) {
      if (const StructureDef* def = where.structure(structure)) return def;
    }
    const std::string_view id = where.structure_id(type, trigger);
    return id.empty() ? nullptr : where.structure(id);
  };
  if (const StructureDef* def = in(version)) return {def, &version, true};
  for (std::size_t i = kVersions.size(); i-- > 0;) {
    const TextVersion* other = impl_->at(i);
    if (other == nullptr || other == &version) continue;
    if (const StructureDef* def = in(*other)) return {def, other, false};
  }
  return {};
}

}  // namespace schema
