#include <boost/test/unit_test.hpp>

#include "said_before.hpp"

using pipeline::SaidBefore;

namespace {

/// An Encounter that refers to draft `patient`, as a Mapper gives it.
struct Output {
  mapping::MapOutput out;
  Output(const std::string& status, int patient) {
    fhir::Node* subject = out.document.object();
    out.document.set(subject, "reference",
                     out.document.string(std::string(1, mapping::kDraftMark) +
                                         std::to_string(patient)));
    fhir::Node* encounter = out.document.object();
    out.document.set(encounter, "resourceType", out.document.string("Encounter"));
    out.document.set(encounter, "status", out.document.string(status));
    out.document.set(encounter, "subject", subject);
    mapping::Draft draft;
    draft.type = "Encounter";
    draft.root = encounter;
    out.drafts.push_back(draft);
  }
  SaidBefore::Statement statement(const std::vector<std::string>& ids) const {
    pipeline::DraftPrints prints;
    prints.take(out);
    return SaidBefore().statement(prints, {0}, ids);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(said_before)

BOOST_AUTO_TEST_CASE(a_statement_is_its_content_and_whom_it_refers_to) {
  const auto one = Output("finished", 1).statement({"e", "p1"});
  BOOST_TEST((one == Output("finished", 1).statement({"e", "p1"})));
  BOOST_TEST(!(one == Output("planned", 1).statement({"e", "p1"})));
  BOOST_TEST(!(one == Output("finished", 1).statement({"e", "p2"})), "another patient");
  BOOST_TEST((one == Output("finished", 2).statement({"e", "x", "p1"})), "numbered otherwise");
  BOOST_TEST(!(one == Output("finished", 9).statement({"e"})), "a number beyond the drafts");
}

BOOST_AUTO_TEST_CASE(only_the_version_that_came_of_it_counts) {
  SaidBefore said;
  const SaidBefore::Statement text{1, 2}, other{1, 3};
  said.note("Encounter/e", 3, text);
  BOOST_TEST(said.same("Encounter/e", 3, text));
  BOOST_TEST(!said.same("Encounter/e", 4, text), "somebody else changed it since");
  BOOST_TEST(!said.same("Encounter/e", 3, other));
  BOOST_TEST(!said.same("Encounter/f", 3, text));
  said.note("Encounter/e", 4, other);
  BOOST_TEST(!said.same("Encounter/e", 3, text));
  said.forget();
  BOOST_TEST(!said.same("Encounter/e", 4, other), "its transaction was undone");
}

BOOST_AUTO_TEST_CASE(it_is_bounded) {
  SaidBefore said;
  const SaidBefore::Statement text{1, 2};
  for (std::size_t i = 0; i <= SaidBefore::kEntriesMax; ++i) {
    said.note("Basic/" + std::to_string(i), 1, text);
  }
  BOOST_TEST(!said.same("Basic/0", 1, text));
  BOOST_TEST(said.same("Basic/" + std::to_string(SaidBefore::kEntriesMax), 1, text));
}

BOOST_AUTO_TEST_SUITE_END()
