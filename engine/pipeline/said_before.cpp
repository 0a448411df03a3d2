#include "said_before.hpp"

namespace pipeline {

SaidBefore::Statement SaidBefore::statement(const DraftPrints& prints,
                                            const std::vector<std::size_t>& drafts,
                                            const std::vector<std::string>& ids) {
  if (drafts.size() == 1 && prints.references(drafts.front()).empty()) {
    return prints.print(drafts.front());
  }
  text_.clear();
  for (const std::size_t index : drafts) {
    const Print& print = prints.print(index);
    text_.append(reinterpret_cast<const char*>(&print), sizeof print);
    for (const std::uint32_t other : prints.references(index)) {
      // No id has a '|' or '#' (FHIR: letters, digits, '-' and '.').
      if (other < ids.size()) {
        text_.append(ids[other]) += '|';
      } else {
        (text_ += '#').append(std::to_string(other)) += '|';
      }
    }
  }
  return print_of(text_);
}

bool SaidBefore::same(const std::string& name, std::uint32_t version,
                      const Statement& statement) const {
  const auto known = last_.find(name);
  return known != last_.end() && known->second.version == version &&
         known->second.statement == statement;
}

void SaidBefore::note(const std::string& name, std::uint32_t version,
                      const Statement& statement) {
  if (last_.size() >= kEntriesMax) forget();
  last_.insert_or_assign(name, Last{version, statement});
}

void SaidBefore::forget() { last_.clear(); }

}  // namespace pipeline
