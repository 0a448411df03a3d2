#include <fhir/first_version.hpp>
#include <fhir/merge.hpp>
#include <random>

#include "help.hpp"

using fhir::Document;
using fhir::MergePolicy;
using fhir::Node;

namespace {

constexpr MergePolicy kMerge{};
constexpr MergePolicy kUnion{.list = MergePolicy::List::kUnion};
constexpr MergePolicy kSnapshot{.mode = MergePolicy::Mode::kReplace};

std::string merged(std::string_view stored, std::string_view incoming,
                   const MergePolicy& policy = kMerge) {
  Document sources, into;
  const Node* result = fhir::merge(test::parse(stored, sources), test::parse(incoming, sources),
                                   policy, into);
  sources.reset();  // the result must not need them
  sources.string(std::string(4000, '#'));
  return test::compact(result);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(merge)

BOOST_AUTO_TEST_CASE(what_did_not_come_stays) {
  BOOST_TEST(merged(R"({"resourceType":"Patient","id":"1","gender":"female","birthDate":"1960"})",
                    R"({"resourceType":"Patient","gender":"male","active":true})") ==
             R"({"resourceType":"Patient","id":"1","gender":"male","birthDate":"1960","active":true})");
}

BOOST_AUTO_TEST_CASE(null_clears) {
  BOOST_TEST(merged(R"({"a":"1","b":{"start":"x","end":"y"},"c":["z"]})",
                    R"({"a":null,"b":{"end":null},"c":null,"d":null})") == R"({"b":{"start":"x"}})");
  BOOST_TEST(merged(R"({"b":{"start":"x"}})", R"({"b":{"start":null}})") == "{}");
  BOOST_TEST(merged(R"({"c":["z"]})", R"({"c":[null]})") == "{}");
  BOOST_TEST(merged(R"({"c":["z"]})", R"({"c":[{"a":null},{"b":1}]})") == R"({"c":[{"b":1}]})");
  Document d;
  BOOST_TEST(test::compact(fhir::merge(nullptr, test::parse(R"({"a":null,"b":{"c":null},"d":1})", d),
                                       kMerge, d)) == R"({"d":1})");
}

BOOST_AUTO_TEST_CASE(values_of_one_field_are_replaced_whole) {
  BOOST_TEST(merged(R"({"maritalStatus":{"coding":[{"code":"M"}],"text":"Married"}})",
                    R"({"maritalStatus":{"coding":[{"code":"D"}]}})") ==
             R"({"maritalStatus":{"coding":[{"code":"D"}]}})");
  BOOST_TEST(merged(R"({"valueQuantity":{"value":1.0,"unit":"mg","code":"mg"}})",
                    R"({"valueQuantity":{"value":2}})") == R"({"valueQuantity":{"value":2}})");
  BOOST_TEST(merged(R"({"subject":{"reference":"Patient/1","display":"x"}})",
                    R"({"subject":{"reference":"Patient/2"}})") ==
             R"({"subject":{"reference":"Patient/2"}})");
}

BOOST_AUTO_TEST_CASE(periods_and_backbones_are_merged_inside) {
  BOOST_TEST(merged(R"({"period":{"start":"2026-01-01","end":"2026-01-03"}})",
                    R"({"period":{"start":"2026-01-02"}})") ==
             R"({"period":{"start":"2026-01-02","end":"2026-01-03"}})");
  BOOST_TEST(merged(R"({"hospitalization":{"admitSource":{"text":"a"}}})",
                    R"({"hospitalization":{"dischargeDisposition":{"text":"b"}}})") ==
             R"({"hospitalization":{"admitSource":{"text":"a"},"dischargeDisposition":{"text":"b"}}})");
}

BOOST_AUTO_TEST_CASE(a_period_does_not_end_before_its_start) {
  const char* const stay = R"({"period":{"start":"2026-01-02T08:00:00-05:00"}})";
  BOOST_TEST(merged(stay, R"({"period":{"end":"2026-01-02T07:59:00-05:00"}})") == stay);
  BOOST_TEST(merged(stay, R"({"period":{"end":"2026-01-02T12:30:00Z"}})") == stay);
  BOOST_TEST(merged(stay, R"({"period":{"end":"2026-01-02"}})") ==
             R"({"period":{"start":"2026-01-02T08:00:00-05:00","end":"2026-01-02"}})");
  // In the evening of New York it is the next day in Greenwich: of a day without a zone nothing is
  // known.
  BOOST_TEST(merged(R"({"period":{"start":"2026-01-02T20:00:00-05:00"}})",
                    R"({"period":{"end":"2026-01-02"}})") ==
             R"({"period":{"start":"2026-01-02T20:00:00-05:00","end":"2026-01-02"}})");
  BOOST_TEST(merged(R"({"period":{"start":"2026-01-01","end":"2026-01-03","_end":{"id":"e"}}})",
                    R"({"period":{"start":"2026-01-04"}})") == R"({"period":{"start":"2026-01-04"}})");
  // What was stored so is not for a merge to mend.
  const char* const wrong = R"({"period":{"start":"2026-01-04","end":"2026-01-03"}})";
  BOOST_TEST(merged(wrong, wrong) == wrong);
}

BOOST_AUTO_TEST_CASE(a_choice_ousts_its_other_types) {
  BOOST_TEST(merged(R"({"status":"final","valueString":"5","_valueString":{"id":"q"},"note":"n"})",
                    R"({"valueQuantity":{"value":5}})") ==
             R"({"status":"final","note":"n","valueQuantity":{"value":5}})");
  BOOST_TEST(merged(R"({"deceasedBoolean":true})", R"({"deceasedDateTime":"2026"})") ==
             R"({"deceasedDateTime":"2026"})");
  BOOST_TEST(merged(R"({"deceasedBoolean":true})", R"({"deceasedDateTime":null})") ==
             R"({"deceasedBoolean":true})");
  BOOST_TEST(merged(R"({"onsetAge":{"value":3}})", R"({"onsetDateTime":"2020"})") ==
             R"({"onsetDateTime":"2020"})");
  // Inside components too; and the longest type name counts.
  BOOST_TEST(merged(R"({"x":{"valueDateTime":"2020","k":1}})", R"({"x":{"valueTime":"10:00:00"}})") ==
             R"({"x":{"k":1,"valueTime":"10:00:00"}})");
}

BOOST_AUTO_TEST_CASE(names_that_only_look_like_choices_stay) {
  BOOST_TEST(merged(R"({"reasonCode":{"text":"a"}})", R"({"reasonReference":{"reference":"b"}})") ==
             R"({"reasonCode":{"text":"a"},"reasonReference":{"reference":"b"}})");
  BOOST_TEST(merged(R"({"instantiatesUri":["a"]})", R"({"instantiatesCanonical":["b"]})") ==
             R"({"instantiatesUri":["a"],"instantiatesCanonical":["b"]})");
}

BOOST_AUTO_TEST_CASE(extensions_of_a_primitive_follow_it) {
  const char* stored = R"({"birthDate":"1960-01-02","_birthDate":{"id":"t"}})";
  BOOST_TEST(merged(stored, R"({"birthDate":"1960-01-02"})") == stored);
  BOOST_TEST(merged(stored, R"({"birthDate":"1961"})") == R"({"birthDate":"1961"})");
  BOOST_TEST(merged(stored, R"({"birthDate":"1961","_birthDate":{"id":"u"}})") ==
             R"({"birthDate":"1961","_birthDate":{"id":"u"}})");
  BOOST_TEST(merged(stored, R"({"_birthDate":{"id":"unknown"}})") == R"({"_birthDate":{"id":"unknown"}})");
  BOOST_TEST(merged(stored, R"({"birthDate":null})") == "{}");
  BOOST_TEST(merged(stored, R"({"_birthDate":null})") == R"({"birthDate":"1960-01-02"})");
  BOOST_TEST(merged(R"({"_birthDate":{"id":"t"}})", R"({"birthDate":"1961"})") == R"({"birthDate":"1961"})");
  BOOST_TEST(merged(R"({"a":1})", R"({"_given":[null,{"id":"x"}],"given":["A",null]})", kUnion) ==
             R"({"a":1,"given":["A",null],"_given":[null,{"id":"x"}]})");
  BOOST_TEST(merged(R"({"given":["A",null],"_given":[null,{"id":"x"}]})", R"({"given":["B"]})", kUnion) ==
             R"({"given":["B"]})");
}

BOOST_AUTO_TEST_CASE(type_and_id_stay) {
  BOOST_TEST(merged(R"({"resourceType":"Patient","id":"1","a":1})",
                    R"({"resourceType":"Person","id":"2","a":null})") ==
             R"({"resourceType":"Patient","id":"1"})");
  BOOST_TEST(merged(R"({"resourceType":"Patient","id":"1","meta":{"source":"s"},"a":1})", R"({"b":1})",
                    kSnapshot) == R"({"resourceType":"Patient","id":"1","meta":{"source":"s"},"b":1})");
  BOOST_TEST(merged(R"({"a":1})", R"({"resourceType":"Patient","id":"2"})") ==
             R"({"a":1,"resourceType":"Patient","id":"2"})");
}

BOOST_AUTO_TEST_CASE(a_snapshot_removes_what_it_could_write) {
  BOOST_TEST(merged(R"({"a":1,"b":2,"p":{"start":"x","end":"y"}})", R"({"p":{"start":"z"}})", kSnapshot) ==
             R"({"p":{"start":"z"}})");
  constexpr std::string_view kNames[] = {"b", "p"};
  MergePolicy policy = kSnapshot;
  policy.writable = kNames;
  BOOST_TEST(merged(R"({"a":1,"b":2,"_b":{"id":"x"}})", R"({"c":3})", policy) == R"({"a":1,"c":3})");
}

BOOST_AUTO_TEST_CASE(lists_replace_or_unite) {
  const char* stored = R"({"identifier":[{"system":"s","value":"1","type":{"text":"MR"}},{"system":"s","value":"2"}]})";
  const char* incoming = R"({"identifier":[{"system":"s","value":"1","use":"official"},{"value":"3"}]})";
  BOOST_TEST(merged(stored, incoming) == incoming);
  BOOST_TEST(merged(stored, incoming, kUnion) ==
             R"({"identifier":[{"system":"s","value":"1","use":"official"},{"system":"s","value":"2"},{"value":"3"}]})");
  BOOST_TEST(merged(R"({"name":[{"family":"A"},{"family":"B"}]})",
                    R"({"name":[{"family":"B"},{"family":"C"}]})", kUnion) ==
             R"({"name":[{"family":"A"},{"family":"B"},{"family":"C"}]})");
  BOOST_TEST(merged(R"({"telecom":[{"system":"phone","value":"1","use":"home"}]})",
                    R"({"telecom":[{"system":"phone","value":"1","use":"work"},{"use":"home","value":"1","system":"phone","rank":1}]})",
                    kUnion) ==
             R"({"telecom":[{"use":"home","value":"1","system":"phone","rank":1},{"system":"phone","value":"1","use":"work"}]})");
  BOOST_TEST(merged(R"({"c":{"coding":[{"system":"s","code":"1"},{"system":"t","code":"1"}]}})",
                    R"({"c":{"coding":[{"system":"s","code":"1","display":"One"}]},"x":1})", kUnion) ==
             R"({"c":{"coding":[{"system":"s","code":"1","display":"One"}]},"x":1})");
}

BOOST_AUTO_TEST_CASE(each_extension_url_is_its_own_element) {
  const char* stored = R"({"extension":[{"url":"a","valueString":"1"},{"url":"b","valueString":"2"},{"url":"a","valueString":"3"}]})";
  BOOST_TEST(merged(stored, R"({"extension":[{"url":"c","valueString":"4"}]})") ==
             R"({"extension":[{"url":"a","valueString":"1"},{"url":"b","valueString":"2"},{"url":"a","valueString":"3"},{"url":"c","valueString":"4"}]})");
  BOOST_TEST(merged(stored, R"({"extension":[{"url":"a","valueString":"9"}]})") ==
             R"({"extension":[{"url":"a","valueString":"9"},{"url":"b","valueString":"2"}]})");
  BOOST_TEST(merged(stored, R"({"extension":[{"url":"c"}]})", kSnapshot) == R"({"extension":[{"url":"c"}]})");
}

BOOST_AUTO_TEST_CASE(long_lists_unite_quickly) {
  std::string a = R"({"identifier":[{"value":"x"})", b = a;
  for (int i = 0; i < 60000; ++i) {
    a += R"(,{"system":"s","value":")" + std::to_string(i) + "\"}";
    b += R"(,{"system":"s","value":")" + std::to_string(60000 - i) + "\"}";
  }
  Document d;
  const Node* result = fhir::merge(test::parse(a + "]}", d), test::parse(b + "]}", d), kUnion, d);
  BOOST_TEST(result->find("identifier")->count == 60002u);
}

namespace {

/// Random trees made of names that touch every rule.
struct Generator {
  std::mt19937& random;
  Document& d;

  unsigned roll(unsigned n) { return static_cast<unsigned>(random() % n); }
  Node* leaf() { return d.string(std::to_string(roll(3))); }
  Node* item(std::string_view list, int depth) {
    if (roll(4) == 0) return leaf();
    Node* o = d.object();
    for (std::string_view name : {"system", "value", "use", "url", "code", "family"}) {
      if (roll(3) == 0) d.set(o, name, leaf());
    }
    if (o->count == 0 || (depth < 2 && roll(4) == 0)) d.set(o, "nested", object(depth + 1, 0));
    (void)list;
    return o;
  }
  Node* value(std::string_view name, int depth, unsigned nulls) {
    if (nulls && roll(nulls) == 0) return d.null();
    if (depth < 3 && roll(3) == 0) return object(depth + 1, nulls);
    if (roll(3) == 0) {
      Node* list = d.array();
      for (unsigned n = 1 + roll(4); n > 0; --n) d.append(list, item(name, depth));
      return list;
    }
    return leaf();
  }
  Node* object(int depth, unsigned nulls) {
    constexpr std::string_view kNames[] = {
        "valueString", "valueQuantity", "_valueString", "identifier", "extension", "coding", "text",
        "start", "end", "telecom", "birthDate", "_birthDate", "given", "_given", "name", "id",
        "resourceType", "meta", "system", "code"};
    Node* o = d.object();
    for (unsigned n = 1 + roll(6); n > 0; --n) {
      const auto name = kNames[roll(std::size(kNames))];
      d.set(o, name, value(name, depth, nulls));
    }
    return o;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(idempotent) {
  std::mt19937 random(5);
  Document d;
  constexpr std::string_view kNames[] = {"identifier", "coding", "start", "valueString"};
  int changed = 0;
  for (int round = 0; round < 8000; ++round) {
    d.reset();
    Generator make{random, d};
    MergePolicy policy;
    if (round & 1) policy.mode = MergePolicy::Mode::kReplace;
    if (round & 2) policy.list = MergePolicy::List::kUnion;
    if (round & 4) policy.writable = kNames;
    const Node* stored = make.object(0, 0);
    const Node* incoming = make.object(0, 6);
    BOOST_REQUIRE_MESSAGE(fhir::equal(fhir::merge(stored, stored, policy, d), stored),
                          test::compact(stored));
    const Node* once = fhir::merge(stored, incoming, policy, d);
    const Node* twice = fhir::merge(once, incoming, policy, d);
    BOOST_REQUIRE_MESSAGE(fhir::equal(once, twice), round << "\n" << test::compact(stored) << "\n"
                                                          << test::compact(incoming) << "\n"
                                                          << test::compact(once) << "\n"
                                                          << test::compact(twice));
    changed += !fhir::equal(once, stored);
  }
  BOOST_TEST(changed > 3000);
}

BOOST_AUTO_TEST_CASE(a_first_version_is_what_merge_would_make) {
  std::mt19937 random(7);
  Document d;
  int with_nulls = 0;
  for (int round = 0; round < 4000; ++round) {
    d.reset();
    const Node* incoming = Generator{random, d}.object(0, 6);
    const Node* bare = test::parse(R"({"resourceType":"Basic","id":"7"})", d);
    const std::string said = test::compact(incoming);
    const std::string merged = test::compact(fhir::merge(bare, incoming, kMerge, d));
    with_nulls += said.find("null") != std::string::npos;
    BOOST_REQUIRE_EQUAL(test::compact(fhir::first_version("Basic", "7", incoming, d)), merged);
  }
  BOOST_TEST(with_nulls > 500);
}

BOOST_AUTO_TEST_CASE(what_others_tell_of_stays_where_the_producer_only_names_the_thing) {
  static constexpr std::string_view kNames[] = {"class", "period", "priority"};
  const MergePolicy naming{.keep = kNames};
  const char* visit =
      R"({"status":"finished","class":{"code":"IMP"},"period":{"start":"2026-01-10T08:00:00Z","end":"2026-01-13T10:00:00Z"}})";
  BOOST_TEST(merged(visit, R"({"class":{"code":"AMB"},"period":{"start":"2026-01-14T08:00:00Z","end":null}})", naming) == visit);
  BOOST_TEST(merged(visit, R"({"class":null,"period":null,"serviceType":{"text":"MED"}})", naming) ==
             R"({"status":"finished","class":{"code":"IMP"},"period":{"start":"2026-01-10T08:00:00Z","end":"2026-01-13T10:00:00Z"},"serviceType":{"text":"MED"}})");
  const char* begun = R"({"period":{"start":"2026-01-10T08:00:00Z"}})";
  BOOST_TEST(merged(begun, R"({"class":{"code":"AMB"},"period":{"start":"2026-01-11T08:00:00Z","end":"2026-01-13T10:00:00Z"}})", naming) ==
             R"({"period":{"start":"2026-01-10T08:00:00Z","end":"2026-01-13T10:00:00Z"},"class":{"code":"AMB"}})");
  BOOST_TEST(merged(begun, R"({"period":{"end":"2026-01-09T10:00:00Z"}})", naming) == begun);
  const char* over = R"({"period":{"end":"2026-01-13T10:00:00Z"}})";
  BOOST_TEST(merged(over, R"({"period":{"start":"2026-01-14T08:00:00Z"}})", naming) == over);
  // A snapshot does not take away either what it is not to say.
  BOOST_TEST(merged(begun, R"({"status":"x"})",
                    MergePolicy{.mode = MergePolicy::Mode::kReplace, .keep = kNames}) ==
             R"({"period":{"start":"2026-01-10T08:00:00Z"},"status":"x"})");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_known_stay_where_the_producer_only_adds) {
  const char* stored = R"({"identifier":[{"system":"a","value":"1"},{"system":"b","value":"2"}],"name":[{"family":"A"},{"family":"B"}]})";
  const char* incoming = R"({"identifier":[{"system":"a","value":"1","use":"usual"},{"system":"c","value":"3"}],"name":[{"family":"C"}]})";
  BOOST_TEST(merged(stored, incoming, MergePolicy{.unite_person = true}) ==
             R"({"identifier":[{"system":"a","value":"1","use":"usual"},{"system":"b","value":"2"},{"system":"c","value":"3"}],"name":[{"family":"C"}]})");
  BOOST_TEST(merged(stored, incoming, MergePolicy{}) ==
             R"({"identifier":[{"system":"a","value":"1","use":"usual"},{"system":"c","value":"3"}],"name":[{"family":"C"}]})");
}

BOOST_AUTO_TEST_CASE(who_only_names_a_person_leaves_what_it_does_not_say) {
  const MergePolicy naming{.unite_person = true};
  const char* stored =
      R"({"name":[{"use":"official","family":"Roe","given":["Rita","Q"],"suffix":["Jr"]},)"
      R"({"use":"maiden","family":"Old"},{"family":"Nick"}],)"
      R"("telecom":[{"system":"phone","use":"home","value":"1"},{"system":"phone","use":"work","value":"2"}],)"
      R"("address":[{"line":["1 Main"],"city":"Town"},{"type":"postal","line":["9 PO"]}]})";
  // The same in fewer words, or in capitals, changes nothing.
  for (const char* thin : {R"({"name":[{"family":"ROE","given":["RITA"]}]})",
                           R"({"name":[{"family":"Roe"},{"use":"maiden","family":"Old"}]})",
                           R"({"address":[{"city":"Town"}],"telecom":[{"system":"phone","use":"work","value":"2"}]})"}) {
    BOOST_TEST(merged(stored, thin, naming) == stored);
  }
  // Something else of one use is for that use.
  const std::string after = merged(
      stored,
      R"({"name":[{"family":"Moe","given":["Rita"]}],"telecom":[{"system":"phone","use":"work","value":"3"}],)"
      R"("address":[{"use":"temp","city":"Far"}]})",
      naming);
  BOOST_TEST(after ==
             R"({"name":[{"family":"Moe","given":["Rita"]},{"use":"maiden","family":"Old"}],)"
             R"("telecom":[{"system":"phone","use":"home","value":"1"},{"system":"phone","use":"work","value":"3"}],)"
             R"("address":[{"line":["1 Main"],"city":"Town"},{"type":"postal","line":["9 PO"]},{"use":"temp","city":"Far"}]})");
  BOOST_TEST(merged(after.c_str(), R"({"name":[{"family":"Moe","given":["Rita"]}]})", naming) == after);
  BOOST_TEST(merged(stored, R"({"name":null})", naming).find("\"name\"") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
