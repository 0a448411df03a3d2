#pragma once
#include <hl7/charset.hpp>
#include <mapping/mapper.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"

namespace cli {

/// Rules and environment to run messages through without a store: of a feed of a configuration, or
/// the shipped base set.
struct Workbench {
  std::shared_ptr<const pipeline::Knowledge> knowledge;
  std::shared_ptr<const mapping::MappingSet> set;
  mapping::Environment environment;
  hl7::CharsetPolicy charset;
  std::string feed;            ///< name, "" without a configuration
  std::string mappings;        ///< folder the set came from

  struct Choice {
    std::string config, feed, mappings;   ///< each may be empty
    std::string mapping;                  ///< "base" or "base+<site>"; empty: the feed's
  };
  /// nullopt after printing why.
  static std::optional<Workbench> open(const Choice& choice);
};

/// What a feed's messages are mapped with.
mapping::Environment environment_of(const pipeline::EngineConfig& config,
                                    const pipeline::FeedConfig& feed);

/// `own`, with what an expect.yaml beside the file (a golden case) says of its feed.
mapping::Environment environment_beside(const std::string& file, const mapping::Environment& own);

/// HL7 files below `path` (a file, or a folder searched deep for *.hl7, *.er7, *.xml), in
/// order of their names.
std::vector<std::string> message_files(const std::string& path);

/// Calls `each` for every message of a file: ER7, v2.xml or a batch, decoded to UTF-8; line feeds
/// may end segments. Errors: kIo, kCharset, kNoMsh...
core::Status each_message(const std::string& file, const hl7::CharsetPolicy& charset,
                          const std::function<void(std::string_view)>& each);

/// `,"name":"text"` with the text escaped; the first without its comma.
void json_member(std::string& line, std::string_view name, std::string_view text);

}  // namespace cli
