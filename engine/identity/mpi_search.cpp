// Searching the index: candidates by blocking key, their comparison, the decision.
#include <algorithm>

#include "mpi_index_impl.hpp"

namespace identity {
namespace {

bool better(const Match& a, const Match& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
}

/// Another given name and another birth date: someone of the same household, no case for review.
bool is_relative(const Match& match) {
  return match.detail.level(Field::kGiven) == Level::kDiffer &&
         match.detail.level(Field::kBirthDate) == Level::kDiffer &&
         !match.detail.agrees(Field::kNationalId);
}

}  // namespace

void MpiIndex::Impl::collect(const Features& arrival, std::vector<std::uint32_t>& out,
                             std::unordered_map<std::uint32_t, std::uint32_t>& blocks_of) {
  const std::size_t keys = model->keys.size();
  for (std::size_t key = 0; key < keys; ++key) {
    const std::uint64_t hash = block_hash(*model, key, arrival);
    if (hash == 0) continue;
    const BlockTable::Block block = blocks.find(hash);
    // A block that large says nothing ("same day, same ward"); the other keys still find its
    // people.
    if (block.count > model->block_persons_max) continue;
    for (std::uint32_t node = block.head; node != kNone; node = next[node]) {
      const auto face = static_cast<std::uint32_t>(node / keys);
      if (seen[face] != search_number) {
        seen[face] = search_number;
        out.push_back(face);
      }
      blocks_of[faces[face].person] |= 1u << key;
    }
  }
}

std::vector<Match> MpiIndex::search(const Person& person, const Options& options) {
  Impl& self = *impl_;
  const Model& model = *self.model;
  std::unordered_map<std::uint32_t, Impl::Found> found;
  std::unordered_map<std::uint32_t, std::uint32_t> blocks_of;
  std::vector<std::uint32_t> candidates;
  for (Face& face : make_faces(person, model)) {
    ++self.search_number;
    if (self.shared_id(face.national_id)) face.national_id = 0;
    const Features arrival = self.features(face);
    candidates.clear();
    self.collect(arrival, candidates, blocks_of);
    for (std::uint32_t candidate : candidates) {
      const Features other = self.features(self.faces[candidate]);
      const Comparison detail =
          compare(model, arrival, other, static_cast<double>(self.count));
      ++self.compared;
      if (detail.weight < options.weight_min) continue;
      Impl::Found& best = found[self.faces[candidate].person];
      if (best.compared && best.detail.weight >= detail.weight) continue;
      best = {detail, guards_of(model, arrival, other, detail), 0, true};
    }
  }
  std::vector<Match> out;
  for (const auto& [place, one] : found) {
    const StoredPerson& stored = self.people[place];
    Match match{std::string(self.ids.text(stored.id)), one.detail.weight,
                posterior(model, one.detail.weight), Grade::kCertainlyNot, one.guards, one.detail,
                blocks_of[place]};
    if (match.id == options.except) continue;
    if (self.same_authority(stored, person)) match.guards.add(Guard::kSameAuthority);
    if (options.not_the_same && options.not_the_same(match.id)) {
      match.guards.add(Guard::kNotTheSame);
    }
    match.grade = grade_of(model, match.weight, match.guards);
    out.push_back(std::move(match));
  }
  std::sort(out.begin(), out.end(), better);
  if (out.size() > options.count) out.resize(options.count);
  return out;
}

bool MpiIndex::Impl::shared_id(std::uint64_t national_id) const {
  if (national_id == 0) return false;
  Features alone;
  alone.national_id = national_id;
  for (std::size_t key = 0; key < model->keys.size(); ++key) {
    if (model->keys[key].parts != std::vector{KeyPart::kNationalId}) continue;
    return blocks.find(block_hash(*model, key, alone)).count > model->national_id_shared_max;
  }
  return false;
}

Decision MpiIndex::decide(const Person& person, const Options& options) {
  Options from = options;
  from.weight_min = std::max(options.weight_min, impl_->model->review);
  Decision decision;
  decision.matches = search(person, from);
  std::erase_if(decision.matches, [](const Match& match) {
    return match.grade == Grade::kCertainlyNot || is_relative(match);
  });
  if (decision.matches.empty()) return decision;
  decision.kind = Decision::Kind::kReview;
  const auto links = [&](const Match& match) {
    return match.weight >= impl_->model->auto_link && match.guards.empty();
  };
  const auto linking = std::count_if(decision.matches.begin(), decision.matches.end(), links);
  if (linking == 1) {
    decision.kind = Decision::Kind::kLink;
    decision.linked = static_cast<std::size_t>(
        std::find_if(decision.matches.begin(), decision.matches.end(), links) -
        decision.matches.begin());
  } else if (linking > 1) {
    for (Match& match : decision.matches) {
      if (!links(match)) continue;
      match.guards.add(Guard::kAmbiguous);
      match.grade = grade_of(*impl_->model, match.weight, match.guards);
    }
  }
  return decision;
}

Match MpiIndex::compare_pair(const Person& a, const Person& b) {
  Impl& self = *impl_;
  const Model& model = *self.model;
  Match best;
  bool first = true;
  for (const Face& x : make_faces(a, model)) {
    for (const Face& y : make_faces(b, model)) {
      const Features fx = self.features(x);
      const Features fy = self.features(y);
      const Comparison detail = compare(model, fx, fy, static_cast<double>(self.count));
      ++self.compared;
      if (!first && detail.weight <= best.weight) continue;
      first = false;
      best = {{}, detail.weight, posterior(model, detail.weight), Grade::kCertainlyNot,
              guards_of(model, fx, fy, detail), detail, 0};
    }
  }
  best.grade = grade_of(model, best.weight, best.guards);
  return best;
}

}  // namespace identity
