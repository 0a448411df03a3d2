#pragma once
#include <store/records.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

/// The transaction Bundle that carries `resources` to a FHIR server at `base`
/// (http://hl7.org/fhir/http.html#transaction): one PUT (or DELETE) an entry, in order.
std::string delivery_bundle(std::string_view base, std::string_view identifier,
                            const std::vector<store::Resource>& resources);

}  // namespace pipeline
