#include "outlook.hpp"

#include "carried.hpp"
#include "lifecycle.hpp"

namespace him {

core::Result<std::unique_ptr<Outlook>> Outlook::of(store::Records& records, const Site& site) {
  std::unique_ptr<Outlook> out(new Outlook(records, site));
  auto away = absences_by_owner(records.db());
  if (!away) return core::fail(away.error());
  out->absences_ = std::move(*away);
  if (auto done = out->providers_.load(); !done) return core::fail(done.error());
  Carried carried(records.db(), site);
  const auto brought = carried.site();
  if (!brought) return core::fail(brought.error());
  out->brought_ = **brought;
  return out;
}

Circumstances Outlook::at(core::Instant now, const RulePack& pack) {
  const auto [terms, is_new] = terms_.try_emplace(&pack);
  if (is_new) terms->second = terms_of(pack.impl().rules, brought_);
  Circumstances out;
  out.pack = &pack;
  out.terms = &terms->second;
  out.absences = &absences_;
  out.providers = &providers_;
  out.zone = &site_.zone;
  out.now = now;
  return out;
}

}  // namespace him
