#pragma once
#include <fhirapi/api.hpp>

#include <string_view>

namespace fhirapi {

/// `POST Patient/$match` (http://hl7.org/fhir/R4/patient-operation-match.html): Parameters with
/// `resource`, `onlyCertainMatches`, `count` (at most kPageMax). A searchset, best first, with
/// search.score and the match-grade extension.
net::HttpResponse match_patients(const net::HttpRequest& request, const schema::R4& r4,
                                 store::Records& records, identity::Matcher& matcher,
                                 std::string_view base);

/// `GET Patient/$ihe-pix?sourceIdentifier=system|value&targetSystem=` (IHE PIXm, ITI-83):
/// Parameters with the person's other numbers and the Patients that carry them. 404 for an unknown
/// number or source domain, 403 for an unknown target domain, 400 without a source.
net::HttpResponse cross_reference(const net::HttpRequest& request, const schema::R4& r4,
                                  store::Records& records);

}  // namespace fhirapi
