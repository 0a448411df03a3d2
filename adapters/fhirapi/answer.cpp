#include "answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fhir/outcome.hpp>
#include <fhir/xml.hpp>

#include "xml_model.hpp"

namespace fhirapi {

namespace {

Format format_of(std::string_view type) {
  constexpr std::array<std::string_view, 4> kJson = {"json", "application/json",
                                                     "application/fhir+json", "text/json"};
  constexpr std::array<std::string_view, 4> kXml = {"xml", "application/xml",
                                                    "application/fhir+xml", "text/xml"};
  if (std::find(kJson.begin(), kJson.end(), type) != kJson.end()) return Format::kJson;
  if (std::find(kXml.begin(), kXml.end(), type) != kXml.end()) return Format::kXml;
  return Format::kNone;
}

/// One media range of Accept: its format and weight in thousandths.
struct Range {
  Format format = Format::kNone;
  int weight = 1000;
};

Range parse_range(std::string_view text) {
  const auto parts = core::split(text, ';');
  const std::string type = core::ascii_lower(core::trim(parts[0]));
  Range range{type == "*/*" || type == "application/*" ? Format::kJson : format_of(type)};
  for (std::size_t n = 1; n < parts.size(); ++n) {
    const std::string parameter = core::ascii_lower(core::trim(parts[n]));
    if (parameter.starts_with("q=")) {
      double weight = 0;
      const char* end = parameter.data() + parameter.size();
      const auto read = std::from_chars(parameter.data() + 2, end, weight);
      const bool good = read.ec == std::errc() && weight >= 0 && weight <= 1;
      range.weight = good ? static_cast<int>(weight * 1000) : 0;
    } else if (parameter.starts_with("fhirversion=") && parameter != "fhirversion=4.0") {
      range.weight = 0;  // http://hl7.org/fhir/R4/versioning.html#mt-version
    }
  }
  return range;
}

}  // namespace

Format negotiate(const net::HttpRequest& request) {
  if (const std::string* wanted = request.query_value("_format")) {
    std::string type = core::ascii_lower(std::string_view(*wanted).substr(0, wanted->find(';')));
    // "+" in a query is a blank; people write _format=application/fhir+json all the same.
    for (char& c : type) {
      if (c == ' ') c = '+';
    }
    return format_of(type);
  }
  const std::string_view accept = request.header("accept");
  if (core::trim(accept).empty()) return Format::kJson;
  Range best{Format::kNone, 0};
  for (const std::string_view text : core::split(accept, ',')) {
    const Range range = parse_range(text);
    if (range.format != Format::kNone && range.weight > best.weight) best = range;
  }
  return best.format;
}

Answer::Answer(const net::HttpRequest& request, const schema::R4& r4)
    : r4_(r4), format_(negotiate(request)) {
  const std::string* pretty = request.query_value("_pretty");
  pretty_ = pretty && *pretty == "true";
}

net::HttpResponse Answer::resource(const fhir::Node* tree, int status) const {
  net::HttpResponse response;
  response.status = status;
  if (format_ == Format::kXml) {
    response.content_type = "application/fhir+xml; charset=utf-8";
    auto written = fhir::write_xml(tree, XmlModel(r4_));
    if (written) {
      response.body = std::move(*written);
      return response;
    }
    response.status = core::entry(written.error().code).http;
    response.content_type = "application/fhir+json; charset=utf-8";
    response.body = fhir::outcome_json(written.error());
    return response;
  }
  response.content_type = "application/fhir+json; charset=utf-8";
  if (pretty_) {
    response.body = fhir::pretty_json(tree);
  } else {
    fhir::write_json(tree, response.body);
  }
  return response;
}

net::HttpResponse Answer::failure(const core::Error& error) const {
  fhir::Document document;
  return resource(fhir::make_outcome(error, document), core::entry(error.code).http);
}

net::HttpResponse Answer::failure(core::ErrorCode code, std::string detail) const {
  return failure(core::Error{code, std::move(detail), {}});
}

core::Result<fhir::Node*> with_meta(const store::Resource& resource, fhir::Document& document) {
  auto parsed = fhir::parse_json(resource.body, document);
  if (!parsed || !(*parsed)->is_object()) {
    return core::fail(core::ErrorCode::kStoreCorrupt, "a stored resource cannot be read");
  }
  fhir::Node* old = *parsed;
  fhir::Node* meta = old->find("meta");
  if (!meta || !meta->is_object()) meta = document.object();
  document.set(meta, "versionId", document.string(std::to_string(resource.version)));
  document.set(meta, "lastUpdated", document.string(core::to_iso(resource.updated)));
  fhir::Node* tree = document.object();
  for (std::string_view first : {"resourceType", "id"}) {
    if (fhir::Node* value = old->find(first)) document.add(tree, first, value);
  }
  document.add(tree, "meta", meta);
  for (const fhir::Member* m = old->first_member; m; m = m->next) {
    if (m->name == "resourceType" || m->name == "id" || m->name == "meta") continue;
    document.add(tree, m->name, m->value);
  }
  return tree;
}

std::string etag_of(const store::Resource& resource) {
  return "W/\"" + std::to_string(resource.version) + "\"";
}

std::string http_date(core::Instant at) {
  using namespace std::chrono;
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(at - day));
  const auto two = [](auto value) {
    std::string text = std::to_string(value);
    return text.size() < 2 ? "0" + text : text;
  };
  std::string out = kDays[weekday(day).c_encoding()];
  out += ", " + two(static_cast<unsigned>(date.day())) + " ";
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += " " + std::to_string(static_cast<int>(date.year())) + " " + two(time.hours().count()) +
         ":" + two(time.minutes().count()) + ":" + two(time.seconds().count()) + " GMT";
  return out;
}

bool etag_matches(std::string_view header, std::string_view etag) {
  const auto bare = [](std::string_view tag) {
    tag = core::trim(tag);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    return tag;
  };
  if (core::trim(header) == "*") return true;
  for (const std::string_view tag : core::split(header, ',')) {
    if (bare(tag) == bare(etag)) return true;
  }
  return false;
}

}  // namespace fhirapi
