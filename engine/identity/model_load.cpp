// Reading weights.yaml and names.yaml: every problem is told with its place, not the first alone.
#include <core/text.hpp>
#include <fmt/format.h>
#include <identity/model.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>

#include "fold.hpp"
#include "model_words.hpp"

namespace identity {
namespace {

using core::yaml::Node;

/// Shares of one field must sum to 1 as far as written decimals can.
constexpr double kSumTolerance = 0.005;
/// A share below this would give a weight beyond all evidence.
constexpr double kShareMin = 1e-9;
constexpr std::size_t kNicknameSetsMax = 4096;

class Reader {
 public:
  Reader(const core::yaml::File& file, std::vector<ModelProblem>& problems)
      : file_(file), problems_(problems) {}

  void problem(const Node& at, std::string text) {
    problems_.push_back({file_.at(at.place), std::move(text)});
  }

  const Node* root() {
    if (file_.documents.size() == 1 && file_.documents[0].is_mapping()) return &file_.documents[0];
    problems_.push_back({file_.name + ":1:1", "must hold one mapping"});
    return nullptr;
  }

  /// Tells every key that is not in `known`.
  void check_keys(const Node& node, const std::vector<std::string_view>& known) {
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      const std::string& key = node.entries[i].first;
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const std::string_view near = core::nearest(key, known);
      problems_.push_back(
          {file_.at(node.key_places[i]),
           "unknown key '" + key + "'" +
               (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?")});
    }
  }

  const Node* mapping(const Node& node, std::string_view key, bool required) {
    const Node* found = node.find(key);
    if (found == nullptr && required) problem(node, "'" + std::string(key) + "' is missing");
    if (found != nullptr && !found->is_mapping()) {
      problem(*found, "'" + std::string(key) + "' must be a mapping");
      return nullptr;
    }
    return found;
  }

  void number(const Node& node, std::string_view key, double low, double high, double& into) {
    const Node* found = node.find(key);
    if (found != nullptr) into = number_of(*found, low, high);
  }

  void count(const Node& node, std::string_view key, double low, double high, std::uint32_t& into) {
    const Node* found = node.find(key);
    if (found == nullptr) return;
    const double value = number_of(*found, low, high);
    if (value != std::floor(value)) problem(*found, "must be a whole number");
    into = static_cast<std::uint32_t>(value);
  }

  double number_of(const Node& node, double low, double high) {
    double value = 0;
    const char* end = node.scalar.data() + node.scalar.size();
    const auto [stop, error] = std::from_chars(node.scalar.data(), end, value);
    if (!node.is_scalar() || error != std::errc{} || stop != end) {
      problem(node, "must be a number");
      return low;
    }
    if (!(value >= low && value <= high)) {
      problem(node, fmt::format("must lie between {} and {}", low, high));
      return low;
    }
    return value;
  }

  std::vector<std::string> words(const Node& node, std::string_view key) {
    std::vector<std::string> out;
    const Node* found = node.find(key);
    if (found == nullptr) return out;
    if (!found->is_sequence()) {
      problem(*found, "'" + std::string(key) + "' must be a list");
      return out;
    }
    for (const Node& item : found->items) {
      if (item.is_scalar() && !item.scalar.empty()) {
        out.push_back(item.scalar);
      } else {
        problem(item, "must be a word");
      }
    }
    return out;
  }

 private:
  const core::yaml::File& file_;
  std::vector<ModelProblem>& problems_;
};

class WeightsReader : Reader {
 public:
  WeightsReader(const core::yaml::File& file, std::vector<ModelProblem>& problems, Model& model)
      : Reader(file, problems), model_(model) {}

  void read() {
    const Node* top = root();
    if (top == nullptr) return;
    check_keys(*top, {"thresholds", "prior", "similarity", "frequency", "limits", "groups",
                      "fields", "blocking"});
    thresholds(*top);
    number(*top, "prior", -60, 0, model_.prior);
    number(*top, "similarity", 0.7, 1, model_.similarity);
    limits(*top);
    groups(*top);
    fields(*top);
    blocking(*top);
  }

 private:
  void thresholds(const Node& top) {
    const Node* node = mapping(top, "thresholds", true);
    if (node == nullptr) return;
    check_keys(*node, {"auto", "probable", "review"});
    number(*node, "auto", 0, 100, model_.auto_link);
    number(*node, "probable", 0, 100, model_.probable);
    number(*node, "review", 0, 100, model_.review);
    if (!(model_.auto_link > model_.probable && model_.probable > model_.review)) {
      problem(*node, "auto must be above probable, and probable above review");
    }
  }

  void limits(const Node& top) {
    if (const Node* node = mapping(top, "frequency", false)) {
      check_keys(*node, {"gain_max", "loss_max", "pseudo_count"});
      number(*node, "gain_max", 0, 20, model_.frequency_gain_max);
      number(*node, "loss_max", 0, 20, model_.frequency_loss_max);
      number(*node, "pseudo_count", 1, 1e9, model_.frequency_pseudo_count);
    }
    if (const Node* node = mapping(top, "limits", false)) {
      check_keys(*node, {"national_id_shared_max", "block_persons_max", "generation_years_min"});
      count(*node, "national_id_shared_max", 1, 1e6, model_.national_id_shared_max);
      count(*node, "block_persons_max", 10, 1e6, model_.block_persons_max);
      count(*node, "generation_years_min", 5, 60, model_.generation_years_min);
    }
  }

  void groups(const Node& top) {
    const Node* node = mapping(top, "groups", false);
    if (node == nullptr) return;
    check_keys(*node, {kGroupWords.begin(), kGroupWords.end()});
    for (std::size_t i = 0; i < kGroups; ++i) {
      const Node* group = mapping(*node, kGroupWords[i], false);
      if (group == nullptr) continue;
      check_keys(*group, {"cap", "floor"});
      number(*group, "cap", 0, 100, model_.groups[i].cap);
      number(*group, "floor", -100, 0, model_.groups[i].floor);
    }
  }

  void fields(const Node& top) {
    const Node* node = mapping(top, "fields", true);
    if (node == nullptr) return;
    check_keys(*node, {kFieldWords.begin(), kFieldWords.end()});
    for (std::size_t i = 0; i < kFields; ++i) {
      const Node* field = mapping(*node, kFieldWords[i], true);
      if (field == nullptr) continue;
      check_keys(*field, {"m", "u", "frequency"});
      Model::FieldModel& into = model_.fields[i];
      shares(*field, "m", into.m);
      shares(*field, "u", into.u);
      const Node* frequency = field->find("frequency");
      if (frequency == nullptr) continue;
      into.frequency = frequency->scalar == "true";
      if (!into.frequency && frequency->scalar != "false") {
        problem(*frequency, "must be true or false");
      }
    }
  }

  void shares(const Node& field, std::string_view key, std::array<double, kLevels>& into) {
    into.fill(1.0 / kLevels);
    const Node* node = field.find(key);
    if (node == nullptr) return problem(field, "'" + std::string(key) + "' is missing");
    if (!node->is_sequence() || node->items.size() != kLevels) {
      return problem(*node, "must list three shares: exact, near, differ");
    }
    double sum = 0;
    for (std::size_t i = 0; i < kLevels; ++i) {
      into[i] = number_of(node->items[i], kShareMin, 1);
      sum += into[i];
    }
    if (std::abs(sum - 1) > kSumTolerance) {
      problem(*node, fmt::format("the shares sum to {:.4f}, not to 1", sum));
    }
  }

  void blocking(const Node& top) {
    const Node* node = top.find("blocking");
    if (node == nullptr || !node->is_sequence() || node->items.empty()) {
      return problem(node == nullptr ? top : *node, "'blocking' must list at least one key");
    }
    if (node->items.size() > kBlockingKeysMax) {
      return problem(*node, fmt::format("more than {} blocking keys", kBlockingKeysMax));
    }
    for (const Node& item : node->items) {
      if (!item.is_mapping()) {
        problem(item, "must be a mapping with 'name' and 'of'");
        continue;
      }
      check_keys(item, {"name", "of", "meets"});
      BlockingKey key;
      if (const Node* name = item.find("name")) key.name = name->scalar;
      if (key.name.empty()) problem(item, "'name' is missing");
      for (const std::string& word : words(item, "of")) {
        const auto at = std::find(kKeyPartWords.begin(), kKeyPartWords.end(), word);
        if (at == kKeyPartWords.end()) {
          const std::string_view near =
              core::nearest(word, {kKeyPartWords.begin(), kKeyPartWords.end()});
          problem(*item.find("of"),
                  "unknown part '" + word + "'" +
                      (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
        } else {
          key.parts.push_back(static_cast<KeyPart>(at - kKeyPartWords.begin()));
        }
      }
      if (key.parts.empty()) problem(item, "'of' must list at least one part");
      key.space = model_.keys.size();
      if (const Node* meets = item.find("meets")) {
        const auto same =
            std::find_if(model_.keys.begin(), model_.keys.end(),
                         [&](const BlockingKey& k) { return k.name == meets->scalar; });
        if (same == model_.keys.end()) {
          problem(*meets, "'meets' must name a key further up");
        } else {
          key.space = same->space;
        }
      }
      model_.keys.push_back(std::move(key));
    }
  }

  Model& model_;
};

class NamesReader : Reader {
 public:
  NamesReader(const core::yaml::File& file, std::vector<ModelProblem>& problems, Model& model)
      : Reader(file, problems), model_(model) {}

  void read() {
    const Node* top = root();
    if (top == nullptr) return;
    check_keys(*top, {"newborn_names", "unknown_names", "placeholder_ids", "placeholder_dates",
                      "suffixes", "street_words", "street_types", "nicknames", "given_names"});
    for (const auto& word : words(*top, "newborn_names")) {
      model_.newborn_names.insert(fold(word));
    }
    for (const auto& word : words(*top, "unknown_names")) {
      model_.unknown_names.insert(fold(word));
    }
    for (const auto& word : words(*top, "placeholder_ids")) {
      model_.placeholder_ids.insert(digits_of(word));
    }
    for (const auto& word : words(*top, "placeholder_dates")) {
      model_.placeholder_dates.insert(digits_of(word));
    }
    for (const auto& word : words(*top, "street_types")) model_.street_types.insert(fold(word));
    for (const auto& word : words(*top, "given_names")) model_.given_names.insert(fold(word));
    variants(*top, "suffixes", model_.suffixes);
    variants(*top, "street_words", model_.street_words);
    nicknames(*top);
  }

 private:
  /// `jr: [junior, jnr]`: each word and the key itself stand for the key.
  void variants(const Node& top, std::string_view key,
                std::unordered_map<std::string, std::string>& into) {
    const Node* node = mapping(top, key, false);
    if (node == nullptr) return;
    for (const auto& [name, list] : node->entries) {
      into[fold(name)] = name;
      if (!list.is_sequence()) {
        problem(list, "must be a list of words");
        continue;
      }
      for (const Node& item : list.items) {
        if (!into.emplace(fold(item.scalar), name).second) {
          problem(item, "'" + item.scalar + "' stands for something else already");
        }
      }
    }
  }

  void nicknames(const Node& top) {
    const Node* node = top.find("nicknames");
    if (node == nullptr) return;
    if (!node->is_sequence() || node->items.size() > kNicknameSetsMax) {
      return problem(*node, "'nicknames' must be a list of lists");
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      const Node& set = node->items[i];
      if (!set.is_sequence() || set.items.size() < 2) {
        problem(set, "must list at least two forms of one name");
        continue;
      }
      for (const Node& item : set.items) {
        const std::string name = fold_joined(item.scalar);
        if (name.empty()) problem(item, "must be a name");
        model_.nicknames[name].push_back(static_cast<std::uint16_t>(i));
        model_.given_names.insert(name);
      }
    }
  }

  Model& model_;
};

}  // namespace

std::shared_ptr<const Model> read_model(const core::yaml::File& weights,
                                        const core::yaml::File& names,
                                        std::vector<ModelProblem>& problems) {
  const std::size_t before = problems.size();
  auto model = std::make_shared<Model>();
  WeightsReader(weights, problems, *model).read();
  NamesReader(names, problems, *model).read();
  if (problems.size() != before) return nullptr;
  model->weigh();
  return model;
}

std::shared_ptr<const Model> load_model(const std::string& directory,
                                        std::vector<ModelProblem>& problems) {
  core::yaml::File files[2];
  const char* names[2] = {"weights.yaml", "names.yaml"};
  bool whole = true;
  for (int i = 0; i < 2; ++i) {
    auto file = core::yaml::load(directory + "/" + names[i]);
    if (file) {
      files[i] = std::move(*file);
    } else {
      const core::Error& error = file.error();
      problems.push_back(
          {error.where.empty() ? directory + "/" + names[i] : error.where, error.detail});
      whole = false;
    }
  }
  return whole ? read_model(files[0], files[1], problems) : nullptr;
}

}  // namespace identity
