#include "sample.hpp"

#include "scan.hpp"

using hl7::scan::Index;

namespace {

struct Found {
  std::vector<std::uint32_t> separators;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> lines;
  std::uint64_t repetitions = 0;
  hl7::scan::Stop stop = hl7::scan::Stop::kNone;
  bool operator==(const Found&) const = default;
};

Found index_with(const hl7::scan::Functions& functions, std::string_view text, std::size_t begin,
                 char repetition = '~') {
  Index index(text.size() - begin);
  functions.index(text, begin, '|', repetition, index);
  Found found{.repetitions = index.repetitions, .stop = index.stop};
  found.separators.assign(index.separators.get(), index.separators.get() + index.separator_count);
  for (const auto& line : index.lines) found.lines.emplace_back(line.position, line.separators_before);
  return found;
}

/// The obvious way, as the judge of both.
Found index_by_hand(std::string_view text, std::size_t begin, char repetition = '~') {
  Found found;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const auto at = static_cast<std::uint32_t>(i);
    if (text[i] == '|') found.separators.push_back(at);
    if (repetition != 0 && text[i] == repetition) ++found.repetitions;
    if (text[i] == '\r' || text[i] == '\n') found.lines.emplace_back(at, found.separators.size());
  }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scan)

BOOST_AUTO_TEST_CASE(both_forms_find_the_same) {
  BOOST_TEST_MESSAGE("CW_SEED=" << sample::seed());
  if (hl7::scan::avx2() == nullptr) BOOST_TEST_MESSAGE("no AVX2 here: only the portable form runs");
  std::mt19937 random(sample::seed());
  for (int round = 0; round < 3000; ++round) {
    const std::string text = sample::noise(random, sample::below(random, 400));
    const std::size_t begin = sample::below(random, text.size() + 1);
    const Found wanted = index_by_hand(text, begin);
    BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) {
      BOOST_REQUIRE((index_with(hl7::scan::portable(), text, begin) == wanted));
      BOOST_REQUIRE((index_with(hl7::scan::portable(), text, begin, 0) ==
                     index_by_hand(text, begin, 0)));
      if (hl7::scan::avx2() == nullptr) continue;
      BOOST_REQUIRE((index_with(*hl7::scan::avx2(), text, begin) == wanted));
      BOOST_REQUIRE((index_with(*hl7::scan::avx2(), text, begin, 0) ==
                     index_by_hand(text, begin, 0)));
    }
  }
}

BOOST_AUTO_TEST_CASE(both_forms_count_the_same) {
  std::mt19937 random(sample::seed());
  const hl7::Delimiters short_ones{.escape = 0, .subcomponent = 0};
  for (int round = 0; round < 3000; ++round) {
    const std::string text = sample::noise(random, sample::below(random, 400));
    for (const hl7::Delimiters& d : {hl7::Delimiters{}, short_ones}) {
      const auto counts = hl7::scan::portable().count(text, 0, d);
      std::uint64_t lines = 0;
      for (std::size_t i = 0; i < text.size(); ++i) {
        lines += text[i] == '\r' || (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'));
      }
      const auto count = [&text](char c) {
        return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), c));
      };
      BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) {
        BOOST_REQUIRE(counts.segments == lines);
        BOOST_REQUIRE(counts.fields == count('|'));
        BOOST_REQUIRE(counts.repetitions == count('~'));
        BOOST_REQUIRE(counts.components == count('^'));
        BOOST_REQUIRE(counts.subcomponents == (d.subcomponent == 0 ? 0 : count('&')));
        if (hl7::scan::avx2() == nullptr) continue;
        BOOST_REQUIRE((hl7::scan::avx2()->count(text, 0, d) == counts));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(ascii_check) {
  std::string text(300, 'a');
  for (const auto* functions : {&hl7::scan::portable(), hl7::scan::avx2()}) {
    if (functions == nullptr) continue;
    for (std::size_t size = 0; size < text.size(); ++size) {
      std::string each = text.substr(0, size);
      BOOST_REQUIRE(functions->is_ascii(each));
      if (size == 0) continue;
      each[(size * 7) % size] = '\x80';
      BOOST_REQUIRE(!functions->is_ascii(each));
      each[(size * 7) % size] = 'a';
      each.back() = '\xff';
      BOOST_REQUIRE(!functions->is_ascii(each));
    }
  }
}

BOOST_AUTO_TEST_CASE(grows_and_stops_at_limits) {
  std::string many = "MSH|^~\\&\r";
  for (int i = 0; i < 3000; ++i) many += "ZZZ" + std::string(150, '|') + "\r";
  BOOST_TEST(sample::parse(many).segment_count() == 3001U);
  for (const auto* functions : {&hl7::scan::portable(), hl7::scan::avx2()}) {
    if (functions == nullptr) continue;
    BOOST_TEST((index_with(*functions, many, 0) == index_by_hand(many, 0)));
    const std::string pipes(1'000'000, '|');
    const Found stopped = index_with(*functions, pipes, 0);
    BOOST_TEST((stopped.stop == hl7::scan::Stop::kTooManyFields));
    BOOST_TEST(stopped.separators.size() < 3000U);   // the rest is not even read
    const std::string ends(1'000'000, '\r');
    BOOST_TEST((index_with(*functions, ends, 0).stop == hl7::scan::Stop::kTooManyLines));
  }
}

BOOST_AUTO_TEST_CASE(boundaries_of_a_message) {
  const auto counts = hl7::scan_boundaries(sample::adt(), {});
  BOOST_TEST(counts.segments == 6U);
  const auto m = sample::parse(sample::adt());
  std::uint64_t fields = 0, repetitions = 0, components = 0, subcomponents = 0;
  for (std::uint32_t i = 0; i < m.segment_count(); ++i) {
    const auto segment = m.segment(i);
    fields += static_cast<std::uint64_t>(segment.field_count()) - (segment.is("MSH") ? 1U : 0U);
    for (int n = segment.is("MSH") ? 3 : 1; n <= segment.field_count(); ++n) {
      int seen = 0;
      for (const auto each : segment.field(n).repetitions()) {
        repetitions += seen++ > 0;
        for (int c = 1; c <= each.child_count(); ++c) {
          components += c > 1;
          subcomponents += static_cast<std::uint64_t>(std::max(each.child(c).child_count() - 1, 0));
        }
      }
    }
  }
  BOOST_TEST(counts.fields == fields);
  BOOST_TEST(counts.repetitions == repetitions);
  BOOST_TEST(counts.components == components);
  BOOST_TEST(counts.subcomponents == subcomponents);
  BOOST_TEST(hl7::scan_boundaries("", {}).segments == 0U);
  BOOST_TEST(hl7::scan_boundaries("PID|1\r\nPV1|2", {}).segments == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
