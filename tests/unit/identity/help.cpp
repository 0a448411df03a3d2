#include "help.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "paths.hpp"

namespace identity_test {

std::string source_path(const std::string& relative) {
  return test::source_path("/" + relative);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<const identity::Model> shipped_model() {
  std::vector<identity::ModelProblem> problems;
  auto model = identity::load_model(source_path("mappings/identity"), problems);
  if (model == nullptr) throw std::runtime_error(problems.at(0).where + ": " + problems[0].text);
  return model;
}

identity::Person person(const std::string& given, const std::string& family,
                        const std::string& birth_date, const std::string& national_id,
                        const std::string& street, const std::string& city,
                        const std::string& postcode) {
  identity::Person out;
  out.names.push_back({given, "", family, ""});
  out.birth_date = birth_date;
  out.national_id = national_id;
  if (!street.empty() || !city.empty() || !postcode.empty()) {
    out.addresses.push_back({"", street, "", city, postcode, ""});
  }
  return out;
}

}  // namespace identity_test
