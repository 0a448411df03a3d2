#include <core/result.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(every_slug_is_its_own_and_fit_for_a_label) {
  std::set<std::string> seen;
  for (int i = 0; i <= static_cast<int>(core::ErrorCode::kInternal); ++i) {
    const auto& row = core::entry(static_cast<core::ErrorCode>(i));
    BOOST_TEST(static_cast<int>(row.code) == i);
    BOOST_TEST(seen.insert(std::string(row.slug)).second, "slug used twice: " << row.slug);
    BOOST_TEST(row.slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
    BOOST_TEST(row.meaning.back() == '.');
  }
}

BOOST_AUTO_TEST_CASE(codes_of_table_0357) {
  const std::set<int> table{100, 101, 102, 103, 104, 198, 200, 201, 202, 203, 204, 205, 206, 207};
  for (int i = 0; i <= static_cast<int>(core::ErrorCode::kInternal); ++i) {
    BOOST_TEST(table.contains(core::entry(static_cast<core::ErrorCode>(i)).hl7));
  }
  using enum core::ErrorCode;
  BOOST_TEST(core::entry(kRequiredFieldMissing).hl7 == 101);
  BOOST_TEST(core::entry(kUnsupportedType).hl7 == 200);
  BOOST_TEST(core::entry(kUnsupportedEvent).hl7 == 201);
  BOOST_TEST(core::entry(kUnsupportedProcessingId).hl7 == 202);
  BOOST_TEST(core::entry(kUnsupportedVersion).hl7 == 203);
  BOOST_TEST(core::entry(kDiskFull).http == 507);
}

// http://hl7.org/fhir/R4/valueset-issue-type.html
BOOST_AUTO_TEST_CASE(issue_types_of_fhir_r4) {
  const std::set<std::string_view> types{
      "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown",
      "expired", "forbidden", "suppressed", "processing", "not-supported", "duplicate",
      "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension",
      "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
      "exception", "timeout", "incomplete", "throttled", "informational"};
  for (int i = 0; i <= static_cast<int>(core::ErrorCode::kInternal); ++i) {
    const auto& row = core::entry(static_cast<core::ErrorCode>(i));
    BOOST_TEST(types.contains(row.fhir_type), row.slug << " has " << row.fhir_type);
  }
}

BOOST_AUTO_TEST_CASE(text_names_slug_detail_and_place) {
  const core::Error full{core::ErrorCode::kBadYaml, "duplicate key", "a.yaml:3:1"};
  BOOST_TEST(full.text() == "bad-yaml: duplicate key (a.yaml:3:1)");
  BOOST_TEST(core::Error{core::ErrorCode::kIo}.text() == "io");
  const core::Status status = core::fail(core::ErrorCode::kTimeout, "no answer");
  BOOST_TEST(!status.has_value());
  BOOST_TEST(status.error().text() == "timeout: no answer");
}

BOOST_AUTO_TEST_SUITE_END()
