#pragma once
#include <him/deficiency.hpp>
#include <store/db.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rule.hpp"

namespace him {

/// What is known of the feeds that rules need: when each was last heard, and how far behind it was.
/// A weekend's outage must not suspend a surgeon. Thread: the one of its Db.
class FeedWatch {
 public:
  FeedWatch(store::Db& db, const Site& site) : db_(db), site_(site) {}

  core::Status heard(std::string_view feed, const Cause& cause);
  /// Whether what the clock would do for this rule must wait: a feed it needs has been silent for
  /// longer than it ever should, or is working through a backlog that begins before `due`.
  bool holds_back(const Rule& rule, std::optional<core::Instant> due, core::Instant now);

 private:
  struct Last {
    core::Instant received{}, event{}, saved{};
  };
  void load();

  store::Db& db_;
  const Site& site_;
  bool loaded_ = false;
  std::map<std::string, Last, std::less<>> last_;
};

}  // namespace him
