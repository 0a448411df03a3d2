#pragma once
#include <core/result.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mapping {

/// One thing an overlay does to a map, a vocabulary or a plan of the base set.
struct OverlayTouch {
  std::string file;            ///< of the overlay
  int line = 0;
  std::string overlay;         ///< name of what it changes: "PID-Patient"
  std::string target;          ///< rule key, v2 code, or setting: "gender", "Q", "mode"
  std::string change;          ///< "replaces", "adds", "appends to", "removes"
  std::string base_file;       ///< of what it touches; empty when base has nothing there
  int base_line = 0;
  std::string base_text;       ///< the same rule as one line, to be compared between versions
};

using MappingTexts = std::vector<std::pair<std::string, std::string>>;   ///< file name and text

/// What the overlays among the sources touch, in order. Errors: kBadYaml with the place.
core::Result<std::vector<OverlayTouch>> overlay_touches(const MappingTexts& sources);

/// A touched rule whose base is not what it was in `before`.
struct OverlayChange {
  OverlayTouch touch;
  std::string before, now;     ///< empty: not there
};
/// Which of what the overlays touch has changed between two versions of base: what an upgrade asks
/// the site to look at. What it added under a rule that an overlay adds counts, too.
core::Result<std::vector<OverlayChange>> overlay_changes(const MappingTexts& before,
                                                         const MappingTexts& now);

}  // namespace mapping
