#include "sample.hpp"

#include <utility>

using hl7::Message;
using sample::parse;
using sample::refusal;

namespace {

template <class M>
concept CanView = requires(M&& m) { std::forward<M>(m).text(); };
template <class M>
concept CanTakeSegment = requires(M&& m) { std::forward<M>(m).segment(0); };
template <class M>
concept CanFind = requires(M&& m) { std::forward<M>(m).find("PID"); };
template <class M>
concept CanReadHeader = requires(M&& m) { hl7::read_header(std::forward<M>(m)); };

// Views cannot be taken from a temporary message, so none can outlive it by accident.
static_assert(CanView<const Message&> && !CanView<Message> && !CanView<const Message>);
static_assert(CanTakeSegment<const Message&> && !CanTakeSegment<Message>);
static_assert(CanFind<const Message&> && !CanFind<Message>);
static_assert(CanReadHeader<const Message&> && !CanReadHeader<Message>);
static_assert(!std::is_copy_constructible_v<Message>);
static_assert(std::is_nothrow_move_constructible_v<Message>);

}  // namespace

BOOST_AUTO_TEST_SUITE(message)

BOOST_AUTO_TEST_CASE(segments_and_fields) {
  const Message m = parse(sample::adt());
  BOOST_TEST(m.issues().empty());
  BOOST_TEST(m.segment_count() == 6U);
  BOOST_TEST(m.segment(2).name() == "PID");
  BOOST_TEST(m.segment(5).occurrence() == 2);
  BOOST_TEST(m.segment(5).index() == 5U);
  BOOST_TEST(!m.segment(6).present());
  BOOST_TEST(m.find("OBX", 2).field(3).raw() == "B");
  BOOST_TEST(!m.find("OBX", 3).present());
  BOOST_TEST(!m.find("NTE").present());
  BOOST_TEST(m.find("EVN").raw() == "EVN|A01|20260105115900");
  BOOST_TEST(m.find("EVN").field_count() == 2);
  BOOST_TEST(m.find("EVN").field(2).raw() == "20260105115900");
  BOOST_TEST(m.find("EVN").field(3).empty());
  BOOST_TEST(m.find("EVN").field(0).empty());
  BOOST_TEST(m.find("EVN").field(-1).empty());
  BOOST_TEST(m.find("NTE").field(1).empty());
  BOOST_TEST(m.text() == sample::adt());
}

BOOST_AUTO_TEST_CASE(msh_counts_its_separator) {
  const Message m = parse(sample::adt());
  const auto msh = m.find("MSH");
  BOOST_TEST(msh.field(1).raw() == "|");
  BOOST_TEST(msh.field(2).raw() == "^~\\&");
  BOOST_TEST(msh.field(2).text() == "^~\\&");
  BOOST_TEST(msh.field(2).valued());
  BOOST_TEST(msh.field(2).child_count() == 1);
  BOOST_TEST(msh.field(2).repetition_count() == 1);
  BOOST_TEST(msh.field(3).child(2).raw() == "1.2.3");
  BOOST_TEST(msh.field(18).raw() == "UNICODE UTF-8");
  BOOST_TEST(msh.field_count() == 18);
}

BOOST_AUTO_TEST_CASE(batch_headers_count_like_msh) {
  for (const std::string name : {"FHS", "BHS"}) {
    const Message m = parse(name + "|^~\\&|APP|FAC|||20260101\r");
    BOOST_TEST(m.find(name).field(1).raw() == "|");
    BOOST_TEST(m.find(name).field(2).raw() == "^~\\&");
    BOOST_TEST(m.find(name).field(3).raw() == "APP");
    BOOST_TEST(m.find(name).field(7).raw() == "20260101");
  }
}

BOOST_AUTO_TEST_CASE(paths) {
  const Message m = parse(sample::adt());
  BOOST_TEST(m.get("PID-3") == "12345^^^HOSP&1.2.3&ISO^MR~999-99^^^SSA^SS");
  BOOST_TEST(m.get("PID-3.1") == "12345");
  BOOST_TEST(m.get("PID-3[2].1") == "999-99");
  BOOST_TEST(m.get("PID-3[2].4.1") == "SSA");
  BOOST_TEST(m.get("PID-3[1].4.2") == "1.2.3");
  BOOST_TEST(m.get("PID-3[3].1") == "");
  BOOST_TEST(m.get("PID-3.4") == "HOSP&1.2.3&ISO");
  BOOST_TEST(m.get("PID-8.1.1") == "M");
  BOOST_TEST(m.get("PID-8.1.2") == "");
  BOOST_TEST(m.get("OBX[2]-3") == "B");
  BOOST_TEST(m.get("OBX-5") == "a&b|c");
  BOOST_TEST(m.get("OBX[2]-5[3]") == "5");
  BOOST_TEST(m.get("pid-7") == "19700101");
  BOOST_TEST(m.get("EVN") == "EVN|A01|20260105115900");
  for (const char* bad : {"", "P", "PID-", "PID-0", "PID-3[", "PID-3[0]", "PID-3.", "PID-3.1.1.1",
                          "PID.3", "PID-99999999999999999999", "ZZZ-1"}) {
    BOOST_TEST(m.get(bad) == "", bad);
  }
}

BOOST_AUTO_TEST_CASE(values_at_every_level) {
  const Message m = parse(sample::adt());
  const auto pid3 = m.find("PID").field(3);
  BOOST_TEST(pid3.repetition_count() == 2);
  BOOST_TEST(pid3.child_count() == 5);
  BOOST_TEST(pid3.repetition(2).child(5).raw() == "SS");
  BOOST_TEST(pid3.repetition(1).child(4).child_count() == 3);
  BOOST_TEST(pid3.repetition(0).empty());
  BOOST_TEST(pid3.child(0).empty());
  BOOST_TEST(pid3.child(99).empty());
  const auto sex = m.find("PID").field(8);
  BOOST_TEST(sex.child(1).child(1).child(1).raw() == "M");   // a scalar is its own first child
  BOOST_TEST(sex.child(1).child(1).child(2).raw() == "");
  BOOST_TEST(sex.repetition(1).repetition(1).raw() == "M");
  const auto null = m.find("OBX", 2).field(5);
  BOOST_TEST(!null.is_null());
  BOOST_TEST(null.repetition(1).is_null());
  BOOST_TEST(null.repetition(1).text() == "");   // never the text of two quotes
  BOOST_TEST(!null.repetition(1).valued());
  BOOST_TEST(null.repetition(2).empty());
  std::vector<std::string> seen;
  for (const hl7::Value each : null.repetitions()) seen.emplace_back(each.raw());
  BOOST_TEST(seen == (std::vector<std::string>{"\"\"", "", "5"}), boost::test_tools::per_element());
  BOOST_TEST(m.find("EVN").field(9).repetition_count() == 0);
  for (const hl7::Value each : m.find("EVN").field(9).repetitions()) BOOST_ERROR(each.raw());
  const hl7::Value nothing;
  BOOST_TEST((nothing.text() == "" && !nothing.valued() && nothing.child(1).empty()));
}

BOOST_AUTO_TEST_CASE(only_delimiters_is_not_valued) {
  const Message m = parse("MSH|^~\\&|\rZZZ|^^~&|^a|\"\"|^\r");
  BOOST_TEST(!m.find("ZZZ").field(1).valued());
  BOOST_TEST(m.find("ZZZ").field(2).valued());
  BOOST_TEST(!m.find("ZZZ").field(3).valued());
}

BOOST_AUTO_TEST_CASE(text_without_escape_is_not_copied) {
  const Message m = parse(sample::adt());
  std::string scratch = "untouched";
  const auto name = m.find("PID").field(5);
  BOOST_TEST(static_cast<const void*>(name.text(scratch).data()) ==
             static_cast<const void*>(name.raw().data()));
  BOOST_TEST(scratch == "untouched");
  BOOST_TEST(m.find("OBX").field(5).text(scratch).data() == scratch.data());
}

BOOST_AUTO_TEST_CASE(views_survive_a_move) {
  for (const std::string& text : {std::string("MSH|^~\\&|A\r"), sample::adt()}) {
    Message first = parse(text);   // the short one would live inside the std::string itself
    const auto segment = first.segment(0);
    const auto value = segment.field(3).child(1);
    const std::string before(value.raw());
    const void* const text_at = first.text().data();
    Message second = std::move(first);
    Message third = parse("MSH|^~\\&|other\r");
    third = std::move(second);
    BOOST_TEST(value.raw() == before);
    BOOST_TEST(value.delimiters()->component == '^');
    BOOST_TEST(segment.field(3).child(1).raw() == before);
    BOOST_TEST(third.text() == text);
    BOOST_TEST(static_cast<const void*>(third.text().data()) == text_at);
  }
}

BOOST_AUTO_TEST_CASE(header_fields) {
  const Message m = parse(sample::adt());
  const hl7::Header h = hl7::read_header(m);
  BOOST_TEST(h.sending_application.raw() == "EPIC^1.2.3^ISO");
  BOOST_TEST(h.receiving_facility.raw() == "LAB~B");
  BOOST_TEST((h.type == "ADT" && h.trigger == "A01" && h.structure == "ADT_A01"));
  BOOST_TEST((h.control_id == "MSG001" && h.processing_id == "P" && h.version == "2.5.1"));
  BOOST_TEST((h.accept_ack == "AL" && h.application_ack == "NE"));
  BOOST_TEST((h.charset == "UNICODE UTF-8" && h.sequence_number.empty()));
  BOOST_TEST(h.date_time.raw() == "20260105120000-0500");
  const Message empty = parse("MSH|^~\\&\r");
  const hl7::Header none = hl7::read_header(empty);
  BOOST_TEST((none.type.empty() && none.control_id.empty() && none.version.empty()));
}

BOOST_AUTO_TEST_CASE(any_legal_delimiters) {
  const Message m = parse("MSH$%*!@$APP%X$$$$$$ADT%A01$1\rPID$$$a!S!b%c@d*e\r");
  BOOST_TEST(m.get("MSH-9.2") == "A01");
  BOOST_TEST(m.get("PID-3.1") == "a%b");
  BOOST_TEST(m.get("PID-3.2.2") == "d");
  BOOST_TEST(m.get("PID-3[2]") == "e");
  const Message five = parse("MSH|^~\\&#|A\r");
  BOOST_TEST(five.issues().empty());
  BOOST_TEST(five.delimiters().truncation == '#');
}

BOOST_AUTO_TEST_CASE(short_encoding_characters) {
  const Message three = parse("MSH|^~\\|A\rPID|1||a&b^c\\S\\d\r");
  BOOST_TEST(three.issues().size() == 1U);
  BOOST_TEST(three.get("PID-3.1") == "a&b");
  BOOST_TEST(three.get("PID-3.1.1") == "a&b");
  BOOST_TEST(three.get("PID-3.2") == "c^d");
  const Message two = parse("MSH|^~|A\rPID|1||a\\S\\~b\r");
  BOOST_TEST(two.get("PID-3[1]") == "a\\S\\");
  BOOST_TEST((refusal("MSH|^~\\|A\r", true) == core::ErrorCode::kBadEncodingCharacters));
}

BOOST_AUTO_TEST_CASE(illegal_encoding_characters) {
  for (const char* text :
       {"MSH|^^\\&|A\r", "MSH|^~\\^|A\r", "MSH|^|A\r", "MSH||A\r", "MSH|a~\\&|A\r", "MSH|^~\\1|A\r",
        "MSH|^~\\& |A\r", "MSH|^~\\&#!|A\r", "MSHA^~\\&AB\r", "MSH ^~\\& A\r", "MSH\t^~\\&\tA\r",
        "MSH\x80^~\\&\x80", "MSH|\r", "MSH|^~\xc3\xa9|\r", "MSH|"}) {
    const auto m = Message::parse(text);
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(!m.has_value());
      if (!m) BOOST_TEST((m.error().code == core::ErrorCode::kBadEncodingCharacters));
    }
  }
}

BOOST_AUTO_TEST_CASE(no_header) {
  for (const char* text : {"", "M", "MSH", "PID|1\r", "hello", "\x0b", " \r\n", "GET / HTTP/1.1\r\n"}) {
    BOOST_TEST((refusal(text) == core::ErrorCode::kNoMsh), text);
  }
  BOOST_TEST((refusal(std::string(2000, ' ') + "MSH|^~\\&|A\r") == core::ErrorCode::kNoMsh));
}

BOOST_AUTO_TEST_SUITE_END()
