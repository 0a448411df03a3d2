#pragma once
#include <identity/person.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cli::bench {

/// People made up for measuring: names and towns as unevenly spread as real ones (the commonest
/// family name 1 in 100, the largest town 1 in 8), households of one to five at one address. The
/// same number always makes the same person.
class MpiWorld {
 public:
  MpiWorld();
  identity::Person person(std::uint64_t number) const;
  /// The same person as another clerk would enter them: one or two slips.
  identity::Person entered_again(std::uint64_t number) const;

 private:
  std::vector<std::string> given_, family_, street_, city_;
};

}  // namespace cli::bench
