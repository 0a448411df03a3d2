#pragma once
#include <core/clock.hpp>
#include <him/deficiency.hpp>
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>
#include <store/records.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.hpp"
#include "him_actions.hpp"

namespace cli {

/// Configuration, rules and records of a store that is looked at.
struct View {
  pipeline::EngineConfig config;
  std::shared_ptr<const pipeline::Knowledge> knowledge;
  std::unique_ptr<store::Records> records;
  him::Site site;
  core::Instant now{};
};

/// nullopt after printing why; `context.exit` is set.
std::optional<View> look(const HimArguments& arguments, Context& context);

template <class T>
bool failed(const core::Result<T>& result) {
  if (!result) complain(result.error().text());
  return !result.has_value();
}

/// The same; context.exit says whether it was the asking that was wrong.
template <class T>
bool failed(const core::Result<T>& result, Context& context) {
  if (result) return false;
  const bool asked = result.error().code == core::ErrorCode::kBadRequest ||
                     result.error().code == core::ErrorCode::kNotFound;
  context.exit = asked ? kUsage : kUnreachable;
  complain(asked ? result.error().detail : result.error().text());
  return true;
}

/// To the minute in the site's own time, "-" for none.
std::string when(const std::optional<core::Instant>& at, const View& view);
std::string login();
/// A JSON object of the members that have a value.
std::string order_json(const std::vector<std::pair<std::string, std::string>>& fields);
/// @return whether the engine took it; context.exit says why not.
bool send_order(const pipeline::EngineConfig& config, const std::string& json, Context& context);

}  // namespace cli
