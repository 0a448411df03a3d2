#pragma once
#include <mapping/inspect.hpp>
#include <mapping/unmapped.hpp>

#include <string>
#include <vector>

#include "command.hpp"

namespace cli {

/// `mapping unmapped`: codes that met no row of their vocabulary, as a work list.
struct UnmappedOptions {
  std::string config, feed, mappings, from;
  std::vector<std::string> files;
  bool rows = false;      ///< only the overlay to paste
};
/// From files by running them; else what the running engine counted; else from the journal.
void report_unmapped(const UnmappedOptions& options, Context& context);

/// Overlay documents with a row for each code: empty targets to fill in, each with what the
/// vocabulary has as targets, and who sent it.
std::string vocab_rows(const std::vector<mapping::Unmapped>& unmapped,
                       const std::vector<mapping::VocabFacts>& vocabs);

}  // namespace cli
