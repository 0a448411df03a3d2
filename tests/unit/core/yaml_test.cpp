#include <core/yaml.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

namespace {

core::yaml::Node one(std::string_view text) {
  auto file = core::yaml::parse(text, "t.yaml");
  BOOST_REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().text()));
  BOOST_REQUIRE(file->documents.size() == 1);
  return file->documents[0];
}

std::string refusal(std::string_view text) {
  auto file = core::yaml::parse(text, "t.yaml");
  if (file) return "accepted";
  BOOST_TEST((file.error().code == core::ErrorCode::kBadYaml));
  return file.error().where + " " + file.error().detail;
}

std::string repeat(std::string_view what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml)

BOOST_AUTO_TEST_CASE(scalars_stay_as_written) {
  const auto node =
      one("{no: NO, on: ON, octal: 0203, decimal: 1.10, date: 2024-01-01, "
          "quoted: \"null\", single: 'x', hex: 0x10, inf: .inf, yes: yes}");
  for (const auto& [key, text] : {std::pair{"no", "NO"},
                                  {"on", "ON"},
                                  {"octal", "0203"},
                                  {"decimal", "1.10"},
                                  {"date", "2024-01-01"},
                                  {"quoted", "null"},
                                  {"single", "x"},
                                  {"hex", "0x10"},
                                  {"inf", ".inf"},
                                  {"yes", "yes"}}) {
    BOOST_REQUIRE_MESSAGE(node.find(key), key);
    BOOST_TEST(node.find(key)->scalar == text);
  }
  BOOST_TEST(node.find("quoted")->quoted);
  BOOST_TEST(!node.find("no")->quoted);
  BOOST_TEST(node.find("absent") == nullptr);
}

BOOST_AUTO_TEST_CASE(nulls_and_empty_text_differ) {
  const auto node = one("a:\nb: ~\nc: \"\"\nd: null\n");
  BOOST_TEST(node.find("a")->is_null());
  BOOST_TEST(node.find("b")->is_null());
  BOOST_TEST(node.find("c")->is_scalar());
  BOOST_TEST(node.find("d")->is_null());
}

BOOST_AUTO_TEST_CASE(order_and_places) {
  const auto file = core::yaml::parse("# head\nzeta: 1\nalpha:\n  - x\n  - {k: v}\n", "c.yaml");
  BOOST_REQUIRE(file.has_value());
  const auto& root = file->documents[0];
  BOOST_TEST(root.entries[0].first == "zeta");
  BOOST_TEST(root.entries[1].first == "alpha");
  BOOST_TEST(file->at(root.key_places[1]) == "c.yaml:3:1");
  BOOST_TEST(file->at(root.find("zeta")->place) == "c.yaml:2:7");
  BOOST_TEST(file->at(root.find("alpha")->items[1].find("k")->place) == "c.yaml:5:9");
}

BOOST_AUTO_TEST_CASE(blocks_and_documents) {
  const auto node = one("a: |\n  one\n  two\nb: >-\n  x\n  y\n");
  BOOST_TEST(node.find("a")->scalar == "one\ntwo\n");
  BOOST_TEST(node.find("a")->quoted);
  BOOST_TEST(node.find("b")->scalar == "x y");
  const auto file = core::yaml::parse("a: 1\n---\nb: 2\n...\n---\n- c\n", "t.yaml");
  BOOST_REQUIRE(file.has_value());
  BOOST_TEST(file->documents.size() == 3);
  BOOST_TEST(core::yaml::parse("", "t.yaml")->documents.size() == 0);
  BOOST_TEST(core::yaml::parse("# nothing\n", "t.yaml")->documents.size() == 0);
  BOOST_TEST(one("\xEF\xBB\xBF"
                 "a: 1\r\nb: 2\r\n")
                 .find("b")
                 ->scalar == "2");
}

BOOST_AUTO_TEST_CASE(aliases_anchors_tags_merges) {
  BOOST_TEST(refusal("a: &x 1\nb: *x\n") == "t.yaml:1:4 anchors are not allowed");
  BOOST_TEST(refusal("&x {a: 1}").ends_with("anchors are not allowed"));
  BOOST_TEST(refusal("- &a\n").ends_with("anchors are not allowed"));
  BOOST_TEST(refusal("a: &a [*a]\n").ends_with("anchors are not allowed"));
  BOOST_TEST(refusal("&k key: 1\n").ends_with("anchors are not allowed"));
  BOOST_TEST(refusal("a: !!binary aGk=\n").ends_with("tags are not allowed"));
  BOOST_TEST(refusal("a: !!str 1\n").ends_with("tags are not allowed"));
  BOOST_TEST(refusal("a: ! x\n").ends_with("tags are not allowed"));
  BOOST_TEST(refusal("a: !own {b: 1}\n").ends_with("tags are not allowed"));
  BOOST_TEST(refusal("a: !<tag:yaml.org,2002:int> 1\n").ends_with("tags are not allowed"));
  BOOST_TEST(refusal("<<: {b: 1}\n") == "t.yaml:1:1 merge keys are not allowed");
  BOOST_TEST(refusal("a: *nowhere\n") != "accepted");
  BOOST_TEST(one("a: \"!x &y *z\"").find("a")->scalar == "!x &y *z");
}

BOOST_AUTO_TEST_CASE(alias_bomb) {
  std::string bomb = "a0: &a0 [x,x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + "," + last + "]\n";
  }
  BOOST_TEST(refusal(bomb) == "t.yaml:1:5 anchors are not allowed");
}

BOOST_AUTO_TEST_CASE(keys) {
  BOOST_TEST(refusal("port: 1\nhost: x\nport: 2\n") == "t.yaml:3:1 duplicate key \"port\"");
  BOOST_TEST(refusal("{a: 1, \"a\": 2}") == "t.yaml:1:8 duplicate key \"a\"");
  BOOST_TEST(refusal("[a]: 1\n") != "accepted");
  BOOST_TEST(refusal("? {a: 1}\n: 2\n") != "accepted");
  BOOST_TEST(refusal("~: 1\n") == "t.yaml:1:1 a key must be a word");
  BOOST_TEST(one("a: {x: 1}\nb: {x: 2}\n").find("b")->find("x")->scalar == "2");
}

BOOST_AUTO_TEST_CASE(tabs_and_control_characters) {
  BOOST_TEST(refusal("a:\n\tb: 1\n") == "t.yaml:2:2 tab as indentation; use spaces");
  BOOST_TEST(refusal("a:\n  \tb: 1\n") == "t.yaml:2:4 tab as indentation; use spaces");
  BOOST_TEST(one("a: \"x\ty\"\n\t\n").find("a")->scalar == "x\ty");
  BOOST_TEST(refusal(std::string("a: \0b", 5)) == "t.yaml:1:4 control character 0x00");
  BOOST_TEST(refusal("a: \x1b[31m") == "t.yaml:1:4 control character 0x1b");
  BOOST_TEST(refusal("a: 1\rb: 2\n") == "t.yaml:1:5 control character 0x0d");
  BOOST_TEST(refusal("a: \xC3(\n") == "t.yaml:1:1 not UTF-8");
  BOOST_TEST(refusal(std::string("a\0:\0 \0b\0", 8)) != "accepted");  // UTF-16
}

BOOST_AUTO_TEST_CASE(depth) {
  const auto nested = [](std::size_t depth) {
    return repeat("[", depth) + "x" + repeat("]", depth);
  };
  BOOST_TEST(one(nested(64)).is_sequence());
  BOOST_TEST(refusal(nested(65)) == "t.yaml:1:65 nested deeper than 64");
  BOOST_TEST(refusal(nested(100000)).ends_with("nested deeper than 64"));
  BOOST_TEST(
      refusal(repeat("{a: ", 65) + "1" + repeat("}", 65)).ends_with("nested deeper than 64"));
  BOOST_TEST(refusal(repeat("{a: ", 100000)) != "accepted");
  BOOST_TEST(refusal(repeat("- ", 100000)).ends_with("nested deeper than 64"));
  BOOST_TEST(refusal(repeat("? ", 100000)) != "accepted");
}

BOOST_AUTO_TEST_CASE(size) {
  const std::string big = "a: " + std::string(core::yaml::kYamlBytesMax - 3, 'x');
  BOOST_TEST(one(big).find("a")->scalar.size() == big.size() - 3);
  BOOST_TEST(refusal(big + "x") == "t.yaml:1:1 larger than 4194304 bytes");
  BOOST_TEST(refusal(std::string(10u << 20, '#')) == "t.yaml:1:1 larger than 4194304 bytes");
}

BOOST_AUTO_TEST_CASE(stray_text_never_loops) {
  for (const char* text : {"]", "}", "a: 1\n]\n", "a: 1\n}\n", ",", "a: [1\n", "{", "\"abc", "'abc",
                           "- a\nb\n", "a: b: c\n", "%YAML 9.9\n---\na: 1\n", "a: |9\n x\n", "@a",
                           "`a", ": :", "a: 1\n...\nb: 2\n", "a\nb: 1\n", "--- ]\n--- ]\n"}) {
    BOOST_TEST(refusal(text) != "accepted", text);
  }
  BOOST_TEST(refusal(repeat("---\n", 5000)).ends_with("too many documents"));
}

BOOST_AUTO_TEST_CASE(mutations_end_in_a_tree_or_a_refusal) {
  const std::string seed =
      "listeners:\n  - {name: adt, mllp: {bind: 127.0.0.1, port: 2575}}\n"
      "store: {path: \"data\"}\ntext: |\n  a\n  b\n? k\n: v\n---\n- 'x'\n- >-\n  y\n";
  const std::string alphabet = "[]{}:,-?&*!|>'\"%@`#~\n \t<=ab\\0.";
  std::mt19937 random(11);
  int accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = seed;
    for (int k = 0; k < 1 + static_cast<int>(random() % 4); ++k) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = alphabet[random() % alphabet.size()]; break;
        case 1: text.insert(at, 1, alphabet[random() % alphabet.size()]); break;
        default: text.erase(at, 1 + random() % 5); break;
      }
      if (text.empty()) text = "x";
    }
    const auto file = core::yaml::parse(text, "m.yaml");
    if (file)
      ++accepted;
    else
      BOOST_TEST((file.error().where.starts_with("m.yaml:")), file.error().text());
  }
  BOOST_TEST(accepted > 0);
}

BOOST_AUTO_TEST_CASE(loading_files) {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("cw-yaml-" + std::to_string(std::random_device{}()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "a.yaml").string();
  std::ofstream(path) << "a: [1, 2]\n";
  const auto file = core::yaml::load(path);
  BOOST_REQUIRE(file.has_value());
  BOOST_TEST(file->name == path);
  BOOST_TEST(file->documents[0].find("a")->items.size() == 2);
  std::ofstream(path) << "a: 1\na: 2\n";
  BOOST_TEST(core::yaml::load(path).error().where == path + ":2:1");
  BOOST_TEST((core::yaml::load(folder.string()).error().code == core::ErrorCode::kIo));
  BOOST_TEST((core::yaml::load(path + ".none").error().code == core::ErrorCode::kIo));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
