#include <pipeline/knowledge.hpp>

#include <core/hash.hpp>
#include <core/text.hpp>

#include <filesystem>

namespace pipeline {
namespace {

/// "base+clinic" -> <mappings>/base, <mappings>/sites/clinic
std::vector<std::string> directories_of(const std::string& mappings, const std::string& name) {
  std::vector<std::string> directories;
  for (std::string_view part : core::split(name, '+')) {
    const std::string word(part);
    directories.push_back(word == "base" ? mappings + "/base" : mappings + "/sites/" + word);
  }
  return directories;
}

std::shared_ptr<const mapping::MappingSet> compile(const Knowledge& knowledge,
                                                   const std::string& mappings,
                                                   const std::string& name,
                                                   std::vector<std::string>& findings) {
  mapping::MappingSet::Sources sources;
  for (std::string& directory : directories_of(mappings, name)) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(directory, ignored)) {
      findings.push_back("mapping \"" + name + "\": error: no folder " + directory);
      return nullptr;
    }
    sources.directories.push_back(std::move(directory));
  }
  std::vector<mapping::Diagnostic> diagnostics;
  auto set = mapping::MappingSet::compile(sources, knowledge.v2, knowledge.r4, diagnostics);
  for (const auto& diagnostic : diagnostics) findings.push_back(diagnostic.render());
  return set;
}

}  // namespace

std::shared_ptr<const Knowledge> Knowledge::load(const DataPaths& paths,
                                                 const std::set<std::string>& names,
                                                 std::vector<std::string>& findings) {
  auto v2 = schema::V2Schema::load(paths.schemas + "/hl7v2");
  auto r4 = schema::R4::load(paths.schemas + "/fhir/r4.txt");
  if (!v2) findings.push_back(v2.error().text());
  if (!r4) findings.push_back(r4.error().text());
  if (!v2 || !r4) return nullptr;
  auto knowledge = std::shared_ptr<Knowledge>(
      new Knowledge{std::move(*v2), std::move(*r4), {}, nullptr});
  bool ok = true;
  for (const std::string& name : names) {
    auto set = compile(*knowledge, paths.mappings, name, findings);
    ok = ok && set != nullptr;
    knowledge->mappings[name] = std::move(set);
  }
  std::vector<him::RulePack::Finding> rule_findings;
  knowledge->rules = him::RulePack::load(paths.mappings + "/him", rule_findings);
  for (const auto& finding : rule_findings) {
    findings.push_back(finding.file + ":" + std::to_string(finding.line) + ":" +
                       std::to_string(finding.column) + ": " +
                       (finding.error ? "error: " : "warning: ") + finding.text);
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(paths.mappings + "/identity", ignored)) {
    std::vector<identity::ModelProblem> problems;
    knowledge->mpi = identity::load_model(paths.mappings + "/identity", problems);
    for (const auto& one : problems) findings.push_back(one.where + ": error: " + one.text);
    ok = ok && knowledge->mpi != nullptr;
  }
  return ok && knowledge->rules != nullptr ? knowledge : nullptr;
}

std::string Knowledge::hash() const {
  std::string all;
  for (const auto& [name, set] : mappings) all += name + "=" + set->hash() + ";";
  all += "rules=" + rules->hash();
  if (mpi != nullptr) all += "mpi=" + identity::write_weights(*mpi, "");
  const core::Digest digest = core::sha256(all);
  return core::to_hex({reinterpret_cast<const char*>(digest.data()), 16});
}

}  // namespace pipeline
