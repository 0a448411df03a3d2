#include "said_before.hpp"

#include <core/text.hpp>
#include <fhir/json.hpp>

namespace pipeline {

std::string SaidBefore::statement(const mapping::MapOutput& output,
                                  const std::vector<std::size_t>& drafts,
                                  const std::vector<std::string>& ids) {
  std::string text;
  for (const std::size_t index : drafts) {
    const mapping::Draft& draft = output.drafts[index];
    text += std::to_string(draft.map_rule) + " ";
    fhir::write_json(draft.root, text);
  }
  // Numbers of drafts mean another resource in another message.
  constexpr std::string_view kMark = "\"\\u0001";
  const std::size_t end = text.size();
  for (std::size_t at = text.find(kMark); at < end; at = text.find(kMark, at + 1)) {
    const std::string_view rest = std::string_view(text).substr(at + kMark.size());
    const auto number = core::to_int(rest.substr(0, rest.find('"')));
    if (!number || *number < 0 || static_cast<std::size_t>(*number) >= ids.size()) continue;
    text += " " + ids[static_cast<std::size_t>(*number)];
  }
  return text;
}

bool SaidBefore::same(const std::string& name, std::uint32_t version,
                      std::string_view statement) const {
  const auto known = last_.find(name);
  return known != last_.end() && known->second.version == version &&
         known->second.statement == statement;
}

void SaidBefore::note(const std::string& name, std::uint32_t version, std::string statement) {
  bytes_ += name.size() + statement.size() + sizeof(Last);
  if (last_.size() >= kEntriesMax || bytes_ > kBytesMax) {
    forget();
    bytes_ = name.size() + statement.size() + sizeof(Last);
  }
  Last& last = last_[name];
  bytes_ -= last.statement.size();
  last = {version, std::move(statement)};
}

void SaidBefore::forget() {
  last_.clear();
  bytes_ = 0;
}

}  // namespace pipeline
