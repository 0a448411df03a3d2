#pragma once
#include <core/clock.hpp>
#include <hl7/message.hpp>

#include <optional>
#include <string_view>

namespace pipeline {

/// An HL7 time stamp (YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZ[ZZ]]) as an instant; what is missing
/// counts as zero, without an offset the zone decides. nullopt for what is no time.
std::optional<core::Instant> hl7_instant(std::string_view text, const core::TimeZone& zone);

/// When the event of a message happened, for the stale guard: EVN-2, else MSH-7.
std::optional<core::Instant> event_time(const hl7::Message& message, const core::TimeZone& zone);

}  // namespace pipeline
