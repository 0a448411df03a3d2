#include <identity/model.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model_words.hpp"

namespace identity {

std::string_view to_text(Field field) { return kFieldWords[static_cast<std::size_t>(field)]; }
std::string_view to_text(Group group) { return kGroupWords[static_cast<std::size_t>(group)]; }

std::string_view to_text(Level level) {
  switch (level) {
    case Level::kMissing: return "missing";
    case Level::kExact: return "exact";
    case Level::kNear: return "near";
    case Level::kDiffer: return "differ";
  }
  return "missing";
}

Group group_of(Field field) {
  switch (field) {
    case Field::kGiven:
    case Field::kFamily:
    case Field::kMiddle:
      return Group::kName;
    case Field::kBirthDate:
    case Field::kSex:
      return Group::kBirth;
    case Field::kStreet:
    case Field::kStreetNumber:
    case Field::kUnit:
    case Field::kCity:
    case Field::kPostcode:
    case Field::kState:
      return Group::kPlace;
    case Field::kPhone:
      return Group::kContact;
    case Field::kNationalId:
      return Group::kId;
  }
  return Group::kName;
}

bool Model::same_nickname(std::string_view a, std::string_view b) const {
  const auto x = nicknames.find(std::string(a));
  if (x == nicknames.end()) return false;
  const auto y = nicknames.find(std::string(b));
  if (y == nicknames.end()) return false;
  return std::any_of(x->second.begin(), x->second.end(), [&](std::uint16_t set) {
    return std::find(y->second.begin(), y->second.end(), set) != y->second.end();
  });
}

void Model::weigh() {
  for (FieldModel& field : fields) {
    for (std::size_t i = 0; i < kLevels; ++i) field.weight[i] = std::log2(field.m[i] / field.u[i]);
  }
}

std::string write_weights(const Model& model, const std::string& comment) {
  std::string out = "# " + comment + "\n";
  out += fmt::format("thresholds: {{auto: {}, probable: {}, review: {}}}\n", model.auto_link,
                     model.probable, model.review);
  out += fmt::format("prior: {}\nsimilarity: {}\n", model.prior, model.similarity);
  out += fmt::format("frequency: {{gain_max: {}, loss_max: {}, pseudo_count: {}}}\n",
                     model.frequency_gain_max, model.frequency_loss_max,
                     model.frequency_pseudo_count);
  out += fmt::format(
      "limits: {{national_id_shared_max: {}, block_persons_max: {}, generation_years_min: {}}}\n",
      model.national_id_shared_max, model.block_persons_max, model.generation_years_min);
  out += "groups:\n";
  for (std::size_t i = 0; i < kGroups; ++i) {
    const Model::GroupModel& group = model.groups[i];
    if (group.cap > 1e8 && group.floor < -1e8) continue;
    out += fmt::format("  {}: {{cap: {}, floor: {}}}\n", kGroupWords[i], group.cap, group.floor);
  }
  out += "# m: share of exact, near, differ within one person; u: between two; weights in bits.\n";
  out += "fields:\n";
  for (std::size_t i = 0; i < kFields; ++i) {
    const Model::FieldModel& field = model.fields[i];
    const auto row = [](const std::array<double, kLevels>& p) {
      return fmt::format("[{:.6f}, {:.6f}, {:.6f}]", p[0], p[1], p[2]);
    };
    out += fmt::format("  {}: {{m: {}, u: {}{}}}  # {:+.1f} {:+.1f} {:+.1f}\n", kFieldWords[i],
                       row(field.m), row(field.u), field.frequency ? ", frequency: true" : "",
                       field.weight[0], field.weight[1], field.weight[2]);
  }
  out += "blocking:\n";
  for (const BlockingKey& key : model.keys) {
    std::string parts;
    for (KeyPart part : key.parts) {
      if (!parts.empty()) parts += ", ";
      parts += kKeyPartWords[static_cast<std::size_t>(part)];
    }
    const std::string& shared = model.keys[key.space].name;
    out += fmt::format("  - {{name: {}, of: [{}]{}}}\n", key.name, parts,
                       shared == key.name ? "" : ", meets: " + shared);
  }
  return out;
}

}  // namespace identity
