#include <fhir/node.hpp>
#include <random>

#include "help.hpp"

using fhir::Document;
using fhir::Node;

BOOST_AUTO_TEST_SUITE(node)

BOOST_AUTO_TEST_CASE(set_replaces_in_place_and_remove_unlinks) {
  Document document;
  Node* o = document.object();
  document.set(o, "a", document.string("1"));
  document.set(o, "b", document.number("1.10"));
  document.set(o, "c", document.boolean(true));
  document.set(o, "a", document.null());
  BOOST_TEST(test::compact(o) == R"({"a":null,"b":1.10,"c":true})");
  BOOST_TEST(document.remove(o, "c"));
  BOOST_TEST(!document.remove(o, "c"));
  document.set(o, "d", document.array());
  BOOST_TEST(document.remove(o, "a"));
  BOOST_TEST(test::compact(o) == R"({"b":1.10,"d":[]})");
  BOOST_TEST(o->count == 2u);
  document.remove(o, "b");
  document.remove(o, "d");
  BOOST_TEST(!o->first_member);
  BOOST_TEST(!o->last_member);
}

BOOST_AUTO_TEST_CASE(items_and_texts) {
  Document document;
  Node* a = document.array();
  document.append(a, document.string("x"));
  document.append(a, document.string("y"));
  BOOST_TEST(a->item(1)->text == "y");
  BOOST_TEST(!a->item(2));
  BOOST_TEST(a->item(0)->item(0)->text == "x");
  BOOST_TEST(!a->item(0)->item(1));
  Node* o = document.object();
  document.set(o, "list", a);
  BOOST_TEST(o->text_of("list").empty());
  BOOST_TEST(o->text_of("gone").empty());
}

BOOST_AUTO_TEST_CASE(copies_survive_their_source) {
  Document document(256);
  Node* o = document.object();
  {
    std::string name = "name", text(5000, 'q');
    document.set(o, name, document.string(text), true);
    name.assign("xxxx");
    text.assign(5000, 'z');
  }
  BOOST_TEST(o->find("name")->text == std::string(5000, 'q'));
  Document moved = std::move(document);
  BOOST_TEST(o->find("name")->text.size() == 5000u);
  Document other;
  Node* copy = other.clone(o);
  moved.reset();
  moved.string(std::string(5000, 'n'));
  BOOST_TEST(copy->find("name")->text == std::string(5000, 'q'));
}

BOOST_AUTO_TEST_CASE(reset_keeps_memory_but_not_without_limit) {
  Document document(1024);
  const auto fill = [&document](int nodes) {
    Node* a = document.array();
    for (int i = 0; i < nodes; ++i) document.append(a, document.string("some text " + std::to_string(i)));
    return a;
  };
  fill(5000);
  const std::size_t used = document.bytes_used();
  BOOST_TEST(used > 5000 * sizeof(Node));
  for (int round = 0; round < 5; ++round) {
    document.reset();
    BOOST_TEST(document.bytes_used() == 0u);
    Node* a = fill(5000);
    BOOST_TEST(a->item(4999)->text == "some text 4999");
  }
  document.room(fhir::kArenaKeptBytesMax + 1);
  document.reset();
  BOOST_TEST(fill(10)->count == 10u);
}

BOOST_AUTO_TEST_CASE(equality) {
  Document d;
  const auto same = [&d](std::string_view a, std::string_view b) {
    return fhir::equal(test::parse(a, d), test::parse(b, d));
  };
  BOOST_TEST(same(R"({"a":1,"b":[1,2],"c":{"d":null}})", R"({"c":{"d":null},"b":[1,2],"a":1})"));
  BOOST_TEST(!same(R"({"a":1})", R"({"a":1.0})"));
  BOOST_TEST(!same(R"({"a":1})", R"({"a":"1"})"));
  BOOST_TEST(!same(R"([1,2])", R"([2,1])"));
  BOOST_TEST(!same(R"({"a":1})", R"({"b":1})"));
  BOOST_TEST(!same(R"({"a":1})", R"({"a":1,"b":1})"));
  BOOST_TEST(!same(R"({"a":1,"b":2})", R"({"b":1,"a":2})"));
}

BOOST_AUTO_TEST_CASE(large_objects_compare_in_any_order) {
  Document d;
  std::vector<int> order(20000);
  for (int i = 0; i < 20000; ++i) order[static_cast<std::size_t>(i)] = i;
  Node* a = d.object();
  for (int i : order) d.add(a, d.keep("n" + std::to_string(i)), d.number(std::to_string(i)));
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  Node* b = d.object();
  for (int i : order) d.add(b, d.keep("n" + std::to_string(i)), d.number(std::to_string(i)));
  BOOST_TEST(fhir::equal(a, b));
  b->last_member->value = d.number("-1");
  BOOST_TEST(!fhir::equal(a, b));
}

BOOST_AUTO_TEST_SUITE_END()
