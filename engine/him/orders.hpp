#pragma once
#include <fhir/node.hpp>
#include <him/command.hpp>
#include <store/db.hpp>

#include <functional>
#include <string_view>
#include <vector>

#include "chart_store.hpp"
#include "lifecycle.hpp"

namespace him {

/// Carries out the department's decisions (him/command.hpp). What an order names and no longer
/// finds is passed over: a journal is replayed as it is. Thread: the one of its Db.
class Orders {
 public:
  /// Charts to judge again: patient, Encounter id.
  using Mark = std::function<void(std::string_view, std::string_view)>;

  Orders(store::Db& db, ChartStore& charts, Lifecycle& life)
      : db_(db), charts_(charts), life_(life) {}

  core::Status carry_out(const fhir::Node& order, const Cause& cause, const Mark& mark,
                         std::vector<Change>& changes);

 private:
  core::Status decide(const fhir::Node& order, const Cause& cause, const Mark& mark,
                      std::vector<Change>& changes);
  core::Status assign(const fhir::Node& order, const Cause& cause, const Mark& mark,
                      std::vector<Change>& changes);
  core::Status absent(const fhir::Node& order, const Cause& cause, const Mark& mark);
  core::Status not_absent(const fhir::Node& order, const Cause& cause, const Mark& mark);
  core::Status judge_again(std::string_view owner, const Mark& mark);
  core::Status reviewed(const fhir::Node& order, const Cause& cause, const Mark& mark);
  core::Status join(const fhir::Node& order, const Cause& cause, const Mark& mark);
  core::Status review(const fhir::Node& order, const Cause& cause);
  std::string owner_of(const fhir::Node& order) const;
  void give_to(const fhir::Node& order, Deficiency& one) const;
  core::Status letters_sent(const fhir::Node& order, const Cause& cause);

  store::Db& db_;
  ChartStore& charts_;
  Lifecycle& life_;
};

}  // namespace him
