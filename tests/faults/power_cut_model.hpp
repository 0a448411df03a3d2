#pragma once
#include "op_log.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace faults {

/// A disk that forgets: replays an operation log and can say, at any point, what a power cut there
/// would leave. Blocks are 512 bytes.
class PowerCutModel {
 public:
  enum class Cut {
    kForget,   ///< nothing that was not synced survives
    kTorn,     ///< each unsynced block survives or not, unsynced names up to some point
    kAll,      ///< everything survives: kill -9
  };

  void apply(const OpHead& head, const std::string& payload);
  /// File name -> content after a cut now.
  std::map<std::string, std::string> cut(Cut how, std::mt19937& random) const;
  /// What was acknowledged so far: sequence -> message number.
  const std::map<std::uint64_t, long>& acked() const { return acked_; }
  std::uint64_t syncs() const { return syncs_; }

 private:
  struct Change {
    std::uint64_t index = 0;
    bool truncates = false;
    std::uint64_t offset = 0;
    std::string bytes;
  };
  struct File {
    std::string durable;
    std::vector<Change> pending;
  };
  struct NameChange {
    std::string drop, make;
    std::uint32_t file = 0;
  };
  using Names = std::map<std::string, std::uint32_t>;
  static void change(std::string& content, const Change& change);
  static void change_torn(std::string& content, const Change& change, std::mt19937& random);
  static void change(Names& names, const NameChange& change);

  std::map<std::uint32_t, File> files_;
  Names names_, all_names_;
  std::vector<NameChange> pending_names_;
  std::map<std::uint64_t, std::uint64_t> sync_begins_;
  std::uint64_t changes_ = 0, syncs_ = 0;
  std::map<std::uint64_t, long> acked_;
};

}  // namespace faults
