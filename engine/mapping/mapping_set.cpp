#include <core/hash.hpp>
#include <core/text.hpp>
#include <mapping/mapping_set.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <future>
#include <system_error>
#include <thread>

#include "compiler.hpp"
#include "impl.hpp"

namespace mapping {

namespace {

inline constexpr std::size_t kSourceFilesMax = 10'000;
inline constexpr unsigned kParsersMax = 8;

/// Reads a whole file; empty optional when it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return std::nullopt;
  std::string out;
  char block[65536];
  std::size_t got = 0;
  while ((got = std::fread(block, 1, sizeof block, file)) > 0) {
    out.append(block, got);
    if (out.size() > core::yaml::kYamlBytesMax) break;
  }
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) return std::nullopt;
  return out;
}

void load_directory(const std::string& directory,
                    std::vector<std::pair<std::string, std::string>>& out,
                    std::vector<Diagnostic>& diagnostics) {
  const auto fault = [&](const std::string& file, std::string text) {
    Diagnostic d;
    d.file = file;
    d.text = std::move(text);
    diagnostics.push_back(std::move(d));
  };
  std::error_code code;
  std::vector<std::filesystem::path> found;
  std::filesystem::recursive_directory_iterator at(directory, code), end;
  if (code) return fault(directory, "cannot read the directory: " + code.message());
  for (; at != end && !code; at.increment(code)) {
    const auto extension = at->path().extension();
    // What is not mapped, and why, is for readers and for the coverage report.
    if (at->path().filename() == "DECLINED.yaml") continue;
    if (at->is_regular_file(code) && (extension == ".yaml" || extension == ".yml")) {
      found.push_back(at->path());
    }
    if (found.size() > kSourceFilesMax) return fault(directory, "too many files");
  }
  std::sort(found.begin(), found.end());
  for (const auto& path : found) {
    auto text = read_file(path);
    if (text) {
      out.emplace_back(path.string(), std::move(*text));
    } else {
      fault(path.string(), "cannot read the file");
    }
  }
}

bool has_errors(const std::vector<Diagnostic>& diagnostics, std::size_t from) {
  return std::any_of(diagnostics.begin() + static_cast<std::ptrdiff_t>(from), diagnostics.end(),
                     [](const Diagnostic& d) {
                       return d.severity == Diagnostic::Severity::kError;
                     });
}

/// Reading YAML is half of a start; the files know nothing of each other.
std::vector<core::Result<core::yaml::File>> parse_all(
    const std::vector<std::pair<std::string, std::string>>& sources) {
  std::vector<core::Result<core::yaml::File>> parsed(sources.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < sources.size(); i = next++) {
      parsed[i] = core::yaml::parse(sources[i].second, sources[i].first);
    }
  };
  const unsigned helpers = std::min(std::thread::hardware_concurrency(), kParsersMax);
  std::vector<std::future<void>> others;
  try {
    for (unsigned i = 1; i < helpers; ++i) others.push_back(std::async(std::launch::async, work));
  } catch (const std::system_error&) {
    // No thread to be had: this one reads them all.
  }
  work();
  for (std::future<void>& other : others) other.get();
  return parsed;
}

}  // namespace

MappingSet::MappingSet() : impl_(std::make_unique<Impl>()) {}
MappingSet::~MappingSet() = default;

std::shared_ptr<const MappingSet> MappingSet::compile(const Sources& sources,
                                                      const schema::V2Schema& v2,
                                                      const schema::R4& r4,
                                                      std::vector<Diagnostic>& diagnostics) {
  const std::size_t before = diagnostics.size();
  std::shared_ptr<MappingSet> set(new MappingSet);
  Impl& impl = *set->impl_;
  impl.v2 = &v2;
  impl.r4 = &r4;
  for (const std::string& directory : sources.directories) {
    load_directory(directory, impl.sources, diagnostics);
  }
  impl.sources.insert(impl.sources.end(), sources.texts.begin(), sources.texts.end());
  Report report(diagnostics);
  impl.documents = std::make_unique<Documents>(report);
  std::string all;
  std::vector<core::Result<core::yaml::File>> parsed = parse_all(impl.sources);
  for (std::size_t i = 0; i < impl.sources.size(); ++i) {
    const auto& [name, text] = impl.sources[i];
    impl.documents->add(name, std::move(parsed[i]));
    all += fmt::format("{}\n{}\n", text.size(), text);
  }
  impl.hash = [&] {
    const core::Digest digest = core::sha256(all);
    return core::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }();
  impl.documents->finish();
  impl.values = impl.documents->values;
  Compiler(impl, *impl.documents, report).run();
  impl.tests = impl.documents->tests;
  std::stable_sort(diagnostics.begin() + static_cast<std::ptrdiff_t>(before), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
                   });
  if (has_errors(diagnostics, before)) return nullptr;
  return set;
}

std::size_t MappingSet::rule_count() const { return impl_->infos.size(); }

const RuleInfo& MappingSet::rule(std::uint32_t id) const {
  return impl_->infos[id < impl_->infos.size() ? id : 0];
}

const std::string& MappingSet::hash() const { return impl_->hash; }

const std::vector<std::pair<std::string, std::string>>& MappingSet::source_texts() const {
  return impl_->sources;
}

bool MappingSet::accepts(std::string_view type, std::string_view trigger) const {
  const std::string_view structure = impl_->v2->newest().structure_id(type, trigger);
  return impl_->plan_of(structure, type, trigger) != kNil;
}

std::uint32_t MappingSet::Impl::plan_of(std::string_view structure, std::string_view type,
                                        std::string_view trigger) const {
  std::uint32_t by_structure = kNil, by_type = kNil;
  for (std::uint32_t i = 0; i < program.plans.size(); ++i) {
    const Plan& plan = program.plans[i];
    if (!structure.empty() && plan.name == structure) by_structure = i;
    for (const std::string& one : plan.accept) {
      if (one == type) by_type = i;
      if (one.size() == type.size() + 1 + trigger.size() && one.starts_with(type) &&
          one[type.size()] == '^' && one.ends_with(trigger)) {
        return i;
      }
    }
  }
  return by_structure != kNil ? by_structure : by_type;
}

}  // namespace mapping
