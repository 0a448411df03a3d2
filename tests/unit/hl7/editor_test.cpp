#include "sample.hpp"

#include <hl7/editor.hpp>

BOOST_AUTO_TEST_SUITE(editor)

BOOST_AUTO_TEST_CASE(untouched_bytes_stay) {
  const auto m = sample::parse(sample::adt());
  BOOST_TEST(hl7::Editor(m).text() == sample::adt());
  hl7::Editor editor(m);
  BOOST_REQUIRE(editor.set("PID-5.1", "SMITH").has_value());
  std::string wanted = sample::adt();
  wanted.replace(wanted.find("DOE^JOHN"), 3, "SMITH");
  BOOST_TEST(editor.text() == wanted);
}

BOOST_AUTO_TEST_CASE(builds_from_nothing) {
  hl7::Editor editor;
  BOOST_REQUIRE(editor.set("MSH-3.2", "x").has_value());
  BOOST_REQUIRE(editor.set("MSH-9", "ADT^A01").has_value());   // a value, so it is escaped
  BOOST_REQUIRE(editor.set_raw("MSH-9", "ADT^A01").has_value());
  BOOST_REQUIRE(editor.set("PID-3[2].4.3", "ISO").has_value());
  BOOST_REQUIRE(editor.set("OBX[2]-5", "a|b\nc").has_value());
  BOOST_TEST(editor.text() == "MSH|^~\\&|^x||||||ADT^A01\rPID|||~^^^&&ISO\rOBX\rOBX|||||a\\F\\b\\.br\\c\r");
  const auto m = sample::parse(editor.text());
  BOOST_TEST(m.get("PID-3[2].4.3") == "ISO");
  BOOST_TEST(m.get("OBX[2]-5") == "a|b\nc");
}

BOOST_AUTO_TEST_CASE(other_delimiters) {
  const auto m = sample::parse("MSH$%*!@$A\rPID$1$$x%y\r");
  hl7::Editor editor(m);
  BOOST_REQUIRE(editor.set("PID-3.2", "5%|").has_value());
  BOOST_TEST(editor.text() == "MSH$%*!@$A\rPID$1$$x%5!S!|\r");
  hl7::Editor fresh(m.delimiters());
  BOOST_REQUIRE(fresh.set("MSH-4", "F").has_value());
  BOOST_TEST(fresh.text() == "MSH$%*!@$$F\r");
}

BOOST_AUTO_TEST_CASE(segments) {
  hl7::Editor editor(sample::parse(sample::adt()));
  BOOST_TEST(editor.add_segment("OBX") == 3);
  BOOST_TEST(editor.add_segment("ZZZ") == 1);
  BOOST_TEST(editor.add_segment("no") == 0);
  BOOST_REQUIRE(editor.remove_segment("OBX", 1).has_value());
  BOOST_TEST(!editor.remove_segment("OBX", 3).has_value());
  BOOST_TEST(editor.text().ends_with("OBX|2|NM|B||\"\"~~5\rOBX\rZZZ\r"));
}

BOOST_AUTO_TEST_CASE(refusals) {
  hl7::Editor editor(sample::parse("MSH|^~|A\rPID|1\r"));
  const std::string before = editor.text();
  for (const char* path : {"", "PID", "PID-0", "MSH-1", "MSH-2.1", "PID-2001", "PID-3[10001]",
                           "PID-3.1001", "PID-3.1.2", "PID-3.1.1001", "OBX[5000]-1", "P-1"}) {
    const auto status = editor.set(path, "x");
    BOOST_TEST(!status.has_value(), path);
    if (!status) BOOST_TEST((status.error().code == core::ErrorCode::kUsage));
  }
  BOOST_TEST(!editor.set_raw("PID-3", "a\rPV1|").has_value());
  BOOST_TEST(editor.text() == before);
}

/// What is set is read back, and nothing else changes.
BOOST_AUTO_TEST_CASE(random_edits_round_trip) {
  std::mt19937 random(sample::seed());
  const auto number = [&random](std::size_t n) { return std::to_string(1 + sample::below(random, n)); };
  for (int round = 0; round < 400; ++round) {
    hl7::Editor editor(sample::parse(sample::adt()));
    const std::string other = editor.text().substr(0, editor.text().find("PID|"));
    for (int k = 0; k < 5; ++k) {
      std::string path = "OBX[" + number(4) + "]-" + number(9);
      if (sample::below(random, 2) == 0) path += "[" + number(3) + "]";
      if (sample::below(random, 2) == 0) path += "." + number(4);
      if (path.find('.') != std::string::npos && sample::below(random, 2) == 0) path += "." + number(3);
      std::string value = sample::noise(random, 1 + sample::below(random, 12));
      std::erase(value, '\r');
      value = "x" + value + "x";
      BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round << " " << path) {
        BOOST_REQUIRE(editor.set(path, value).has_value());
        const auto m = sample::parse(editor.text());
        BOOST_REQUIRE(m.get(path) == value);
        BOOST_REQUIRE(m.issues().empty());
        BOOST_REQUIRE(editor.text().starts_with(other));
        BOOST_REQUIRE(hl7::Editor(m).text() == editor.text());
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
