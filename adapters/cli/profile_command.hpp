#pragma once
#include "command.hpp"
#include "profile.hpp"

namespace cli {

/// Runs `profile`: learns from files or from a feed's stored messages; writes the profile, or holds
/// it against a former one and lists the drift (exit 1).
void run_profile(const ProfileOptions& options, Context& context);

}  // namespace cli
