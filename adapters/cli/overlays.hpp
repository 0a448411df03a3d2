#pragma once
#include <string>

#include "command.hpp"

namespace cli {

/// `check --overlays`: what the overlays of the checked mappings touch; with `before` (a mappings
/// folder) or with what the engine's journal last ran on, which of that an upgrade changed.
void report_overlays(const pipeline::Knowledge& knowledge, const std::string& before,
                     const pipeline::EngineConfig* config, Context& context);

}  // namespace cli
