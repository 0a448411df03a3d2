#include "support.hpp"

#include <fhir/json.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include "paths.hpp"

namespace fs = std::filesystem;
using schema_test::corpus;
using schema_test::r4;
using schema_test::v2;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The messages of a file: each begins with MSH at the start of a line.
std::vector<std::string> messages_of(std::string text) {
  for (char& c : text) if (c == '\n') c = '\r';
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<std::string> result;
  std::size_t at = text.starts_with("MSH|") ? 0 : text.find("\rMSH|");
  while (at != std::string::npos) {
    if (text[at] == '\r') ++at;
    std::size_t end = text.find("\rMSH|", at);
    std::string one = text.substr(at, end == std::string::npos ? end : end - at);
    // Comments and assertions between the messages of a test file.
    std::string kept;
    std::istringstream lines(one);
    for (std::string line; std::getline(lines, line, '\r');) {
      const bool segment = line.size() > 3 && line[3] == '|' && line[0] >= 'A' && line[0] <= 'Z';
      if (segment) kept += line + '\r';
    }
    result.push_back(kept);
    at = end;
  }
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(corpus_messages)

// Other people's messages: the structure is found, every segment gets a group, and orders are split
// as the messages have OBRs.
BOOST_AUTO_TEST_CASE(all_group) {
  if (corpus().empty()) {
    BOOST_TEST_MESSAGE("skipped: no ../shared/corpus beside the repository");
    return;
  }
  int messages = 0;
  schema::GroupTree tree;
  for (const auto& entry : fs::recursive_directory_iterator(corpus())) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".hl7" && entry.path().filename() != "messages.txt") continue;
    for (const std::string& text : messages_of(read_file(entry.path()))) {
      auto message = hl7::Message::parse(text);
      if (!message) continue;
      const hl7::Header header = hl7::read_header(*message);
      const std::string version_id(header.version);
      const schema::V2Version* version = v2().version(version_id.empty() ? "2.5.1" : version_id);
      BOOST_TEST_CONTEXT(entry.path().filename() << " " << header.type << "^" << header.trigger
                                                 << " " << version_id) {
        BOOST_REQUIRE((version != nullptr));
        if (header.type.empty()) continue;  // made to be refused
        const schema::StructureMatch match =
            v2().find_structure(*version, header.type, header.trigger, header.structure);
        BOOST_REQUIRE((match.structure != nullptr));
        hl7::Issues issues;
        schema::group(*message, *match.structure, tree, issues);
        BOOST_REQUIRE(tree.group_of.size() == message->segment_count());
        int obr = 0;
        int orders = 0;
        for (std::uint32_t i = 0; i < message->segment_count(); ++i) {
          BOOST_REQUIRE(tree.group_of[i] < tree.groups.size());
          if (message->segment(i).name() == "OBR") ++obr;
        }
        for (const auto& group : tree.groups) {
          if (group.def->name == "ORDER_OBSERVATION") ++orders;
        }
        if (match.structure->id == "ORU_R01")
          BOOST_TEST(orders == std::max(obr, orders > 0 ? 1 : 0));
        hl7::Issues field_issues;
        schema::validate(*message, *version, false, field_issues);
        BOOST_TEST(!hl7::has_error(field_issues));
        ++messages;
      }
    }
  }
  BOOST_TEST(messages > 200);
}

// Examples that HL7 publishes with US Core: R4 resources without a fault.
BOOST_AUTO_TEST_CASE(us_core_examples) {
  const fs::path archive = corpus() / "us-core/us_core_700.tgz";
  const fs::path folder = fs::path(test::build_path("/us_core_examples"));
  fs::create_directories(folder);
  const std::string command = "tar -xzf '" + archive.string() + "' -C '" + folder.string() +
                              "' package/example 2>/dev/null";
  if (corpus().empty() || !fs::exists(archive) || std::system(command.c_str()) != 0) {
    BOOST_TEST_MESSAGE("skipped: no US Core package to unpack");
    return;
  }
  int resources = 0;
  std::map<std::string, int> types;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    fhir::Document document;
    auto root = fhir::parse_json(read_file(entry.path()), document);
    BOOST_TEST_CONTEXT(entry.path().filename()) {
      BOOST_REQUIRE(root.has_value());
      std::string faults;
      for (const auto& fault : schema::validate(r4(), *root))
        faults += fault.path + ": " + fault.text + "; ";
      BOOST_TEST(faults == "");
    }
    ++types[std::string((*root)->text_of("resourceType"))];
    ++resources;
  }
  BOOST_TEST(resources > 200);
  BOOST_TEST(types.size() > 20);
  fs::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
