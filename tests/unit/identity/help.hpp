#pragma once
#include <identity/evaluate.hpp>
#include <identity/model.hpp>
#include <identity/mpi_index.hpp>

#include <memory>
#include <string>

namespace identity_test {

std::string source_path(const std::string& relative);
std::string read_text(const std::string& path);
/// The model that is shipped (mappings/identity).
std::shared_ptr<const identity::Model> shipped_model();
/// A person of these words; empty ones are left out.
identity::Person person(const std::string& given, const std::string& family,
                        const std::string& birth_date, const std::string& national_id = "",
                        const std::string& street = "", const std::string& city = "",
                        const std::string& postcode = "");

}  // namespace identity_test
