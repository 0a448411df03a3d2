#include "functions.hpp"
#include "rules.hpp"

#include <boost/test/unit_test.hpp>

namespace {

/// Rules found in `source`, joined: "await:3 line-length:7".
std::string found(const std::string& path, const std::string& source) {
  std::string out;
  for (const auto& finding : lint::check_file(path, source)) {
    if (!out.empty()) out += " ";
    out += finding.rule + ":" + std::to_string(finding.line);
  }
  return out;
}

std::string lines(std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += "  step();\n";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lint_rules)

BOOST_AUTO_TEST_CASE(clean_source) {
  BOOST_TEST(found("engine/hl7/a.cpp", "#include <core/text.hpp>\nint f() { return 1; }\n") == "");
}

BOOST_AUTO_TEST_CASE(line_length_counts_characters) {
  BOOST_TEST(found("engine/hl7/a.cpp", "// " + std::string(97, 'x') + "\n") == "");
  BOOST_TEST(found("engine/hl7/a.cpp", "\n// " + std::string(98, 'x') + "\n") == "line-length:2");
  std::string umlauts = "//";
  for (int i = 0; i < 98; ++i) umlauts += "\xc3\xa4";
  BOOST_TEST(found("engine/hl7/a.cpp", umlauts + "\n") == "");
}

BOOST_AUTO_TEST_CASE(file_length) {
  BOOST_TEST(found("engine/hl7/a.cpp", std::string(600, '\n')) == "");
  BOOST_TEST(found("engine/hl7/a.cpp", std::string(601, '\n')) == "file-length:0");
}

BOOST_AUTO_TEST_CASE(function_length) {
  BOOST_TEST(found("engine/hl7/a.cpp", "void f() {\n" + lines(68) + "}\n") == "");
  BOOST_TEST(found("engine/hl7/a.cpp", "void f() {\n" + lines(69) + "}\n") == "function-length:1");
  BOOST_TEST(found("engine/hl7/a.cpp", "namespace a {\nclass B {\n public:\n  int g(int x) const {\n" +
                                           lines(70) + "  }\n};\n}\n") == "function-length:4");
  BOOST_TEST(found("engine/hl7/a.cpp", "A::A() : b_{1}, c_(2),\n  d_{3} {\n" + lines(70) + "}\n") ==
             "function-length:1");
  BOOST_TEST(found("engine/hl7/a.cpp", "const int kTable[] = {\n" + lines(90) + "};\n") == "");
  BOOST_TEST(found("engine/hl7/a.cpp", "struct S {\n" + std::string(90, '\n') + "};\n") == "");
  BOOST_TEST(found("engine/hl7/a.cpp", "void f() {\n  auto g = [] {\n" + lines(70) + "  };\n}\n") ==
             "function-length:1");
}

BOOST_AUTO_TEST_CASE(functions_are_named) {
  const auto functions = lint::find_functions(
      lint::code_only("namespace n {\nint A::b(int x) const {\n return x; }\n"
                      "template <class T>\nvoid c(T) { if (1) { } }\nstruct D { D() : e{1} {} int e; };\n"
                      "bool operator()(int) { return \"}\" == 0; }\n}\n"));
  std::string names;
  for (const auto& f : functions) names += f.name + "@" + std::to_string(f.first_line) + " ";
  BOOST_TEST(names == "A::b@2 c@4 D@6 operator@7 ");
}

BOOST_AUTO_TEST_CASE(includes_have_owners) {
  const auto one = [](const std::string& path, const std::string& header) {
    return found(path, "#include <" + header + ">\n");
  };
  BOOST_TEST(one("engine/store/a.cpp", "sqlite3.h") == "");
  BOOST_TEST(one("engine/him/a.cpp", "sqlite3.h") == "include:1");
  BOOST_TEST(one("engine/store/a.cpp", "libpq-fe.h") == "");
  BOOST_TEST(one("adapters/cli/a.cpp", "libpq-fe.h") == "include:1");
  BOOST_TEST(one("engine/mapping/a.cpp", "yaml-cpp/yaml.h") == "include:1");
  BOOST_TEST(one("engine/core/a.cpp", "yaml-cpp/yaml.h") == "");
  BOOST_TEST(one("engine/schema/a.cpp", "pugixml.hpp") == "include:1");
  BOOST_TEST(one("engine/hl7/a.cpp", "pugixml.hpp") == "");
  BOOST_TEST(one("adapters/admin/a.cpp", "rapidjson/document.h") == "");
  BOOST_TEST(one("engine/store/a.cpp", "rapidjson/document.h") == "include:1");
  BOOST_TEST(one("adapters/net/a.cpp", "boost/beast/http.hpp") == "");
  BOOST_TEST(one("adapters/fhirapi/a.cpp", "boost/beast/http.hpp") == "include:1");
  BOOST_TEST(one("adapters/mllp/a.cpp", "boost/asio/ssl.hpp") == "include:1");
  BOOST_TEST(one("engine/core/a.cpp", "openssl/evp.h") == "");
  BOOST_TEST(one("engine/pipeline/a.cpp", "boost/asio/post.hpp") == "");
  BOOST_TEST(one("engine/pipeline/a.hpp", "boost/asio/post.hpp") == "include:1");
  BOOST_TEST(one("engine/store/a.cpp", "boost/asio/post.hpp") == "include:1");
  BOOST_TEST(one("engine/hl7/a.hpp", "iostream") == "include:1");
  BOOST_TEST(one("engine/hl7/a.cpp", "iostream") == "");
  BOOST_TEST(found("engine/hl7/a.cpp", "#include \"../core/x.hpp\"\n") == "include:1");
}

BOOST_AUTO_TEST_CASE(layers) {
  const auto one = [](const std::string& path, const std::string& header) {
    return found(path, "#include <" + header + ">\n");
  };
  BOOST_TEST(one("engine/hl7/a.cpp", "hl7/message.hpp") == "");
  BOOST_TEST(one("engine/core/a.cpp", "hl7/message.hpp") == "layer:1");
  BOOST_TEST(one("engine/schema/a.cpp", "hl7/message.hpp") == "");     // to the left
  BOOST_TEST(one("engine/hl7/a.cpp", "schema/v2.hpp") == "layer:1");   // to the right
  BOOST_TEST(one("engine/mapping/a.cpp", "store/db.hpp") == "layer:1");
  BOOST_TEST(one("adapters/cli/a.cpp", "pipeline/x.hpp") == "");
  BOOST_TEST(one("engine/pipeline/a.cpp", "mllp/x.hpp") == "layer:1");
  BOOST_TEST(one("engine/unknown/a.cpp", "core/text.hpp") == "layer:1");
}

BOOST_AUTO_TEST_CASE(awaits_stand_alone) {
  const auto one = [](const std::string& body) {
    return found("adapters/net/a.cpp", "task f() {\n" + body + "\n}\n");
  };
  BOOST_TEST(one("auto r = co_await g();\nif (!r) co_return;") == "");
  BOOST_TEST(one("if (co_await g()) h();") == "await:2");
  BOOST_TEST(one("while (auto x = h(co_await g())) h();") == "await:2");
  BOOST_TEST(one("switch (co_await g()) {}") == "await:2");
  BOOST_TEST(one("auto r = a ? co_await g() : 1;") == "await:2");
  BOOST_TEST(one("auto r = co_await g() ? 2 : 1;") == "await:2");
  BOOST_TEST(one("auto r = co_await g(a ? 2 : 1);") == "");
  BOOST_TEST(one("auto q = a ? 1 : 2;\nauto r = co_await g(q);") == "");
  BOOST_TEST(one("// if (co_await g())\nlog(\"if (co_await x)\");\nco_await y();") == "");
}

BOOST_AUTO_TEST_CASE(words) {
  BOOST_TEST(found("engine/hl7/a.cpp", "// TODO later\n") == "word:1");
  BOOST_TEST(found("engine/hl7/a.cpp", "int a;  // FIXME\n") == "word:1");
}

BOOST_AUTO_TEST_CASE(exceptions_need_a_reason_and_a_use) {
  auto list = lint::read_exceptions("# comment\n\nfile-length engine/a.cpp generated\n"
                                    "function-length engine/b.cpp:f one switch\nword engine/c.cpp\n",
                                    "list");
  BOOST_TEST(list.rows.size() == 2U);
  BOOST_TEST(list.faults.size() == 1U);
  BOOST_TEST(list.covers({"file-length", "engine/a.cpp", 0, "700 lines"}));
  BOOST_TEST(list.covers({"function-length", "engine/b.cpp", 4, "f has 90 lines"}));
  BOOST_TEST(!list.covers({"function-length", "engine/b.cpp", 4, "g has 90 lines"}));
  BOOST_TEST(!list.covers({"line-length", "engine/a.cpp", 4, "101 characters"}));
  BOOST_TEST((list.rows[0].used && list.rows[1].used));
}

BOOST_AUTO_TEST_SUITE_END()
