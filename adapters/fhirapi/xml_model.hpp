#pragma once
#include <fhir/xml.hpp>
#include <schema/r4.hpp>

namespace fhirapi {

/// What FHIR XML asks of R4.
class XmlModel final : public fhir::XmlTypes {
 public:
  explicit XmlModel(const schema::R4& r4) : r4_(r4) {}
  bool is_resource(std::string_view type) const override { return r4_.is_resource(type); }
  bool find(std::string_view type, std::string_view name, Element& out) const override;

 private:
  const schema::R4& r4_;
};

}  // namespace fhirapi
