#include "temp_folder.hpp"

#include <fhir/json.hpp>
#include <store/records.hpp>

#include <map>
#include <set>
#include "paths.hpp"

using namespace store_test;
using store::MessageState;
using store::OutboxItem;
using store::Records;
using store::Resource;
using store::Stamp;

namespace {

const schema::R4& r4() {
  static const schema::R4 loaded =
      must(schema::R4::load(test::source_path("/schemas/fhir/r4.txt")));
  return loaded;
}

std::string patient(const std::string& id, const std::string& mrn, const std::string& family) {
  return R"({"resourceType":"Patient","id":")" + id +
         R"(","identifier":[{"system":"urn:mrn","value":")" + mrn +
         R"("}],"name":[{"family":")" + family +
         R"(","given":["Zoë"]}],"gender":"female","birthDate":"1970-05-06"})";
}

struct Fixture {
  TempFolder folder;
  std::unique_ptr<Records> records = must(Records::open(folder.path(), r4()));
  fhir::Document document;
  std::uint64_t sequence = 0;

  Stamp stamp(const char* event = nullptr, const char* sender = "A|B") {
    Stamp stamp;
    stamp.sequence = core::Sequence{sequence};
    stamp.updated = at("2026-03-01T10:00:00Z") + std::chrono::seconds(sequence);
    stamp.sender = sender;
    if (event) stamp.event_time = at(event);
    return stamp;
  }
  Records::Put put(const std::string& body, const Stamp& with) {
    const fhir::Node* tree = must(fhir::parse_json(body, document));
    return must(records->put(tree->text_of("resourceType"), tree->text_of("id"), body, tree, with));
  }
  /// In a transaction of its own.
  Records::Put put(const std::string& body) {
    ++sequence;
    must(records->begin());
    const auto put = this->put(body, stamp());
    must(records->commit(core::Sequence{sequence}));
    return put;
  }
  void reopen() {
    records.reset();
    records = must(Records::open(folder.path(), r4()));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(records, Fixture)

BOOST_AUTO_TEST_CASE(what_confirms_a_resource_is_known_at_once_and_kept) {
  const auto last_event = [&] { return must(records->standing("Patient", "p1", "A|B")).last_event; };
  must(records->begin());
  const auto first = put(patient("p1", "1", "A"), stamp("2026-01-01T00:00:00Z"));
  BOOST_TEST(!must(records->confirm("Patient", "p1", stamp("2026-01-02T00:00:00Z"))).changed);
  BOOST_TEST((last_event() == at("2026-01-02T00:00:00Z")));
  must(records->savepoint());
  must(records->confirm("Patient", "p1", stamp("2026-01-03T00:00:00Z")));
  BOOST_TEST((last_event() == at("2026-01-03T00:00:00Z")));
  must(records->rollback_to_savepoint());
  BOOST_TEST((last_event() == at("2026-01-02T00:00:00Z")), "as at the savepoint");
  must(records->confirm("Patient", "p1", stamp("2026-01-04T00:00:00Z")));
  must(records->commit(core::Sequence{++sequence}));
  reopen();
  BOOST_TEST((last_event() == at("2026-01-04T00:00:00Z")));
  must(records->begin());
  must(records->confirm("Patient", "p1", stamp("2026-01-05T00:00:00Z")));
  // A new version's stamp is newer than what was confirmed before it.
  BOOST_TEST(put(patient("p1", "1", "B"), stamp("2026-01-06T00:00:00Z")).version ==
             first.version + 1);
  must(records->commit(core::Sequence{++sequence}));
  reopen();
  BOOST_TEST((last_event() == at("2026-01-06T00:00:00Z")));
}

BOOST_AUTO_TEST_CASE(a_new_body_is_a_new_version_and_the_same_body_is_none) {
  const auto first = put(patient("p1", "1", "Smith"));
  BOOST_TEST(first.version == 1u);
  BOOST_TEST((first.changed && first.created));
  const auto again = put(patient("p1", "1", "Smith"));
  BOOST_TEST(again.version == 1u);
  BOOST_TEST((!again.changed && !again.created));
  const auto renamed = put(patient("p1", "1", "Jones"));
  BOOST_TEST(renamed.version == 2u);
  BOOST_TEST((renamed.changed && !renamed.created));
  for (int round = 0; round < 2; ++round) {
    const Resource now = must(records->get("Patient", "p1")).value();
    BOOST_TEST(now.version == 2u);
    BOOST_TEST(now.body == patient("p1", "1", "Jones"));
    BOOST_TEST(now.sequence.value() == 3u);
    BOOST_TEST((now.updated == at("2026-03-01T10:00:03Z")));
    BOOST_TEST(must(records->get_version("Patient", "p1", 1)).value().body ==
               patient("p1", "1", "Smith"));
    BOOST_TEST(!must(records->get_version("Patient", "p1", 3)).has_value());
    BOOST_TEST(!must(records->get("Patient", "p2")).has_value());
    BOOST_TEST(!must(records->get("Encounter", "p1")).has_value());
    BOOST_TEST(must(records->position()).value() == 3u);
    BOOST_TEST(must(records->counts()).versions == 2u);
    BOOST_TEST(must(records->counts()).resources == 1u);
    reopen();
  }
}

BOOST_AUTO_TEST_CASE(every_old_version_stays_within_reach) {
  constexpr std::uint32_t kVersions = 150;
  for (std::uint32_t v = 1; v <= kVersions; ++v) {
    put(patient("p1", "1", "V" + std::to_string(v)));
    put(patient("p2", "2", "W" + std::to_string(v)));
  }
  reopen();
  for (std::uint32_t v = 1; v <= kVersions; ++v) {
    const Resource old = must(records->get_version("Patient", "p1", v)).value();
    BOOST_REQUIRE(old.version == v);
    BOOST_REQUIRE(old.body == patient("p1", "1", "V" + std::to_string(v)));
  }
  const auto history = must(records->history("Patient", "p2", 10));
  BOOST_REQUIRE(history.size() == 10u);
  BOOST_TEST(history[0].version == kVersions);
  BOOST_TEST(history[9].version == kVersions - 9);
  BOOST_TEST(must(records->history("Patient", "p2", 1000)).size() == kVersions);
}

BOOST_AUTO_TEST_CASE(removing_keeps_the_history_and_putting_brings_it_back) {
  put(patient("p1", "1", "Smith"));
  must(records->begin());
  ++sequence;
  BOOST_TEST(must(records->remove("Patient", "p1", stamp())).version == 2u);
  BOOST_TEST(!must(records->remove("Patient", "p1", stamp())).changed);
  BOOST_TEST(must(records->remove("Patient", "nobody", stamp())).version == 0u);
  must(records->commit(core::Sequence{sequence}));
  BOOST_TEST(must(records->get("Patient", "p1")).value().deleted);
  store::SearchQuery by_mrn{"Patient", {{"identifier", "", {"1"}}}};
  BOOST_TEST(must(records->search(by_mrn)).empty());
  BOOST_TEST(must(records->counts()).resources == 0u);
  const auto back = put(patient("p1", "1", "Smith"));
  BOOST_TEST(back.version == 3u);
  BOOST_TEST(back.created);
  BOOST_TEST(must(records->search(by_mrn)).size() == 1u);
  BOOST_TEST(must(records->history("Patient", "p1", 10)).size() == 3u);
}

BOOST_AUTO_TEST_CASE(remembers_the_newest_event_time_of_each_sender) {
  const auto last = [&](const char* sender) {
    return must(records->standing("Patient", "p1", sender)).last_event;
  };
  must(records->begin());
  BOOST_TEST(!last("A|B").has_value());
  put(patient("p1", "1", "Smith"), stamp("2026-01-01T10:00:00Z"));
  put(patient("p1", "1", "Smith"), stamp("2026-01-01T12:00:00Z"));   // unchanged, but newer
  put(patient("p1", "1", "Smith"), stamp("2026-01-01T11:00:00Z"));   // older
  BOOST_TEST((last("A|B") == at("2026-01-01T12:00:00Z")));
  put(patient("p1", "1", "Jones"), stamp("2026-01-01T09:00:00Z", "LAB|B"));
  put(patient("p1", "1", "Jones"), stamp("2026-01-01T09:30:00Z", "LAB|B"));
  BOOST_TEST((last("A|B") == at("2026-01-01T12:00:00Z")));
  BOOST_TEST((last("LAB|B") == at("2026-01-01T09:30:00Z")));
  put(patient("p1", "1", "Brown"), stamp("2026-01-01T08:00:00Z"));   // A|B again, older than its own
  put(patient("p1", "1", "Brown"), stamp());                          // without a time: no stamp
  must(records->commit(core::Sequence{1}));
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST((last("A|B") == at("2026-01-01T12:00:00Z")));
    BOOST_TEST((last("LAB|B") == at("2026-01-01T09:30:00Z")));
    BOOST_TEST(!last("OTHER|B").has_value());
    reopen();
  }
}

BOOST_AUTO_TEST_CASE(what_is_rolled_back_never_was) {
  put(patient("p1", "1", "Smith"));
  must(records->begin());
  put(patient("p1", "1", "Jones"), stamp("2026-01-01T10:00:00Z", "NEW|SENDER"));
  put(patient("p2", "2", "Brown"), stamp());
  must(records->add_key("Patient", "urn:mrn|2", "p2", false));
  must(records->enqueue({.destination = core::DestinationName{"new"}, .sequence = core::Sequence{9}}));
  records->rollback();
  BOOST_TEST(must(records->get("Patient", "p1")).value().body == patient("p1", "1", "Smith"));
  BOOST_TEST(!must(records->get("Patient", "p2")).has_value());
  BOOST_TEST(!must(records->find_key("Patient", "urn:mrn|2")).has_value());
  BOOST_TEST(must(records->position()).value() == 1u);
  BOOST_TEST(must(records->counts()).resources == 1u);
  BOOST_TEST(must(records->outbox_counts(core::DestinationName{"new"})).pending == 0u);
  // The numbers and words that were given out are given out again, without a clash.
  must(records->begin());
  put(patient("p3", "3", "Green"), stamp("2026-01-01T10:00:00Z", "NEW|SENDER"));
  must(records->commit(core::Sequence{2}));
  reopen();
  BOOST_TEST(must(records->get("Patient", "p3")).value().version == 1u);
  BOOST_TEST((must(records->standing("Patient", "p3", "NEW|SENDER")).last_event ==
              at("2026-01-01T10:00:00Z")));
  BOOST_TEST(must(records->get("Patient", "p1")).value().version == 1u);
}

BOOST_AUTO_TEST_CASE(a_savepoint_takes_back_one_entry_only) {
  must(records->begin());
  must(records->savepoint());
  put(patient("p1", "1", "Smith"), stamp());
  must(records->savepoint());
  put(patient("p1", "1", "Jones"), stamp());
  put(patient("p2", "2", "Brown"), stamp("2026-01-01T10:00:00Z", "X|Y"));
  must(records->rollback_to_savepoint());
  BOOST_TEST(must(records->get("Patient", "p1")).value().body == patient("p1", "1", "Smith"));
  BOOST_TEST(!must(records->get("Patient", "p2")).has_value());
  must(records->savepoint());
  put(patient("p3", "3", "Green"), stamp("2026-01-01T10:00:00Z", "X|Y"));
  must(records->commit(core::Sequence{7}));
  reopen();
  BOOST_TEST(must(records->get("Patient", "p1")).value().version == 1u);
  BOOST_TEST(must(records->get("Patient", "p3")).has_value());
  BOOST_TEST(must(records->counts()).resources == 2u);
  BOOST_TEST(!records->rollback_to_savepoint().has_value());
}

BOOST_AUTO_TEST_CASE(writes_need_a_transaction) {
  const std::string body = patient("p1", "1", "Smith");
  const auto tree = must(fhir::parse_json(body, document));
  BOOST_TEST(!records->put("Patient", "p1", body, tree, stamp()).has_value());
  BOOST_TEST(!records->add_key("Patient", "k", "p1", false).has_value());
  BOOST_TEST(!records->mark_delivered(1).has_value());
}

BOOST_AUTO_TEST_CASE(a_rung_below_names_a_resource_only_where_none_above_says_otherwise) {
  const auto claim = [&](std::vector<std::string> keys, const std::string& proposed) {
    return must(records->claim_ladder("DocumentReference", keys, [&] { return proposed; }));
  };
  must(records->begin());
  BOOST_TEST(claim({"number|1", "p1/OP/10:00"}, "d1") == "d1");
  BOOST_TEST(claim({"number|1", "p1/OP/10:05"}, "x") == "d1");
  BOOST_TEST(claim({"number|2", "p1/OP/10:00"}, "d2") == "d2");   // another number: another document
  BOOST_TEST(claim({"p1/OP/10:00"}, "x") == "d1");                // without a number: what it was
  // First without a number, then with one: the same document, and from then on it has that number.
  BOOST_TEST(claim({"p1/HP/11:00"}, "d3") == "d3");
  BOOST_TEST(claim({"number|3", "p1/HP/11:00"}, "x") == "d3");
  BOOST_TEST(claim({"number|4", "p1/HP/11:00"}, "d4") == "d4");
  must(records->commit(core::Sequence{1}));
  // What was taken back does not count.
  must(records->begin());
  BOOST_TEST(claim({"p1/CN/12:00"}, "d5") == "d5");
  must(records->savepoint());
  BOOST_TEST(claim({"number|5", "p1/CN/12:00"}, "x") == "d5");
  must(records->rollback_to_savepoint());
  BOOST_TEST(claim({"number|6", "p1/CN/12:00"}, "x") == "d5");
  must(records->commit(core::Sequence{2}));
  // Read anew.
  records.reset();
  records = must(Records::open(folder.path(), r4()));
  must(records->begin());
  BOOST_TEST(claim({"number|7", "p1/HP/11:00"}, "d7") == "d7");
  BOOST_TEST(claim({"number|6"}, "x") == "d5");
  const auto rows = must(records->keys_with_parent("p1"));
  BOOST_TEST(std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.under; }) ==
             4);
  records->rollback();
}

BOOST_AUTO_TEST_CASE(keys_lead_to_ids_and_belong_to_one_resource) {
  must(records->begin());
  must(records->add_key("Patient", "urn:mrn|1", "p1", false));
  must(records->add_key("Patient", "urn:mrn|1", "p1", false));
  const auto stolen = records->add_key("Patient", "urn:mrn|1", "p2", false);
  BOOST_REQUIRE(!stolen.has_value());
  BOOST_TEST((stolen.error().code == core::ErrorCode::kConflict));
  must(records->add_key("Encounter", "urn:mrn|1", "e1", false));   // another type, another key
  must(records->add_key("Encounter", "p1/visit/1", "e1", false));
  must(records->add_key("Condition", "p1/a", "c1", false));
  must(records->add_key("Condition", "p1x/a", "c2", false));
  must(records->add_key("Condition", "p10/a", "c3", false));
  const std::string huge = "p1/" + std::string(100'000, 'k');
  must(records->add_key("Condition", huge, "c4", false));
  must(records->add_key("Condition", huge + "2", "c5", false));
  must(records->commit(core::Sequence{1}));
  BOOST_TEST(must(records->find_key("Patient", "urn:mrn|1")).value() == "p1");
  BOOST_TEST(must(records->find_key("Encounter", "urn:mrn|1")).value() == "e1");
  BOOST_TEST(!must(records->find_key("Patient", "urn:mrn|2")).has_value());
  BOOST_TEST(must(records->find_key("Condition", huge)).value() == "c4");
  BOOST_TEST(must(records->find_key("Condition", huge + "2")).value() == "c5");
  // Moved and removed keys are read as they stand, also after the change was taken back.
  must(records->begin());
  must(records->repoint_keys("Encounter", "e1", "e2"));
  must(records->remove_key("Patient", "urn:mrn|1"));
  BOOST_TEST(must(records->find_key("Encounter", "urn:mrn|1")).value() == "e2");
  BOOST_TEST(must(records->find_key("Encounter", "p1/visit/1")).value() == "e2");
  BOOST_TEST(!must(records->find_key("Patient", "urn:mrn|1")).has_value());
  records->rollback();
  BOOST_TEST(must(records->find_key("Encounter", "urn:mrn|1")).value() == "e1");
  BOOST_TEST(must(records->find_key("Patient", "urn:mrn|1")).value() == "p1");
  std::set<std::string> ids;
  for (const auto& row : must(records->keys_with_parent("p1"))) ids.insert(row.type + row.id);
  BOOST_TEST((ids == std::set<std::string>{"Encountere1", "Conditionc1", "Conditionc4",
                                           "Conditionc5"}));
}

BOOST_AUTO_TEST_CASE(a_key_is_claimed_once) {
  int asked = 0;
  const auto proposed = [&] { return "p" + std::to_string(++asked); };
  must(records->begin());
  BOOST_TEST(must(records->claim_key("Patient", "urn:mrn|9", proposed)) == "p1");
  BOOST_TEST(must(records->claim_key("Patient", "urn:mrn|9", proposed)) == "p1");
  BOOST_TEST(must(records->claim_key("Encounter", "urn:mrn|9", proposed)) == "p2");
  must(records->commit(core::Sequence{1}));
  reopen();
  must(records->begin());
  BOOST_TEST(must(records->claim_key("Patient", "urn:mrn|9", proposed)) == "p1");
  BOOST_TEST(must(records->claim_key("Patient", "urn:mrn|10", proposed)) == "p4");
  records->rollback();
  must(records->begin());
  BOOST_TEST(!must(records->find_key("Patient", "urn:mrn|10")).has_value());
  BOOST_TEST(must(records->claim_key("Patient", "urn:mrn|10", proposed)) == "p5");
  must(records->commit(core::Sequence{2}));
}

BOOST_AUTO_TEST_CASE(message_states_are_replaced_and_counted_once) {
  const auto state = [](std::uint64_t at_sequence, MessageState::State s) {
    MessageState message;
    message.sequence = core::Sequence{at_sequence};
    message.state = s;
    message.feed = "hospital";
    message.control_id = "C" + std::to_string(at_sequence);
    message.type = "ADT^A01";
    message.mapping_hash = "hash";
    message.received = at("2026-03-01T10:00:00Z");
    message.lanes = {"p1", "feed:hospital"};
    message.resources = 3;
    message.issues = "[]";
    if (s == MessageState::State::kFailed) message.error = "not-mapped: PV1";
    return message;
  };
  must(records->begin());
  for (std::uint64_t s = 1; s <= 5; ++s) {
    must(records->set_message(
        state(s, s % 2 ? MessageState::State::kApplied : MessageState::State::kFailed)));
  }
  must(records->set_message(state(2, MessageState::State::kApplied)));   // re-run
  must(records->commit(core::Sequence{5}));
  BOOST_TEST(must(records->counts()).messages == 5u);
  BOOST_TEST(must(records->counts()).failed == 1u);
  const auto failed = must(records->messages(10, core::Sequence{0}, true));
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST(failed[0].sequence.value() == 4u);
  BOOST_TEST(failed[0].error == "not-mapped: PV1");
  const auto page = must(records->messages(2, core::Sequence{4}, false));
  BOOST_REQUIRE(page.size() == 2u);
  BOOST_TEST(page[0].sequence.value() == 3u);
  const MessageState one = must(records->message(core::Sequence{1})).value();
  BOOST_TEST(one.feed == "hospital");
  BOOST_TEST(one.control_id == "C1");
  BOOST_TEST((one.lanes == std::vector<std::string>{"p1", "feed:hospital"}));
  BOOST_TEST(one.resources == 3u);
  BOOST_TEST(one.mapping_hash == "hash");
  BOOST_TEST(!must(records->message(core::Sequence{9})).has_value());
}

BOOST_AUTO_TEST_CASE(the_outbox_keeps_order_and_states) {
  const core::DestinationName repository{"repository"}, archive{"archive"};
  must(records->begin());
  for (std::uint64_t s = 1; s <= 6; ++s) {
    OutboxItem item;
    item.destination = s == 6 ? archive : repository;
    item.sequence = core::Sequence{s};
    item.part = 1;
    item.lanes = {"lane" + std::to_string(s), "other"};
    item.after = {"Practitioner/x"};
    item.resources = {{"Patient", "p1", 3}, {"Encounter", "e-1.2", 17}};
    item.identifier = "hospital|A|B|C" + std::to_string(s);
    item.traceparent = "00-1-2-01";
    item.created = at("2026-03-01T10:00:00Z") + std::chrono::minutes(s);
    must(records->enqueue(item));
  }
  must(records->commit(core::Sequence{6}));
  auto pending = must(records->pending(repository, 0, 10));
  BOOST_REQUIRE(pending.size() == 5u);
  BOOST_TEST((pending[0].lanes == std::vector<std::string>{"lane1", "other"}));
  BOOST_TEST((pending[0].after == std::vector<std::string>{"Practitioner/x"}));
  BOOST_REQUIRE(pending[0].resources.size() == 2u);
  BOOST_TEST(pending[0].resources[1].id == "e-1.2");
  BOOST_TEST(pending[0].resources[1].version == 17u);
  BOOST_TEST(pending[0].identifier == "hospital|A|B|C1");
  BOOST_TEST(pending[0].part == 1);

  must(records->begin());
  must(records->mark_delivered(pending[0].row));
  must(records->mark(pending[1].row, OutboxItem::State::kParked, 3, "400"));
  must(records->mark(pending[2].row, OutboxItem::State::kHeld, 1, "conflict"));
  must(records->commit(core::Sequence{7}));
  for (int round = 0; round < 2; ++round) {
    const auto counts = must(records->outbox_counts(repository));
    BOOST_TEST(counts.pending == 2u);
    BOOST_TEST(counts.parked == 1u);
    BOOST_TEST(counts.held == 1u);
    BOOST_TEST((counts.oldest_pending == at("2026-03-01T10:04:00Z")));
    const auto rest = must(records->pending(repository, 0, 10));
    BOOST_REQUIRE(rest.size() == 3u);
    BOOST_TEST((rest[0].state == OutboxItem::State::kHeld));   // keeps its place
    BOOST_TEST(must(records->pending(repository, rest[1].row, 10)).size() == 1u);
    const auto parked = must(records->parked(repository, 0, 10));
    BOOST_REQUIRE(parked.size() == 1u);
    BOOST_TEST(parked[0].attempts == 3);
    BOOST_TEST(parked[0].last_error == "400");
    BOOST_TEST(must(records->outbox_row(repository, core::Sequence{4}, 1)).value() == rest[1].row);
    BOOST_TEST(!must(records->outbox_row(repository, core::Sequence{1}, 1)).has_value());
    BOOST_TEST(!must(records->outbox_row(archive, core::Sequence{4}, 1)).has_value());
    reopen();
  }
  // Rows go on ascending when the outbox was empty in between.
  must(records->begin());
  const auto rest = must(records->pending(repository, 0, 10));
  for (const auto& item : rest) must(records->mark_delivered(item.row));
  must(records->mark_delivered(must(records->parked(repository, 0, 1)).at(0).row));
  must(records->mark_delivered(must(records->pending(archive, 0, 1)).at(0).row));
  must(records->commit(core::Sequence{8}));
  reopen();
  must(records->begin());
  must(records->enqueue({.destination = repository, .sequence = core::Sequence{9}}));
  must(records->commit(core::Sequence{9}));
  BOOST_TEST(must(records->pending(repository, 0, 1)).at(0).row > 6);
}

BOOST_AUTO_TEST_CASE(readers_see_commits_beside_the_writer_and_cannot_write) {
  put(patient("p1", "1", "Smith"));
  auto reader = must(Records::open_read_only(folder.path(), r4()));
  BOOST_TEST(must(reader->get("Patient", "p1")).has_value());
  must(records->begin());
  put(patient("p2", "2", "Jones"), stamp());
  BOOST_TEST(!must(reader->get("Patient", "p2")).has_value());
  must(records->commit(core::Sequence{2}));
  BOOST_TEST(must(reader->get("Patient", "p2")).has_value());
  BOOST_TEST(must(reader->position()).value() == 2u);
  BOOST_TEST(must(reader->counts()).resources == 2u);
  const auto refused = reader->begin();
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == core::ErrorCode::kRefusedByPolicy));
  BOOST_TEST(!reader->db().run("DELETE FROM resource", {}).has_value());
}

BOOST_AUTO_TEST_CASE(a_busy_chart_larger_than_the_cache_stays_right) {
  // Far more than the cache holds, written twice, every second one changed.
  const std::string padding(40'000, 'x');
  const auto body = [&](int i, int round) {
    return R"({"resourceType":"Basic","id":"b)" + std::to_string(i) + R"(","language":")" +
           std::to_string(i % 2 ? round : 0) + padding + R"("})";
  };
  for (int round = 0; round < 2; ++round) {
    must(records->begin());
    for (int i = 0; i < 600; ++i) put(body(i, round), stamp());
    must(records->commit(core::Sequence{static_cast<std::uint64_t>(round) + 1}));
    document.reset();
  }
  for (int i = 0; i < 600; ++i) {
    const Resource now = must(records->get("Basic", "b" + std::to_string(i))).value();
    BOOST_REQUIRE(now.version == (i % 2 ? 2u : 1u));
    BOOST_REQUIRE(now.body == body(i, 1));
  }
}

BOOST_AUTO_TEST_SUITE_END()
