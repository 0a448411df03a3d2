#pragma once
#include <him/deficiency.hpp>
#include <pipeline/config.hpp>

namespace pipeline {

/// What deficiency rules need to know of the configuration: zone, feeds and what they bring.
him::Site him_site(const EngineConfig& config);

}  // namespace pipeline
