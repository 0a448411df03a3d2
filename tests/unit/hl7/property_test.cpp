#include "sample.hpp"

#include <hl7/ack.hpp>
#include <hl7/batch.hpp>
#include <hl7/charset.hpp>
#include <hl7/editor.hpp>

#include <sstream>

/// Properties that hold for any text, checked on seeded random ones and on the corpus.
namespace {

/// Walks all there is, as a mapper would; sums lengths so that every byte is touched.
std::size_t walk(const hl7::Message& m) {
  std::size_t total = 0;
  std::string scratch;
  for (std::uint32_t i = 0; i < m.segment_count(); ++i) {
    const auto segment = m.segment(i);
    for (int n = 0; n <= segment.field_count() + 1; ++n) {
      int r = 0;
      for (const auto repetition : segment.field(n).repetitions()) {
        BOOST_REQUIRE(repetition.raw() == segment.field(n).repetition(++r).raw());
        int c = 0;
        for (const auto component : repetition.children()) {
          BOOST_REQUIRE(component.raw() == repetition.child(++c).raw());
          int s = 0;
          for (const auto part : component.children()) {
            BOOST_REQUIRE(part.raw() == component.child(++s).raw());
            total += part.text(scratch).size();
          }
          BOOST_REQUIRE(s == component.child_count());
        }
        BOOST_REQUIRE(c == repetition.child_count());
      }
      BOOST_REQUIRE(r == segment.field(n).repetition_count());
    }
  }
  return total;
}

/// Fields joined by separators are the segment again, and components the field.
void check_parts(const hl7::Message& m) {
  const auto& d = m.delimiters();
  for (std::uint32_t i = 0; i < m.segment_count(); ++i) {
    const auto segment = m.segment(i);
    std::string joined(segment.name());
    const bool is_header = segment.is("MSH") || segment.is("FHS") || segment.is("BHS");
    for (int n = is_header ? 2 : 1; n <= segment.field_count(); ++n) {
      const auto field = segment.field(n);
      joined.append(1, d.field).append(field.raw());
      if (is_header && n == 2) continue;
      std::string field_joined;
      for (int r = 1; r <= field.repetition_count(); ++r) {
        if (r > 1) field_joined.push_back(d.repetition);
        for (int c = 1; c <= field.repetition(r).child_count(); ++c) {
          if (c > 1) field_joined.push_back(d.component);
          field_joined.append(field.repetition(r).child(c).raw());
        }
      }
      BOOST_REQUIRE(field_joined == field.raw());
    }
    BOOST_REQUIRE(joined == segment.raw());
    BOOST_REQUIRE((m.find(segment.name(), segment.occurrence()).index() == i));
  }
}

void check_any(const std::string& text) {
  auto parsed = hl7::Message::parse(text);
  static_cast<void>(hl7::split_batch(text));
  static_cast<void>(hl7::scan_boundaries(text, {}));
  const auto strict = hl7::Message::parse(text, {.strict = true});
  if (!parsed) {
    BOOST_REQUIRE(!strict.has_value());
    return;
  }
  const hl7::Message m = std::move(*parsed);
  BOOST_REQUIRE(m.text() == text);
  BOOST_REQUIRE(strict.has_value() == m.issues().empty());
  BOOST_REQUIRE(m.segment_count() >= 1U);
  BOOST_REQUIRE(walk(m) <= 4 * text.size() + 64);
  check_parts(m);
  for (std::uint32_t i = 0; i < m.segment_count(); ++i) {
    const std::uint64_t present = m.segment(i).fields_present();
    for (int n = 1; n < 64; ++n) {
      BOOST_REQUIRE((present >> n & 1) == (m.segment(i).field(n).empty() ? 0u : 1u));
    }
  }
  const auto again = hl7::Message::parse(hl7::Editor(m).text());
  BOOST_REQUIRE(again.has_value());
  BOOST_REQUIRE(again->segment_count() == m.segment_count());
  if (!m.find("MSH").present()) return;
  const std::string ack = hl7::build_ack(m, {.code = hl7::AckCode::kAE, .issues = m.issues(),
                                             .control_id = "1"});
  const auto answer = hl7::Message::parse(ack);
  if (!answer) BOOST_FAIL(answer.error().text() << " in the ACK " << ack);
  BOOST_REQUIRE(ack.find("\x1c\r") == std::string::npos);
  BOOST_REQUIRE(answer->get("MSA-1") == "AE");
}

std::string spliced(std::mt19937& random, const std::vector<std::string>& seeds) {
  std::string text = seeds[sample::below(random, seeds.size())];
  for (std::size_t k = 1 + sample::below(random, 4); k > 0 && !text.empty(); --k) {
    const std::size_t at = sample::below(random, text.size());
    const std::string& other = seeds[sample::below(random, seeds.size())];
    switch (sample::below(random, 5)) {
      case 0: text.resize(at); break;
      case 1: text[at] = static_cast<char>(text[at] ^ (1 << sample::below(random, 8))); break;
      case 2: text.insert(at, other, sample::below(random, other.size()), sample::below(random, 80)); break;
      case 3: text.insert(at, sample::noise(random, sample::below(random, 20))); break;
      default: text.erase(at, sample::below(random, 50));
    }
  }
  return text;
}

/// Every message of the corpus; the izgateway file has its own line format (see its header).
std::vector<std::string> corpus_messages() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sample::corpus())) {
    if (entry.path().extension() == ".hl7") found.push_back(sample::read_file(entry.path()));
  }
  std::istringstream lines(sample::read_file(sample::corpus() / "izgateway/messages.txt"));
  std::string line, pending, message;
  while (std::getline(lines, line)) {
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == std::string::npos || line[first] == '@' || line[first] == '#') continue;
    pending += line.substr(first);
    // A closing backslash continues the line, unless it is MSH-2's own.
    if (pending.ends_with('\\')) {
      pending.pop_back();
      continue;
    }
    if (pending.starts_with("MSH|") && !message.empty()) found.push_back(std::move(message));
    if (pending.starts_with("MSH|")) message.clear();
    if (hl7::detail::name_key(pending.substr(0, 3)) != 0 && pending.size() > 3 && pending[3] == '|') {
      message += pending + "\r";
    }
    pending.clear();
  }
  if (!message.empty()) found.push_back(message);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(properties)

BOOST_AUTO_TEST_CASE(any_text) {
  BOOST_TEST_MESSAGE("CW_SEED=" << sample::seed());
  std::mt19937 random(sample::seed());
  for (int round = 0; round < 4000; ++round) {
    std::string text = sample::noise(random, sample::below(random, 300));
    if (sample::below(random, 4) > 0) text.insert(0, "MSH|^~\\&|A|B\r");
    BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) { check_any(text); }
  }
}

BOOST_AUTO_TEST_CASE(splices_of_messages) {
  std::mt19937 random(sample::seed());
  const std::vector<std::string> seeds = {
      sample::adt(), "MSH$%*!@$A$B\rPID$1$$x%y*z!F!\r", "FHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\rBTS|1\rFTS|1\r",
      "\xef\xbb\xbfMSH|^~|A\nPID|1\nOBX|1|\\XC3A9\\|\\.br\\\n"};
  for (int round = 0; round < 8000; ++round) {
    const std::string text = spliced(random, seeds);
    BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) { check_any(text); }
  }
}

/// Where the text is cut at its lines, the parser finds what a plain split finds.
BOOST_AUTO_TEST_CASE(agrees_with_a_plain_split) {
  std::mt19937 random(sample::seed());
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::vector<std::string>> wanted;
    std::string text = "MSH|^~\\&|A\r";
    for (std::size_t s = sample::below(random, 12); s > 0; --s) {
      auto& fields = wanted.emplace_back();
      text += "Z" + std::to_string(10 + sample::below(random, 90));
      for (std::size_t f = sample::below(random, 40); f > 0; --f) {
        std::string value = sample::noise(random, sample::below(random, 12));
        std::erase_if(value, [](char c) { return c == '|' || c == '\r' || c == '\n' || c == ' '; });
        text += "|" + value;
        fields.push_back(std::move(value));
      }
      text += "\r";
    }
    BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) {
      const auto m = sample::parse(text);
      BOOST_REQUIRE(m.segment_count() == wanted.size() + 1);
      for (std::uint32_t i = 0; i < wanted.size(); ++i) {
        BOOST_REQUIRE(m.segment(i + 1).field_count() == static_cast<int>(wanted[i].size()));
        for (std::size_t f = 0; f < wanted[i].size(); ++f) {
          BOOST_REQUIRE(m.segment(i + 1).field(static_cast<int>(f + 1)).raw() == wanted[i][f]);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(corpus) {
  if (sample::corpus().empty()) {
    BOOST_TEST_MESSAGE("skipped: ../shared/corpus is absent");
    return;
  }
  const auto messages = corpus_messages();
  BOOST_TEST(messages.size() > 250U);
  for (const std::string& bytes : messages) {
    BOOST_TEST_CONTEXT(bytes.substr(0, 120)) {
      hl7::Issues issues;
      const auto text = hl7::decode(bytes, {}, issues);
      BOOST_REQUIRE(text.has_value());
      const auto batch = hl7::split_batch(*text);
      BOOST_REQUIRE(batch.has_value());
      BOOST_TEST(!batch->messages.empty());
      for (const std::string_view each : batch->messages) {
        const auto m = hl7::Message::parse(std::string(each));
        BOOST_REQUIRE(m.has_value());
        BOOST_TEST(m->text() == each);
        BOOST_TEST(!hl7::read_header(*m).type.empty());
        check_any(std::string(each));
      }
      check_any(bytes);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
