#include <fhir/path.hpp>

#include "help.hpp"
#include "paths.hpp"

using fhir::Document;
using fhir::Path;

namespace {

const char* const kPatient = R"({"resourceType":"Patient","id":"p1","active":true,
  "identifier":[{"system":"s","value":"1","type":{"coding":[{"code":"MR"}]}},{"value":"2"}],
  "name":[{"use":"official","family":"Chalmers","given":["Peter","James"]},
          {"use":"usual","given":["Jim",null],"_given":[null,{"extension":[{"url":"e","valueCode":"x"}]}]}],
  "telecom":[{"system":"phone","value":"03 5555 6473","rank":1},{"system":"email","value":"p@x.org"}],
  "birthDate":"1974-12-25",
  "_birthDate":{"extension":[{"url":"t","valueDateTime":"1974-12-25T14:35:45-05:00"}]},
  "_gender":{"extension":[{"url":"absent","valueCode":"unknown"}]},
  "deceasedBoolean":false,
  "multipleBirthInteger":2,
  "contained":[{"resourceType":"Organization","id":"o1","name":"Inner"}],
  "managingOrganization":{"reference":"#o1"},
  "generalPractitioner":[{"reference":"Practitioner/7/_history/2"},{"reference":"http://x.org/fhir/Organization/9"},
                         {"type":"PractitionerRole","identifier":{"value":"z"}}]})";
const char* const kObservation = R"({"resourceType":"Observation","id":"o","status":"final",
  "valueQuantity":{"value":185.0,"unit":"lbs","system":"http://unitsofmeasure.org","code":"[lb_av]"},
  "effectiveDateTime":"2026-03-01","subject":{"reference":"Patient/p1"},
  "component":[{"code":{"text":"a"},"valueString":"x"},{"code":{"text":"b"},"valueCodeableConcept":{"text":"y"}}]})";

std::string run(std::string_view expression, std::string_view json = kPatient) {
  Document document, scratch;
  auto path = Path::compile(expression);
  if (!path) return "! " + path.error().detail + " @" + path.error().where;
  std::string out;
  for (const fhir::Node* node : path->evaluate(test::parse(json, document), scratch)) {
    if (!out.empty()) out += ' ';
    out += test::compact(node);
  }
  return out;
}
std::string observed(std::string_view expression) { return run(expression, kObservation); }
bool holds(std::string_view expression, std::string_view json = kPatient) {
  Document document, scratch;
  auto path = Path::compile(expression);
  BOOST_REQUIRE_MESSAGE(path.has_value(), std::string(expression));
  return path->test(test::parse(json, document), scratch);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(path)

// Chains of members take a way of their own, which `.where(true)` does not.
BOOST_AUTO_TEST_CASE(a_chain_of_members_finds_what_the_evaluator_finds) {
  const auto agree = [](std::string_view path, const char* json) {
    const std::string found = run(path, json);
    BOOST_TEST(found == run(std::string(path) + ".where(true)", json), std::string(path));
    return !found.empty();
  };
  int found = 0;
  for (const char* step : {"name", "name.given", "name.given.x", "identifier.type.coding.code",
                           "birthDate", "gender", "deceased", "multipleBirth", "active", "none",
                           "generalPractitioner.reference", "telecom.rank", "contained.name"}) {
    found += agree(std::string("Patient.") + step, kPatient) ? 1 : 0;
  }
  for (const char* step : {"value", "valueQuantity.value", "effective", "component.code.text",
                           "component.value", "subject.reference", "status"}) {
    found += agree(std::string("Observation.") + step, kObservation) ? 1 : 0;
  }
  BOOST_TEST(found == 18);
  BOOST_TEST(!agree("Observation.status", kPatient));
  BOOST_TEST(agree("Resource.id", kPatient));
}

BOOST_AUTO_TEST_CASE(members) {
  BOOST_TEST(run("name.given") == R"("Peter" "James" "Jim" null)");
  BOOST_TEST(run("Patient.name.given[0]") == R"("Peter")");
  BOOST_TEST(run("name[1].given[0]") == R"("Jim")");
  BOOST_TEST(run("name[5]").empty());
  BOOST_TEST(run("Practitioner.name").empty());
  BOOST_TEST(run("Resource.id") == R"("p1")");
  BOOST_TEST(run("`name`.`use`") == R"("official" "usual")");
  BOOST_TEST(run("name.family.nothing").empty());
  BOOST_TEST(run("%resource.id = id") == "true");
  BOOST_TEST(run("  name /* all */ . family // end") == R"("Chalmers")");
}

BOOST_AUTO_TEST_CASE(choices) {
  BOOST_TEST(observed("Observation.value.unit") == R"("lbs")");
  BOOST_TEST(observed("component.value") == R"("x" {"text":"y"})");
  BOOST_TEST(observed("(Observation.value as Quantity).value") == "185.0");
  BOOST_TEST(observed("Observation.value.as(Quantity).code") == R"("[lb_av]")");
  BOOST_TEST(observed("value as string").empty());
  BOOST_TEST(observed("value is Quantity") == "true");
  BOOST_TEST(observed("value is FHIR.Quantity") == "true");
  BOOST_TEST(observed("component.value.ofType(CodeableConcept).text") == R"("y")");
  BOOST_TEST(observed("component.value.ofType(string)") == R"("x")");
  BOOST_TEST(observed("effective is dateTime") == "true");
  BOOST_TEST(observed("effective is Period") == "false");
  BOOST_TEST(observed("val").empty());
  BOOST_TEST(run("deceased") == "false");
  BOOST_TEST(run("Patient.deceased.exists() and Patient.deceased != false") == "false");
  BOOST_TEST(run("multipleBirth > 1") == "true");
}

BOOST_AUTO_TEST_CASE(primitive_extensions) {
  BOOST_TEST(run("birthDate.extension('t').value") == R"("1974-12-25T14:35:45-05:00")");
  BOOST_TEST(run("Patient.extension('t')").empty());
  BOOST_TEST(run("gender.exists()") == "true");
  BOOST_TEST(run("gender.hasValue()") == "false");
  BOOST_TEST(run("birthDate.hasValue()") == "true");
  BOOST_TEST(run("gender.extension.value") == R"("unknown")");
  BOOST_TEST(run("name.given.extension.value") == R"("x")");
  BOOST_TEST(run("name[1].given[1].extension('e').value") == R"("x")");
}

BOOST_AUTO_TEST_CASE(filters_and_subsets) {
  BOOST_TEST(run("telecom.where(system='phone').value") == R"("03 5555 6473")");
  BOOST_TEST(run("name.where(use = 'usual').given.first()") == R"("Jim")");
  BOOST_TEST(run("identifier.exists(value = '1' and type.coding.code = 'MR')") == "true");
  BOOST_TEST(run("identifier.exists(value = '9')") == "false");
  BOOST_TEST(run("identifier.all(value.exists())") == "true");
  BOOST_TEST(run("identifier.all(system.exists())") == "false");
  BOOST_TEST(run("identifier.any(system.exists())") == "true");
  BOOST_TEST(run("name.given.last()") == "null");
  BOOST_TEST(run("name.given.skip(1).take(2)") == R"("James" "Jim")");
  BOOST_TEST(run("name.given.tail().count()") == "3");
  BOOST_TEST(run("photo.empty() and name.count() = 2") == "true");
  BOOST_TEST(run("(name.use | name.use | 'usual').count()") == "2");
  BOOST_TEST(run("name.use.union('x')") == R"("official" "usual" "x")");
  BOOST_TEST(run("name.select(given.first() & '!')") == R"("Peter!" "Jim!")");
  BOOST_TEST(run("name.where($index = 1).use") == R"("usual")");
  BOOST_TEST(run("name.given.where($this.startsWith('J'))") == R"("James" "Jim")");
  BOOST_TEST(run("name.given.distinct().count()") == "4");
  BOOST_TEST(run("iif(active, 'yes', 'no')") == R"("yes")");
  BOOST_TEST(run("iif(photo.exists(), 'yes')").empty());
  BOOST_TEST(run("name.take(0-1)").empty());
}

BOOST_AUTO_TEST_CASE(references) {
  BOOST_TEST(observed("Observation.subject.where(resolve() is Patient).reference") == R"("Patient/p1")");
  BOOST_TEST(observed("Observation.subject.where(resolve() is Group)").empty());
  BOOST_TEST(run("managingOrganization.resolve().name") == R"("Inner")");
  BOOST_TEST(run("generalPractitioner.where(resolve() is Practitioner).count()") == "1");
  BOOST_TEST(run("generalPractitioner.resolve().ofType(Organization).id") == R"("9")");
  BOOST_TEST(run("generalPractitioner.where(resolve() is PractitionerRole).count()") == "1");
  const char* bundle = R"({"resourceType":"Bundle","entry":[
    {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"a","gender":"male"}},
    {"resource":{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"}}},
    {"resource":{"resourceType":"Observation","subject":{"reference":"Patient/a"},"status":"final"}}]})";
  BOOST_TEST(run("Observation.subject.resolve().gender", bundle) == R"("male" "male")");
  BOOST_TEST(run("Observation[1].status", bundle) == R"("final")");
  BOOST_TEST(run("Bundle.entry.resource.count()", bundle) == "3");
  BOOST_TEST(run("%context.entry.where(resource.ofType(Patient)).fullUrl", bundle) == R"("urn:uuid:1")");
  BOOST_TEST(run("Practitioner.exists()", bundle) == "false");
}

BOOST_AUTO_TEST_CASE(logic_has_three_values) {
  for (const char* is_true :
       {"true and true", "true or {}", "{} or true", "false implies {}", "{} implies true",
        "true xor false", "({} and false) = false", "({} and true).empty()", "({} or false).empty()",
        "(true xor {}).empty()", "(true implies {}).empty()", "({} implies {}).empty()",
        "false.not()", "{}.not().empty()", "name.exists().not() = false", "({} implies false).empty()"}) {
    BOOST_TEST(holds(is_true), is_true);
  }
  BOOST_TEST(!holds("{}"));
  BOOST_TEST(holds("id"));       // a single value that is no boolean
  BOOST_TEST(!holds("name"));    // two
}

BOOST_AUTO_TEST_CASE(equality_and_order) {
  for (const char* is_true :
       {"1 = 1.0", "1 != 2", "'a' = 'a'", "'a' != 'b'", "1 != '1'", "({} = 1).empty()",
        "name.use = ('official' | 'usual')", "(name.use = 'official') = false",
        "'Ab  c' ~ 'aB c'", "{} ~ {}", "('a' | 'b') ~ ('B' | 'A')", "'a' !~ 'b'", "1 < 2", "2.5 >= 2.5",
        "'a' < 'b'", "(1 < 'a').empty()", "birthDate < @1975", "birthDate = @1974-12-25",
        "(birthDate = @1974-12).empty()", "birthDate > @1974-12-24", "@2026-03-01T10:00:00Z = @2026-03-01T11:00:00+01:00",
        "@2026-03-01T10:00:00Z < @2026-03-01T10:00:01Z", "(@2026 > @2026-03).empty()", "@T10:00 < @T11:00",
        "5 'mg' = 5.0 'mg'", "(5 'mg' < 6 'g').empty()", "3 days < 4 days", "-1 < 0", "2 in (1 | 2)",
        "(1 | 2) contains 2", "(3 in (1 | 2)) = false", "({} in (1 | 2)).empty()",
        "name.use contains 'usual'"}) {
    BOOST_TEST(holds(is_true), is_true);
  }
  BOOST_TEST(observed("value > 180 '[lb_av]'") == "true");
  BOOST_TEST(observed("value = 185 'lbs'") == "true");
}

BOOST_AUTO_TEST_CASE(arithmetic_and_precedence) {
  for (const char* is_true :
       {"1 + 2 * 3 = 7", "(1 + 2) * 3 = 9", "7 div 2 = 3", "7 mod 2 = 1", "7 / 2 = 3.5",
        "(1 / 0).empty()", "(1 div 0).empty()", "0.1 + 0.2 > 0.3 - 0.1", "'a' + 'b' = 'ab'",
        "('a' + {}).empty()", "'a' & {} = 'a'", "-(1 + 1) = -2", "1 | 2 = 1 | 2",
        "true or false and false", "false implies true and false", "1 + 1 = 2 and 3 > 2"}) {
    BOOST_TEST(holds(is_true), is_true);
  }
  BOOST_TEST(holds("9223372036854775807 + 1 > 9000000000000000000"));
  BOOST_TEST(run("1 + 2") == "3");
  BOOST_TEST(run("0.5 + 0.25") == "0.75");
}

BOOST_AUTO_TEST_CASE(strings) {
  for (const char* is_true :
       {"'abc'.startsWith('ab')", "'abc'.endsWith('bc')", "'abc'.contains('b')", "'abc'.matches('^a.c$')",
        "'abc'.matches('b')", "'abc'.matches('x').not()", "'abc'.substring(1) = 'bc'",
        "'abc'.substring(1, 1) = 'b'", "'abc'.substring(3).empty()", "'abc'.indexOf('c') = 2",
        "'abc'.indexOf('x') = -1", "'caf\\u00e9s'.length() = 5", "'caf\\u00e9s'.substring(3, 1) = '\\u00e9'",
        "'caf\\u00e9s'.indexOf('s') = 4", "'aBc'.upper() = 'ABC'", "'aBc'.lower() = 'abc'",
        "'abcabc'.replace('bc', 'x') = 'axax'", "'ab'.replace('', '-') = '-a-b-'", "12.toString() = '12'",
        "'12'.toInteger() = 12", "'x'.toInteger().empty()", "true.toInteger() = 1", "'it\\'s' = \"it's\"",
        "birthDate.toString() = '1974-12-25'", "name.given.first().length() = 5", "('a'|'b').length().empty()"}) {
    BOOST_TEST(holds(is_true), is_true);
  }
  BOOST_TEST(holds("'a\\nb'.matches('^a.b$')"));         // single line mode
  BOOST_TEST(holds("'caf\\u00e9'.matches('^caf.$')"));    // characters, not bytes
  // No pattern may run for ever, and what was given up is neither true nor false.
  const std::string hostile = "'" + std::string(5000, 'a') + "'.matches('^(a+)+$x')";
  BOOST_TEST(run(hostile) == "");
}

BOOST_AUTO_TEST_CASE(trees) {
  BOOST_TEST(run("managingOrganization.children()") == R"("#o1")");
  BOOST_TEST(run("descendants().where($this is string and $this = 'Inner').count()") == "1");
  BOOST_TEST(run("name.repeat(given).count()") == "4");
  const char* nested = R"({"resourceType":"Questionnaire","item":[{"linkId":"1","item":[{"linkId":"1.1","item":[{"linkId":"1.1.1"}]}]},{"linkId":"2"}]})";
  BOOST_TEST(run("repeat(item).linkId", nested) == R"("1" "2" "1.1" "1.1.1")");
  BOOST_TEST(run("descendants().linkId.count()", nested) == "4");
  BOOST_TEST(run("('a').repeat($this + 'a').first()") == R"("aa")");
}

BOOST_AUTO_TEST_CASE(faults_name_the_column) {
  BOOST_TEST(run("name.wher(use)") == "! there is no function wher(); did you mean where()? @column 6");
  BOOST_TEST(run("name.where(").starts_with("! "));
  BOOST_TEST(run("name.where()") == "! where() does not take 0 arguments @column 6");
  BOOST_TEST(run("name ==  'x'").ends_with("@column 7"));
  BOOST_TEST(run("") == "! an expression is missing @column 1");
  BOOST_TEST(run("'abc") == "! a quote is not closed @column 1");
  BOOST_TEST(run("%nothing.x") == "! there is no variable %nothing @column 1");
  BOOST_TEST(run("name ? 1") == "! unexpected character @column 6");
  BOOST_TEST(run("@20x").ends_with("@column 1"));
  BOOST_TEST(run("name.matches('(')").starts_with("! the regular expression"));
  BOOST_TEST(run("name.matches('a{99999999999999999999}')").starts_with("! the regular expression"));
  for (const char* bad : {"name.", "name..x", "name[", "name[1", "(1", "{1}", "1 +", "a b", "name.as()",
                          "value is", "value as 'x'", "iif(1)", "$nothing", "a.$this", "name.where(use = )",
                          "a,b", ")", "@", "@T"}) {
    BOOST_TEST(!Path::compile(bad).has_value(), bad);
  }
  BOOST_TEST(!Path::compile(std::string(100000, '(')).has_value());
  BOOST_TEST(!Path::compile("1" + std::string(5000, '-') + "1").has_value());
  std::string chain = "a";
  for (int i = 0; i < 3000; ++i) chain += ".b";
  BOOST_TEST(!Path::compile(chain).has_value());
}

BOOST_AUTO_TEST_CASE(every_r4_search_parameter_compiles) {
  const std::string facts = test::read_file(test::source_path("/schemas/fhir/r4.txt"));
  BOOST_REQUIRE(!facts.empty());
  int compiled = 0;
  for (std::size_t at = 0; at < facts.size();) {
    const auto end = facts.find('\n', at);
    const std::string line = facts.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("s ")) continue;
    const auto type = line.find(' ', 2);
    const auto expression = line.substr(line.find(' ', type + 1) + 1);
    if (expression == "-") continue;
    auto path = Path::compile(expression);
    BOOST_TEST(path.has_value(), line);
    ++compiled;
  }
  BOOST_TEST(compiled > 1000);
}

BOOST_AUTO_TEST_CASE(other_peoples_assertions_compile) {
  const auto file = test::corpus() / "izgateway" / "messages.txt";
  if (test::absent(file)) return;
  std::string text = test::read_file(file);
  // A line goes on after a backslash; a comment there ends with its line.
  int compiled = 0;
  std::string expression;
  bool open = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    const auto first = line.find_first_not_of(" \t");
    if (!open && (first == std::string::npos || line[first] != '@')) continue;
    if (!open) line = line.substr(first + 1);
    open = !line.empty() && line.back() == '\\';
    if (open) line.pop_back();
    expression += line + "\n";
    if (open) continue;
    auto path = Path::compile(expression);
    BOOST_TEST(path.has_value(), expression);
    expression.clear();
    ++compiled;
  }
  BOOST_TEST(compiled > 50);
}

BOOST_AUTO_TEST_SUITE_END()
