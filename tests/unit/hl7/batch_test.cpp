#include "sample.hpp"

#include <hl7/batch.hpp>

#include <deque>

namespace {

/// Keeps the text, as a Batch only views it.
hl7::Batch split(std::string text) {
  static std::deque<std::string> kept;
  auto batch = hl7::split_batch(kept.emplace_back(std::move(text)));
  if (!batch) BOOST_FAIL(batch.error().text());
  return std::move(*batch);
}

const std::string kOne = "MSH|^~\\&|A|||||||1\rPID|1\r";
const std::string kTwo = "MSH$%*!@$B$$$$$$$2\rPID$2\r";

}  // namespace

BOOST_AUTO_TEST_SUITE(batch)

BOOST_AUTO_TEST_CASE(one_message) {
  const auto b = split(kOne);
  BOOST_TEST(!b.is_batch);
  BOOST_REQUIRE(b.messages.size() == 1U);
  BOOST_TEST(b.messages[0] == kOne);
  BOOST_TEST(b.issues.empty());
}

BOOST_AUTO_TEST_CASE(whole_file) {
  const std::string text = "FHS|^~\\&|APP\rBHS|^~\\&|APP\r" + kOne + kTwo + "BTS|2\rBHS|^~\\&\r" + kOne +
                           "BTS|1\rFTS|2\r";
  const auto b = split(text);
  BOOST_TEST(b.is_batch);
  BOOST_TEST(b.issues.empty());
  BOOST_REQUIRE(b.messages.size() == 3U);
  BOOST_TEST((b.messages[0] == kOne && b.messages[1] == kTwo && b.messages[2] == kOne));
  BOOST_TEST(b.header == "BHS|^~\\&|APP");   // who is answered: the batch, not the file
  BOOST_TEST(b.trailer == "FTS|2");
  BOOST_TEST(sample::parse(std::string(b.messages[1])).get("PID-1") == "2");
  BOOST_TEST((sample::refusal(text) == core::ErrorCode::kSegmentSequence));   // not parsed as one
}

BOOST_AUTO_TEST_CASE(counts_are_checked) {
  const auto b = split("FHS|^~\\&\rBHS|^~\\&\r" + kOne + "BTS|2\rFTS|3\r");
  BOOST_REQUIRE(b.issues.size() == 2U);
  for (const auto& issue : b.issues) {
    BOOST_TEST((issue.code == core::ErrorCode::kBatchCount));
    BOOST_TEST((issue.severity == hl7::Severity::kError));
  }
  BOOST_TEST(b.issues[0].at.text() == "BTS-1");
  BOOST_TEST(b.issues[1].at.text() == "FTS-1");
  BOOST_TEST(split("BHS|^~\\&\r" + kOne + "BTS|x|\r").issues.size() == 1U);
  BOOST_TEST(split("BHS|^~\\&\r" + kOne + "BTS|1|comment\r").issues.empty());
  BOOST_TEST(split("BHS|^~\\&\r" + kOne + "BTS\r").issues.empty());
  BOOST_TEST(split("BHS|^~\\&\r" + kOne + "BTS||\r").issues.empty());
  BOOST_TEST(split("BHS|^~\\&\rBTS|0\r").messages.empty());
}

BOOST_AUTO_TEST_CASE(plain_files_and_other_ends) {
  const auto b = split("\xef\xbb\xbf" + kOne + "\r\r" + kTwo + "\x1c\r\x0b" + kOne);
  BOOST_TEST(!b.is_batch);
  BOOST_REQUIRE(b.messages.size() == 3U);
  for (const auto message : b.messages) {
    const auto m = sample::parse(std::string(message));
    BOOST_TEST(m.issues().empty());
    BOOST_TEST(m.segment_count() == 2U);
  }
  const auto crlf = split("MSH|^~\\&|A\r\nPID|1\r\n\r\nMSH|^~\\&|B\r\nPID|2\r\n");
  BOOST_REQUIRE(crlf.messages.size() == 2U);
  BOOST_TEST(crlf.messages[0] == "MSH|^~\\&|A\r\nPID|1\r\n");
  const auto no_end = split("junk\r" + kOne + "MSH|^~\\&|last");
  BOOST_REQUIRE(no_end.messages.size() == 2U);
  BOOST_TEST(no_end.messages[1] == "MSH|^~\\&|last");
}

BOOST_AUTO_TEST_CASE(nothing_in_it) {
  for (const char* text : {"", "\r", "PID|1\r", "MSHX|\r", "x MSH|^~\\&\r"}) {
    const auto b = hl7::split_batch(text);
    BOOST_REQUIRE(!b.has_value());
    BOOST_TEST((b.error().code == core::ErrorCode::kNoMsh));
  }
}

BOOST_AUTO_TEST_CASE(too_many) {
  std::string text;
  for (std::size_t i = 0; i <= hl7::kBatchMessagesMax; ++i) text += "MSH|^~\\&\r";
  BOOST_TEST(!hl7::split_batch(text).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
