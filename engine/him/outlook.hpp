#pragma once
#include <core/clock.hpp>
#include <him/deficiency.hpp>
#include <store/records.hpp>

#include <map>
#include <memory>
#include <vector>

#include "judge.hpp"
#include "provider_index.hpp"

namespace him {

/// What charts are judged by when somebody looks, as the records have it: absences, the ids of each
/// doctor, what feeds bring. `records` and `site` outlive it. Thread: the one of the records.
class Outlook {
 public:
  static core::Result<std::unique_ptr<Outlook>> of(store::Records& records, const Site& site);

  /// Good as long as this and `pack` live.
  Circumstances at(core::Instant now, const RulePack& pack);
  const ProviderIndex& providers() const { return providers_; }

 private:
  Outlook(store::Records& records, const Site& site) : site_(site), providers_(records.db()) {}

  const Site& site_;
  Site brought_;   ///< with what its feeds bring
  Absences absences_;
  ProviderIndex providers_;
  std::map<const RulePack*, std::vector<Terms>> terms_;
};

}  // namespace him
