#pragma once
#include <identity/unmerge.hpp>
#include <pipeline/config.hpp>
#include <store/records.hpp>

#include <vector>

namespace pipeline {

/// What other systems need to hear after an unmerge, as HL7 v2.5.1: an A43 that gives the number
/// back, an A45 for each visit that went back with it, an A31 with the data of each of the two.
/// Read from the records as they are after the unmerge. Nobody is sent anything here.
core::Result<std::vector<identity::RepairMessage>> repair_messages(
    store::Records& records, const EngineConfig& config, const identity::Detachment& plan,
    core::Sequence sequence, core::Instant at);

}  // namespace pipeline
