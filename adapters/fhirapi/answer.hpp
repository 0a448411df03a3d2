#pragma once
#include <core/error.hpp>
#include <fhir/node.hpp>
#include <net/http_message.hpp>
#include <schema/r4.hpp>
#include <store/records.hpp>

#include <string>

namespace fhirapi {

enum class Format { kJson, kXml, kNone };

/// By _format, else by Accept; kNone when nothing acceptable can be made.
Format negotiate(const net::HttpRequest& request);

/// Writes resources in the format that the request wants.
class Answer {
 public:
  Answer(const net::HttpRequest& request, const schema::R4& r4);

  /// kNone was negotiated: answer acceptable() with failure(kNotAcceptable).
  bool acceptable() const { return format_ != Format::kNone; }
  net::HttpResponse resource(const fhir::Node* tree, int status = 200) const;
  net::HttpResponse failure(const core::Error& error) const;
  net::HttpResponse failure(core::ErrorCode code, std::string detail) const;

 private:
  const schema::R4& r4_;
  Format format_;
  bool pretty_;
};

/// The stored resource with meta.versionId and meta.lastUpdated, in `document`. kStoreCorrupt when
/// the body cannot be read.
core::Result<fhir::Node*> with_meta(const store::Resource& resource, fhir::Document& document);

/// W/"3"
std::string etag_of(const store::Resource& resource);
/// "Sat, 21 Nov 2026 08:15:30 GMT" (RFC 9110 section 5.6.7)
std::string http_date(core::Instant at);
/// Whether one of the entity tags in an If-None-Match value is `etag`, weakly compared.
bool etag_matches(std::string_view header, std::string_view etag);

}  // namespace fhirapi
