#pragma once
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>

#include <vector>

namespace pipeline {

/// What load_config() cannot see, since it needs the compiled mappings: destinations whose
/// `transform:` a feed that is routed there does not have (or, without a route, no feed), each with
/// its place and the nearest name. Any thread; allocates.
std::vector<ConfigProblem> check_destinations(const EngineConfig& config,
                                              const Knowledge& knowledge);

}  // namespace pipeline
