#pragma once
#include <core/result.hpp>
#include <identity/mpi_index.hpp>
#include <identity/person.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace identity {

/// Finds people for whoever asks beside the applier: an index of its own over a read-only
/// connection, made at the first question and brought up to date at each later one by the versions
/// written since. Costs the memory of an MpiIndex once somebody asks. Thread: any, one at a time
/// (it locks).
class Matcher {
 public:
  using Open = std::function<core::Result<std::unique_ptr<store::Records>>()>;
  Matcher(Open open, std::shared_ptr<const Model> model);

  /// Best first. A record that carries one of the person's own numbers, same authority and value,
  /// is certain, and is found by it alone.
  core::Result<std::vector<Match>> find(const Person& person, std::size_t count);

 private:
  core::Status follow();
  core::Status take(const std::string& id);
  core::Status find_by_number(const Person& person, std::vector<Match>& matches);

  Open open_;
  std::shared_ptr<const Model> model_;
  std::mutex mutex_;
  std::unique_ptr<store::Records> records_;
  std::unique_ptr<MpiIndex> index_;
  std::int64_t seen_ = 0;   ///< row of the newest version in the index
};

/// Surviving Patients of the person known under a number: its Patient, and those tied to it.
core::Result<std::vector<std::string>> persons_numbered(store::Records& records,
                                                        const std::string& system,
                                                        const std::string& value);

}  // namespace identity
