#include "sample.hpp"

#include <hl7/escape.hpp>
#include <hl7/xml.hpp>

namespace {

std::string er7(std::string_view xml) {
  auto text = hl7::xml_to_er7(xml);
  if (!text) BOOST_FAIL(text.error().text());
  return std::move(*text);
}

core::Error refused(std::string_view xml) {
  const auto text = hl7::xml_to_er7(xml);
  BOOST_TEST(!text.has_value(), xml.substr(0, 200));
  return text ? core::Error{} : text.error();
}

std::string wrap(const std::string& inside) {
  return "<ADT_A01 xmlns=\"urn:hl7-org:v2xml\">\n<MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2></MSH>\n" +
         inside + "</ADT_A01>";
}

/// Types of the few fields used here, as a schema would tell them.
hl7::XmlNames names() {
  hl7::XmlNames n;
  n.root = "ADT_A01";
  n.field_type = [](std::string_view segment, int field) -> std::string {
    if (segment == "MSH") return field == 9 ? "MSG" : field >= 3 && field <= 6 ? "HD" : "ST";
    if (segment == "PID") return field == 3 ? "CX" : field == 5 ? "XPN" : field == 11 ? "XAD" : "ST";
    if (segment == "PV1") return field == 3 ? "PL" : field == 7 ? "XCN" : "ST";
    return segment == "OBX" && field == 5 ? "" : "ST";
  };
  n.component_type = [](std::string_view type, int component) -> std::string {
    if (type == "CX" && component == 4) return "HD";
    if (type == "XCN" && component == 2) return "FN";
    if (type == "XPN" && component == 1) return "FN";
    return "";
  };
  return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(xml)

BOOST_AUTO_TEST_CASE(reads_groups_repetitions_and_levels) {
  BOOST_TEST(er7("<?xml version='1.0'?><ORU_R01 xmlns='urn:hl7-org:v2xml'><!-- c -->\n"
                 "<MSH><MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2><MSH.3><HD.1>A</HD.1></MSH.3></MSH>"
                 "<ORU_R01.PATIENT_RESULT><ORU_R01.PATIENT><PID>\n  <PID.3><CX.1>1</CX.1><CX.4>"
                 "<HD.1>H</HD.1><HD.3>ISO</HD.3></CX.4></PID.3><PID.3><CX.1>2</CX.1></PID.3>"
                 "<PID.8>M</PID.8></PID></ORU_R01.PATIENT><ORU_R01.OBSERVATION><OBX>"
                 "<OBX.5>a|b &lt; c<escape V=\".br\"/>d &amp; e</OBX.5><OBX.6/>"
                 "<OBX.8>\"\"</OBX.8></OBX></ORU_R01.OBSERVATION>"
                 "</ORU_R01.PATIENT_RESULT></ORU_R01>") ==
             "MSH|^~\\&|A\rPID|||1^^^H&&ISO~2|||||M\rOBX|||||a\\F\\b < c\\.br\\d \\T\\ e|||\"\"\r");
}

BOOST_AUTO_TEST_CASE(reads_other_delimiters_and_prefixes) {
  BOOST_TEST(er7("<h:ACK xmlns:h=\"urn:hl7-org:v2xml\"><h:MSH><h:MSH.1>$</h:MSH.1><h:MSH.2>%*!@</h:MSH.2>"
                 "<h:MSH.3><h:HD.1>a$b</h:HD.1><h:HD.2>|</h:HD.2></h:MSH.3></h:MSH></h:ACK>") ==
             "MSH$%*!@$a!F!b%|\r");
  BOOST_TEST(er7("<ACK><MSH><MSH.4>x</MSH.4></MSH></ACK>") == "MSH|^~\\&||x\r");
}

BOOST_AUTO_TEST_CASE(refuses_with_a_line) {
  using core::ErrorCode;
  const std::pair<std::string, std::string> cases[] = {
      {"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n" + wrap(""), "line 1"},
      {wrap("<PID><PID.5>&xxe;</PID.5></PID>"), "line 3"},
      {wrap("<PID><PID.5>&#1;</PID.5></PID>"), "line 3"},
      {wrap("<PID><PID.5>&#xD800;</PID.5></PID>"), "line 3"},
      {wrap("<PID a='1' a='2'/>"), "line 3"},
      {wrap("<PID a=\"&nope;\"/>"), "line 3"},
      {wrap("<PID a=1/>"), "line 3"},
      {wrap("<PID a='<'/>"), "line 3"},
      {wrap("<PID><PID.5>\x01</PID.5></PID>"), "line 3"},
      {wrap("<PID><PID.5>\xff</PID.5></PID>"), "line 1"},
      {wrap("") + "<ADT_A01/>", "line 3"},
      {wrap("") + "text", "line 3"},
      {"text" + wrap(""), "line 1"},
      {wrap("<PID><PID.5></PID></PID.5>"), "line 3"},
      {wrap("<PID>"), "line 3"},
      {wrap("<?php evil?>"), "line 3"},
      {wrap("<PID><!-- unterminated"), "line 3"},
      {wrap("<PID>loose</PID>"), "line 3"},
      {wrap("loose"), "line 1"},
      {wrap("<PID><PV1.5>x</PV1.5></PID>"), "line 3"},
      {wrap("<PID><PID.x>x</PID.x></PID>"), "line 3"},
      {wrap("<PID><PID.3><CX.1>a</CX.1>b</PID.3></PID>"), "line 3"},
      {wrap("<PID><PID.3><CX.1>a</CX.1><CX.1>b</CX.1></PID.3></PID>"), "line 3"},
      {wrap("<PID><PID.3><A.1><B.1><C.1>x</C.1></B.1></A.1></PID.3></PID>"), "line 3"},
      {wrap("<PID><PID.3><CX.99999>x</CX.99999></PID.3></PID>"), "line 3"},
      {wrap("<PID><PID.3><escape V='F|'/></PID.3></PID>"), "line 3"},
      {wrap("<PID><PID.3><escape/></PID.3></PID>"), "line 3"},
      {"<a xmlns='urn:other'/>", "line 1"},
      {"", "line 1"},
      {"<a>", "line 1"},
      {"<", "line 1"},
      {"<a b", "line 1"},
  };
  for (const auto& [xml, line] : cases) {
    BOOST_TEST_CONTEXT(xml) {
      const auto error = refused(xml);
      BOOST_TEST((error.code == ErrorCode::kBadXml), error.text());
      BOOST_TEST(error.where == line);
    }
  }
  BOOST_TEST((refused("<ADT_A01><PID><PID.1>1</PID.1></PID></ADT_A01>").code == ErrorCode::kNoMsh));
  BOOST_TEST((refused("<ADT_A01/>").code == ErrorCode::kNoMsh));
  BOOST_TEST((refused(wrap("<PID><PID.3000>x</PID.3000></PID>")).code == ErrorCode::kTooManyFields));
  BOOST_TEST((refused("<A><MSH><MSH.1>a</MSH.1></MSH></A>").code == ErrorCode::kBadEncodingCharacters));
  BOOST_TEST((refused("<A><MSH><MSH.2>^^\\&amp;</MSH.2></MSH></A>").code ==
              ErrorCode::kBadEncodingCharacters));
}

BOOST_AUTO_TEST_CASE(depth_is_limited) {
  const auto nested = [](std::size_t depth) {
    std::string open, close;
    for (std::size_t i = 0; i < depth; ++i) {
      open += "<G.X>";
      close += "</G.X>";
    }
    return open + close;
  };
  BOOST_TEST(er7(wrap(nested(hl7::kXmlDepthMax - 1))) == "MSH|^~\\&\r");
  BOOST_TEST((refused(wrap(nested(hl7::kXmlDepthMax))).code == core::ErrorCode::kBadXml));
  BOOST_TEST((refused(wrap(nested(200'000))).code == core::ErrorCode::kBadXml));
}

BOOST_AUTO_TEST_CASE(writes_by_type) {
  const auto m = sample::parse("MSH|^~\\&|A|||||ADT^A01\rPID|1||7^^^H&1.2~8||DOE&x^J||<M>\r"
                               "OBX|1|CE|a\\.br\\b\\F\\||c^d\rZZZ|x\n^y\r");
  hl7::XmlNames n = names();
  n.root = "ADT_A01";
  const std::string text = hl7::to_xml(m, n);
  for (const char* part :
       {"<ADT_A01 xmlns=\"urn:hl7-org:v2xml\">", "<MSH.1>|</MSH.1><MSH.2>^~\\&amp;</MSH.2>",
        "<PID.3><CX.1>7</CX.1><CX.4><HD.1>H</HD.1><HD.2>1.2</HD.2></CX.4></PID.3>"
        "<PID.3><CX.1>8</CX.1></PID.3>",
        "<PID.5><XPN.1><FN.1>DOE</FN.1><FN.2>x</FN.2></XPN.1><XPN.2>J</XPN.2></PID.5>",
        "<PID.7>&lt;M&gt;</PID.7>", "<OBX.5><CE.1>c</CE.1><CE.2>d</CE.2></OBX.5>",
        "<OBX.3>a<escape V=\".br\"/>b|</OBX.3>"}) {
    BOOST_TEST(text.find(part) != std::string::npos, part << " not in\n" << text);
  }
}

BOOST_AUTO_TEST_CASE(er7_xml_er7) {
  const std::string text = sample::adt();
  hl7::XmlNames n = names();
  const auto m = sample::parse(text);
  BOOST_TEST(er7(hl7::to_xml(m, n)) == text);
}

/// Whatever the values, what is written can be read and means the same.
BOOST_AUTO_TEST_CASE(random_values_round_trip) {
  std::mt19937 random(sample::seed());
  for (int round = 0; round < 500; ++round) {
    std::string value = sample::noise(random, sample::below(random, 30));
    std::erase(value, '\r');
    std::erase_if(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
    std::erase_if(value, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    value = "x" + value + "x";
    const std::string raw = hl7::escape(value, {});
    const auto m = sample::parse("MSH|^~\\&|a\rPID|1||" + raw + "^" + raw + "~" + raw + "\r");
    BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) {
      const std::string back = er7(hl7::to_xml(m, names()));
      BOOST_REQUIRE(back == m.text());
    }
  }
}

BOOST_AUTO_TEST_CASE(random_splices_never_crash) {
  std::mt19937 random(sample::seed());
  const std::string seed = hl7::to_xml(sample::parse(sample::adt()), names());
  for (int round = 0; round < 3000; ++round) {
    std::string text = seed;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::size_t at = sample::below(random, text.size());
      switch (sample::below(random, 3)) {
        case 0: text.erase(at, sample::below(random, 40)); break;
        case 1: text.insert(at, seed, sample::below(random, seed.size()), sample::below(random, 60)); break;
        default: text[at] = static_cast<char>(sample::below(random, 256));
      }
    }
    const auto out = hl7::xml_to_er7(text);
    if (out) {
      BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) {
        BOOST_REQUIRE(hl7::Message::parse(*out).has_value());
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
