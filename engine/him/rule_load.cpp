#include <core/hash.hpp>
#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "rule_reader.hpp"

namespace him {
namespace {

constexpr std::size_t kRuleFilesMax = 200;

/// "file:line:column" of an error back into its parts; the file keeps its own colons.
RulePack::Finding finding_of(const core::Error& error, const std::string& file) {
  RulePack::Finding finding{file, 1, 1, true, error.detail};
  const std::size_t second = error.where.rfind(':');
  const std::size_t first = second == std::string::npos || second == 0
                                ? std::string::npos
                                : error.where.rfind(':', second - 1);
  if (first != std::string::npos) {
    finding.line = static_cast<int>(
        core::to_int(error.where.substr(first + 1, second - first - 1)).value_or(1));
    finding.column = static_cast<int>(core::to_int(error.where.substr(second + 1)).value_or(1));
  }
  return finding;
}

std::vector<std::string> rule_files(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code fault;
  for (std::filesystem::directory_iterator it(directory, fault), end; !fault && it != end;
       it.increment(fault)) {
    const auto extension = it->path().extension();
    if (extension == ".yaml" || extension == ".yml") files.push_back(it->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// What the hash stands for: keys and values in their order; layout and comments do not count.
std::string content_of(const core::yaml::Node& node) {
  std::string all;
  const auto walk = [&all](const auto& self, const core::yaml::Node& one) -> void {
    all += fmt::format("{}:{}:{}", static_cast<int>(one.kind), one.scalar.size(), one.scalar);
    for (const auto& item : one.items) self(self, item);
    for (const auto& [key, value] : one.entries) {
      all += fmt::format("{}={}", key.size(), key);
      self(self, value);
    }
    all += ';';
  };
  walk(walk, node);
  return all;
}

std::string hash_of(const std::string& text) {
  const core::Digest digest = core::sha256(text);
  return core::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

RulePack::RulePack() = default;
RulePack::~RulePack() = default;

void read_pack(const core::yaml::File& file, PackParts into,
               std::vector<RulePack::Finding>& findings) {
  RuleReader(file, findings, into).read();
}

void read_rules(const core::yaml::File& file, std::vector<Rule>& rules,
                std::vector<RulePack::Finding>& findings) {
  std::set<std::string, std::less<>> event_codes;
  Policy policy;
  bool has_policy = false;
  read_pack(file, {rules, event_codes, policy, has_policy}, findings);
}

std::shared_ptr<const RulePack> RulePack::load(const std::string& directory,
                                               std::vector<Finding>& findings) {
  const std::size_t before = findings.size();
  std::shared_ptr<RulePack> pack(new RulePack());
  pack->impl_ = std::make_unique<Impl>();
  const std::vector<std::string> files = rule_files(directory);
  if (files.empty()) findings.push_back({directory, 0, 0, true, "holds no rule file (*.yaml)"});
  if (files.size() > kRuleFilesMax) {
    findings.push_back({directory, 0, 0, true, fmt::format("more than {} files", kRuleFilesMax)});
    return nullptr;
  }
  std::string content;
  bool has_policy = false;
  for (const std::string& path : files) {
    const auto file = core::yaml::load(path);
    if (!file) {
      findings.push_back(finding_of(file.error(), path));
      continue;
    }
    Impl& impl = *pack->impl_;
    read_pack(*file, {impl.rules, impl.event_codes, impl.policy, has_policy}, findings);
    for (const auto& document : file->documents) content += content_of(document);
  }
  pack->impl_->hash = hash_of(content);
  // Parts of a rule keep the order in which they are written.
  std::stable_sort(pack->impl_->rules.begin(), pack->impl_->rules.end(),
                   [](const Rule& a, const Rule& b) { return a.id < b.id; });
  join_reads(pack->impl_->rules);
  const bool failed = std::any_of(findings.begin() + static_cast<std::ptrdiff_t>(before),
                                  findings.end(), [](const Finding& one) { return one.error; });
  return failed ? nullptr : pack;
}

std::vector<std::string> RulePack::rule_ids() const {
  std::vector<std::string> ids;
  for (const Rule& rule : impl_->rules) {
    if (ids.empty() || ids.back() != rule.id) ids.push_back(rule.id);
  }
  return ids;
}

const std::string& RulePack::hash() const { return impl_->hash; }
const Policy& RulePack::policy() const { return impl_->policy; }

}  // namespace him
