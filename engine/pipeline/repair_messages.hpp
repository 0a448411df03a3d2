#pragma once
#include <identity/unmerge.hpp>
#include <pipeline/config.hpp>
#include <store/records.hpp>

#include <set>
#include <string>
#include <vector>

namespace pipeline {

/// What other systems need to hear after an unmerge, as HL7 v2.5.1: an A43 that gives the number
/// back, an A45 for each visit that went back with it, an A31 with the data of each of the two.
/// Read from the records as they are after the unmerge. Nobody is sent anything here.
core::Result<std::vector<identity::RepairMessage>> repair_messages(
    store::Records& records, const EngineConfig& config, const identity::Detachment& plan,
    core::Sequence sequence, core::Instant at);

/// What they need to hear after a merge that people decided here: an A40.
core::Result<std::vector<identity::RepairMessage>> merge_messages(
    store::Records& records, const EngineConfig& config, const std::string& retired,
    const std::string& survivor, core::Sequence sequence, core::Instant at);

/// What they need to hear after people here said that two records are one person's, nothing moving
/// (A24), or that they are not after all (A37).
core::Result<std::vector<identity::RepairMessage>> link_messages(
    store::Records& records, const EngineConfig& config, const std::string& patient,
    const std::string& other, bool together, core::Sequence sequence, core::Instant at);

/// Versions of a Patient that are looked through for the feeds which told of it.
inline constexpr std::size_t kFeedVersionsMax = 200;
/// Feeds that told of any of these Patients: who is routed from one of them was told of it too.
core::Result<std::set<std::string>> feeds_of(store::Records& records,
                                             const std::vector<std::string>& patients);

}  // namespace pipeline
