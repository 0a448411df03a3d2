#pragma once
#include <fhir/node.hpp>
#include <him/deficiency.hpp>
#include <store/db.hpp>

#include <string>
#include <string_view>

namespace him {

/// Whether somebody goes by the number in `field` of an order ("owner", "other"); a role
/// ("=coding") is nobody's number. kBadRequest, naming the nearest one. An order that says
/// "new": "true" speaks of somebody whom no message has named yet.
core::Status check_practitioner(store::Db& db, const fhir::Node& order, std::string_view field);

/// kNotFound, naming the number most like it.
core::Error no_such_visit(store::Db& db, std::string_view number);

}  // namespace him
