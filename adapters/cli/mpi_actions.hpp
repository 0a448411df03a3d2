#pragma once
#include <string>

#include "command.hpp"

namespace cli {

/// What the commands around merges and their undoing were asked for.
struct MpiOrder {
  ConfigOptions config;
  std::string patient, other, decision, by, survivor, reason, item, to;
  std::uint64_t sequence = 0;
  bool all = false;
};

/// A decision on a pair of the queue, by the running engine.
void mpi_decide(const MpiOrder& order, Context& context);
/// Takes a merge back, by the running engine; prints its number and what is left to look at.
void mpi_unmerge(const MpiOrder& order, Context& context);
/// Merges that were taken back; with a sequence, the resources one of them left in doubt.
void mpi_unmerges(const MpiOrder& order, Context& context);
void mpi_settle(const MpiOrder& order, Context& context);
/// The messages by which other systems can follow an unmerge, ER7 one after the other.
void mpi_repair(const MpiOrder& order, Context& context);
/// Messages held by the overlay guard, both sides of each.
void mpi_conflicts(const MpiOrder& order, Context& context);
/// Accepts or rejects one, by the running engine.
void mpi_conflict(const MpiOrder& order, Context& context);
void mpi_rates(const MpiOrder& order, Context& context);

}  // namespace cli
