#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>
#include <fhirapi/api.hpp>

namespace fhirapi {

/// The CapabilityStatement of what is routed and indexed.
fhir::Node* capability_statement(const schema::R4& r4, const Searchable& searchable,
                                 const Settings& settings, std::string_view base,
                                 core::Instant started, fhir::Document& document);

}  // namespace fhirapi
