#include <identity/mpi.hpp>

#include <core/micros.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <identity/patient.hpp>

#include <array>
#include <chrono>
#include <cmath>

namespace identity {
namespace {

using core::ErrorCode;
using core::instant;
using core::micros;

constexpr std::array<std::string_view, 5> kStates = {"open", "linked", "merged", "not-the-same",
                                                     "later"};
constexpr std::string_view kByItself = "auto";

std::int64_t number(core::Sequence sequence) {
  return static_cast<std::int64_t>(sequence.value());
}

/// The stored state of a pair named in either order.
core::Result<std::optional<PairState>> state_of(store::Db& db, std::string_view a,
                                                std::string_view b) {
  std::optional<PairState> found;
  auto status = db.query(
      "SELECT state FROM mpi_pair WHERE (patient = ?1 AND other = ?2)"
      " OR (patient = ?2 AND other = ?1)",
      {a, b}, [&](const store::Row& row) {
        found = static_cast<PairState>(row.integer(0));
        return false;
      });
  if (!status) return core::fail(status.error());
  return found;
}

}  // namespace

std::string_view to_text(PairState state) { return kStates[static_cast<std::size_t>(state)]; }

std::optional<PairState> pair_state_of(std::string_view text) {
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (kStates[i] == text) return static_cast<PairState>(i);
  }
  return std::nullopt;
}

core::Result<std::vector<Pair>> list_pairs(store::Records& records, bool all, std::size_t limit) {
  std::vector<Pair> pairs;
  auto status = records.db().query(
      "SELECT patient, other, state, weight, guards, blocks, fields, sequence, found, decided_by,"
      " proposed_by, survivor FROM mpi_pair WHERE ?2 = 1 OR state IN (0, 4)"
      " ORDER BY weight DESC, patient, other LIMIT ?1",
      {static_cast<std::int64_t>(limit), std::int64_t{all}}, [&](const store::Row& row) {
        Pair pair;
        pair.patient = std::string(row.text(0));
        pair.other = std::string(row.text(1));
        pair.state = static_cast<PairState>(row.integer(2));
        pair.weight = static_cast<double>(row.integer(3)) / 1000;
        pair.guards = GuardSet::of_bits(static_cast<std::uint32_t>(row.integer(4)));
        pair.blocks = static_cast<std::uint32_t>(row.integer(5));
        pair.fields = std::string(row.text(6));
        pair.sequence = core::Sequence{static_cast<std::uint64_t>(row.integer(7))};
        pair.found = instant(row.integer(8));
        pair.decided_by = std::string(row.text(9));
        pair.proposed_by = std::string(row.text(10));
        pair.survivor = std::string(row.text(11));
        pairs.push_back(std::move(pair));
        return true;
      });
  if (!status) return core::fail(status.error());
  return pairs;
}

core::Status may_decide(store::Records& records, std::string_view patient,
                        std::string_view other) {
  auto known = state_of(records.db(), patient, other);
  if (!known) return core::fail(known.error());
  if (!*known) return core::fail(ErrorCode::kNotFound, "there is no such pair");
  // Each names the other in its Patient.link by now: that is undone by its own command.
  if (**known == PairState::kMerged || **known == PairState::kLinked) {
    return core::fail(ErrorCode::kConflict, "the pair is linked or merged already");
  }
  return {};
}

core::Status may_unlink(store::Records& records, std::string_view patient, std::string_view other) {
  auto known = state_of(records.db(), patient, other);
  if (!known) return core::fail(known.error());
  if (!*known || **known != PairState::kLinked) {
    return core::fail(ErrorCode::kNotFound, "the two are not linked");
  }
  return {};
}

core::Status decide_pair(store::Records& records, std::string_view patient, std::string_view other,
                         PairState state, std::string_view by, core::Sequence sequence,
                         core::Instant at) {
  auto allowed = may_decide(records, patient, other);
  // A merge goes further than a link, so it may follow one.
  const bool merge = state == PairState::kMerged && !allowed &&
                     allowed.error().code == ErrorCode::kConflict;
  if (!allowed && !merge) return allowed;
  return records.db().run(
      "UPDATE mpi_pair SET state = ?3, decided_sequence = ?4, decided = ?5, decided_by = ?6"
      " WHERE (patient = ?1 AND other = ?2) OR (patient = ?2 AND other = ?1)",
      {patient, other, static_cast<std::int64_t>(state), number(sequence), micros(at), by});
}

core::Result<bool> may_merge(store::Records& records, std::string_view patient,
                             std::string_view other, std::string_view survivor,
                             std::string_view by) {
  auto known = state_of(records.db(), patient, other);
  if (!known) return core::fail(known.error());
  if (!*known || **known == PairState::kMerged) {
    return core::fail(ErrorCode::kNotFound, "there is no such pair, or it is merged already");
  }
  if (survivor != patient && survivor != other) {
    return core::fail(ErrorCode::kNotFound, "the survivor of a merge is one of the pair");
  }
  std::string proposer, keeps;
  auto status = records.db().query(
      "SELECT proposed_by, survivor FROM mpi_pair WHERE (patient = ?1 AND other = ?2)"
      " OR (patient = ?2 AND other = ?1)",
      {patient, other}, [&](const store::Row& row) {
        proposer = std::string(row.text(0));
        keeps = std::string(row.text(1));
        return false;
      });
  if (!status) return core::fail(status.error());
  if (proposer.empty()) return false;
  if (core::ascii_lower(proposer) == core::ascii_lower(by)) {
    return core::fail(ErrorCode::kRefusedByPolicy, "a second person must approve a merge");
  }
  if (keeps != survivor) {
    return core::fail(ErrorCode::kConflict, "the merge that was proposed keeps the other one");
  }
  return true;
}

core::Status propose_merge(store::Records& records, std::string_view patient,
                           std::string_view other, std::string_view survivor,
                           std::string_view by) {
  return records.db().run(
      "UPDATE mpi_pair SET proposed_by = ?3, survivor = ?4"
      " WHERE (patient = ?1 AND other = ?2) OR (patient = ?2 AND other = ?1)",
      {patient, other, by, survivor});
}

core::Status part_pair(store::Records& records, std::string_view patient, std::string_view other,
                       std::string_view by, core::Sequence sequence, core::Instant at) {
  auto known = state_of(records.db(), patient, other);
  if (!known) return core::fail(known.error());
  const auto state = static_cast<std::int64_t>(PairState::kNotTheSame);
  if (*known) {
    return records.db().run(
        "UPDATE mpi_pair SET state = ?3, decided_sequence = ?4, decided = ?5, decided_by = ?6,"
        " proposed_by = '', survivor = ''"
        " WHERE (patient = ?1 AND other = ?2) OR (patient = ?2 AND other = ?1)",
        {patient, other, state, number(sequence), micros(at), by});
  }
  return records.db().run(
      "INSERT INTO mpi_pair (patient, other, state, weight, guards, blocks, fields, sequence,"
      " found, decided_sequence, decided, decided_by)"
      " VALUES (?1, ?2, ?3, 0, 0, 0, '{}', ?4, ?5, ?4, ?5, ?6)",
      {patient, other, state, number(sequence), micros(at), by});
}

core::Status note_rival(store::Records& records, std::string_view patient, std::string_view other,
                        core::Sequence sequence, core::Instant at) {
  auto known = state_of(records.db(), patient, other);
  if (!known) return core::fail(known.error());
  if (*known) return {};
  GuardSet one_authority;
  one_authority.add(Guard::kSameAuthority);
  return records.db().run(
      "INSERT INTO mpi_pair (patient, other, state, weight, guards, blocks, fields, sequence,"
      " found, decided_sequence, decided, decided_by)"
      " VALUES (?1, ?2, 0, 0, ?3, 0, '{}', ?4, ?5, 0, 0, '')",
      {patient, other, static_cast<std::int64_t>(one_authority.bits()), number(sequence),
       micros(at)});
}

core::Result<Rates> rates(store::Records& records) {
  Rates out;
  store::Db& db = records.db();
  const auto count = [&](std::string_view sql, std::uint64_t& into) {
    return db.query(sql, {}, [&](const store::Row& row) {
      into = static_cast<std::uint64_t>(row.integer(0));
      return false;
    });
  };
  GuardSet one_authority;   // which kind of defect a pair is
  one_authority.add(Guard::kSameAuthority);
  const auto same = static_cast<std::int64_t>(one_authority.bits());
  auto status = count(
      "SELECT COUNT(*) FROM resource r JOIN word w ON w.number = r.type WHERE w.text = 'Patient'"
      " AND r.deleted = 0 AND NOT EXISTS (SELECT 1 FROM patient_redirect p WHERE p.retired = r.id)",
      out.patients);
  if (status) {
    status = count("SELECT COUNT(*) FROM mpi_pair WHERE state IN (0, 4)", out.open_pairs);
  }
  if (status) {
    status = count("SELECT COUNT(*) FROM mpi_pair WHERE state = 1", out.linked);
  }
  for (const bool duplicate : {true, false}) {
    if (!status) break;
    status = db.query(
        "SELECT COUNT(*) FROM (SELECT patient FROM mpi_pair WHERE state IN (0, 4) AND"
        " (guards & ?1 <> 0) = ?2 UNION SELECT other FROM mpi_pair WHERE state IN (0, 4) AND"
        " (guards & ?1 <> 0) = ?2)",
        {same, std::int64_t{duplicate}}, [&](const store::Row& row) {
          (duplicate ? out.duplicates : out.overlaps) = static_cast<std::uint64_t>(row.integer(0));
          return false;
        });
  }
  if (!status) return core::fail(status.error());
  return out;
}

Mpi::Mpi(store::Records& records, std::shared_ptr<const Model> model)
    : records_(records), index_(std::move(model)) {}

core::Status Mpi::start() { return load_index(records_, index_); }

void Mpi::touch(std::string_view id, const fhir::Node& patient) {
  touched_.emplace_back(id);
  if (is_replaced(patient)) {
    index_.remove(id);
  } else {
    index_.put(id, person_of(patient));
  }
}

core::Result<std::string> Mpi::arrived(std::string_view id, const fhir::Node& patient, Mode mode,
                                       core::Sequence sequence, core::Instant at) {
  if (mode == Mode::kOff || is_replaced(patient)) return std::string();
  core::Status failed;
  MpiIndex::Options options;
  options.count = kPairsAnArrivalMax;
  options.except = id;
  options.not_the_same = [&](std::string_view other) {
    auto known = state_of(records_.db(), id, other);
    if (!known) failed = core::fail(known.error());
    return known && *known == PairState::kNotTheSame;
  };
  const Decision decision = index_.decide(person_of(patient), options);
  if (!failed) return core::fail(failed.error());
  std::string linked;
  for (std::size_t i = 0; i < decision.matches.size(); ++i) {
    const Match& match = decision.matches[i];
    const bool link = mode == Mode::kLink && decision.kind == Decision::Kind::kLink &&
                      i == decision.linked;
    auto stored = store(id, match, link ? PairState::kLinked : PairState::kOpen, sequence, at);
    if (!stored) return core::fail(stored.error());
    if (link) linked = match.id;
  }
  return linked;
}

core::Status Mpi::rival(std::string_view id, const fhir::Node& patient, std::string_view other,
                        core::Sequence sequence, core::Instant at) {
  auto found = records_.get("Patient", other);
  if (!found) return core::fail(found.error());
  if (!*found || (*found)->deleted) return {};
  fhir::Document document;
  auto tree = fhir::parse_json((*found)->body, document);
  if (!tree) return core::fail(ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
  Match match = index_.compare_pair(person_of(patient), person_of(**tree));
  match.id = std::string(other);
  match.guards.add(Guard::kSameAuthority);
  match.grade = grade_of(index_.model(), match.weight, match.guards);
  return store(id, match, PairState::kOpen, sequence, at);
}

core::Status Mpi::store(std::string_view id, const Match& match, PairState state,
                        core::Sequence sequence, core::Instant at) {
  auto known = state_of(records_.db(), id, match.id);
  if (!known) return core::fail(known.error());
  if (*known) return {};   // found before, and perhaps decided
  const bool decided = state == PairState::kLinked;
  const std::string fields = to_json(match);
  return records_.db().run(
      "INSERT INTO mpi_pair (patient, other, state, weight, guards, blocks, fields, sequence,"
      " found, decided_sequence, decided, decided_by)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
      {id, std::string_view(match.id), static_cast<std::int64_t>(state),
       static_cast<std::int64_t>(std::llround(match.weight * 1000)),
       static_cast<std::int64_t>(match.guards.bits()), static_cast<std::int64_t>(match.blocks),
       std::string_view(fields), number(sequence), micros(at), decided ? number(sequence) : 0,
       decided ? micros(at) : 0, decided ? kByItself : std::string_view()});
}

void Mpi::savepoint() { savepoint_ = touched_.size(); }
void Mpi::committed() {
  touched_.clear();
  savepoint_ = 0;
}

core::Status Mpi::undo_to_savepoint() { return reread(savepoint_); }
core::Status Mpi::undo_all() { return reread(0); }

core::Status Mpi::reread(std::size_t from) {
  fhir::Document document;
  for (std::size_t i = from; i < touched_.size(); ++i) {
    auto found = records_.get("Patient", touched_[i]);
    if (!found) return core::fail(found.error());
    if (!*found || (*found)->deleted) {
      index_.remove(touched_[i]);
      continue;
    }
    document.reset();
    auto tree = fhir::parse_json((*found)->body, document);
    if (!tree) return core::fail(ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
    if (is_replaced(**tree)) {
      index_.remove(touched_[i]);
    } else {
      index_.put(touched_[i], person_of(**tree));
    }
  }
  touched_.resize(from);
  savepoint_ = from;
  return {};
}

}  // namespace identity
