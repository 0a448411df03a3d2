#include <identity/evaluate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace identity {
namespace {

struct Pair {
  double weight = 0;
  std::uint32_t a = 0, b = 0;
  bool same = false;
  GuardSet guards;
};

void rate(Evaluation::At& at, std::uint64_t true_pairs) {
  const auto found = static_cast<double>(at.found);
  const auto all = found + static_cast<double>(at.false_pairs);
  at.precision = all > 0 ? found / all : 1;
  at.recall = true_pairs > 0 ? found / static_cast<double>(true_pairs) : 1;
  const double sum = at.precision + at.recall;
  at.f1 = sum > 0 ? 2 * at.precision * at.recall / sum : 0;
}

std::uint64_t count_true(const std::vector<PersonRow>& a, const std::vector<PersonRow>& b) {
  std::unordered_map<std::string, std::uint64_t> of;
  std::uint64_t pairs = 0;
  for (const PersonRow& row : b.empty() ? a : b) {
    const std::uint64_t before = of[row.entity]++;
    if (b.empty()) pairs += before;
  }
  if (b.empty()) return pairs;
  for (const PersonRow& row : a) {
    const auto known = of.find(row.entity);
    if (known != of.end()) pairs += known->second;
  }
  return pairs;
}

std::vector<Pair> weigh_pairs(MpiIndex& index, const std::vector<PersonRow>& a,
                              const std::vector<PersonRow>& b) {
  const std::vector<PersonRow>& kept = b.empty() ? a : b;
  for (std::size_t i = 0; i < kept.size(); ++i) index.put(std::to_string(i), kept[i].person);
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    MpiIndex::Options options;
    options.count = kept.size();
    for (const Match& match : index.search(a[i].person, options)) {
      const auto other = static_cast<std::size_t>(std::stoul(match.id));
      if (b.empty() && other <= i) continue;
      pairs.push_back({match.weight, static_cast<std::uint32_t>(i),
                       static_cast<std::uint32_t>(other), a[i].entity == kept[other].entity,
                       match.guards});
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& x, const Pair& y) {
    if (x.weight != y.weight) return x.weight > y.weight;
    return x.a != y.a ? x.a < y.a : x.b < y.b;
  });
  return pairs;
}

using List = std::vector<std::pair<std::string, std::string>>;
void note(List& list, const std::vector<PersonRow>& a, const std::vector<PersonRow>& kept,
          const Pair& pair) {
  if (list.size() < kPairsListedMax) list.emplace_back(a[pair.a].id, kept[pair.b].id);
}

/// True pairs that stay below the threshold, also those no blocking key brought together.
List missed(const std::vector<PersonRow>& a, const std::vector<PersonRow>& b,
            const std::vector<Pair>& pairs, double threshold) {
  const std::vector<PersonRow>& kept = b.empty() ? a : b;
  std::unordered_map<std::uint64_t, bool> found;
  for (const Pair& pair : pairs) {
    if (pair.same && pair.weight >= threshold) {
      found[static_cast<std::uint64_t>(pair.a) << 32 | pair.b] = true;
    }
  }
  std::unordered_map<std::string, std::vector<std::size_t>> of;
  for (std::size_t i = 0; i < kept.size(); ++i) of[kept[i].entity].push_back(i);
  List list;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto same = of.find(a[i].entity);
    if (same == of.end()) continue;
    for (std::size_t other : same->second) {
      if ((b.empty() && other <= i) ||
          found.contains(static_cast<std::uint64_t>(i) << 32 | other)) {
        continue;
      }
      if (list.size() < kPairsListedMax) list.emplace_back(a[i].id, kept[other].id);
    }
  }
  return list;
}

std::string at_json(const Evaluation::At& at) {
  return fmt::format("\"threshold\":{:.2f},\"precision\":{:.6f},\"recall\":{:.6f},\"f1\":{:.6f},"
                     "\"true_pairs_found\":{},\"false_pairs\":{}",
                     at.threshold, at.precision, at.recall, at.f1, at.found, at.false_pairs);
}

}  // namespace

Evaluation evaluate(std::shared_ptr<const Model> model, const std::vector<PersonRow>& a,
                    const std::vector<PersonRow>& b) {
  const std::vector<PersonRow>& kept = b.empty() ? a : b;
  MpiIndex index(model);
  const std::vector<Pair> pairs = weigh_pairs(index, a, b);
  Evaluation out;
  out.records = a.size() + b.size();
  out.compared = index.comparisons();
  out.true_pairs = count_true(a, b);
  out.automatic.threshold = out.unattended.threshold = model->auto_link;
  Evaluation::At running;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    ++(pair.same ? running.found : running.false_pairs);
    if (pair.weight >= model->auto_link) {
      ++(pair.same ? out.automatic.found : out.automatic.false_pairs);
      if (!pair.same) note(out.false_list, a, kept, pair);
      for (Guard guard : pair.guards.list()) ++out.held[std::string(to_text(guard))];
      if (pair.guards.empty()) {
        ++(pair.same ? out.unattended.found : out.unattended.false_pairs);
        if (!pair.same) note(out.false_links, a, kept, pair);
      }
    }
    // A threshold cannot part pairs of equal weight.
    if (i + 1 < pairs.size() && pairs[i + 1].weight == pair.weight) continue;
    running.threshold = pair.weight;
    rate(running, out.true_pairs);
    if (running.f1 > out.best.f1) out.best = running;
  }
  rate(out.automatic, out.true_pairs);
  rate(out.unattended, out.true_pairs);
  out.missed_list = missed(a, b, pairs, model->auto_link);
  return out;
}

std::string to_json(const Evaluation& of) {
  std::string held;
  for (const auto& [guard, count] : of.held) {
    held += fmt::format("{}\"{}\":{}", held.empty() ? "" : ",", guard, count);
  }
  return fmt::format(
      "{{\"records\":{},\"true_pairs\":{},\"pairs_compared\":{},{},\"best_f1\":{{{}}},"
      "\"unattended\":{{{}}},\"held\":{{{}}}}}",
      of.records, of.true_pairs, of.compared, at_json(of.automatic), at_json(of.best),
      at_json(of.unattended), held);
}

}  // namespace identity
