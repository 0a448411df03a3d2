#pragma once
#include <core/result.hpp>
#include <him/deficiency.hpp>
#include <store/db.hpp>

#include <string_view>

namespace him {

/// Which message types feeds bring. A feed that declares none brings patients and documents (ADT,
/// MDM: without them there is no chart to keep), and of the others what it was seen to bring at
/// least once: nobody is accused of a missing order where orders never arrive. What was seen is
/// kept in the records, so a rebuild comes to the same end. Thread: the one of its Db.
class Carried {
 public:
  Carried(store::Db& db, Site declared) : db_(db), declared_(std::move(declared)) {}

  /// The site with what its feeds bring filled in; read from the records once.
  core::Result<const Site*> site();
  /// A message came. @return whether its type was news.
  core::Result<bool> heard(std::string_view feed, std::string_view type);
  /// The transaction was undone.
  void forget() { loaded_ = false; }

 private:
  store::Db& db_;
  const Site declared_;
  Site site_;
  bool loaded_ = false;
};

}  // namespace him
