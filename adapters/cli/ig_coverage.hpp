#pragma once
#include <core/result.hpp>
#include <mapping/inspect.hpp>

#include <map>
#include <string>
#include <vector>

#include "ig_evidence.hpp"
#include "ig_tables.hpp"

namespace cli::ig {

/// What becomes of a row of the official tables.
enum class Verdict {
  kCarried,       ///< a message made a rule write that element from that source
  kCorrected,     ///< the same, with another constant, or where `as:` says, than the table has
  kDeclined,      ///< DECLINED.yaml names it, with the reason
  kUnaccounted,
};

/// An entry of a DECLINED.yaml.
struct Declined {
  std::string table;
  std::vector<std::string> fields;   ///< "*" for all; of code tables the codes
  std::string target;                ///< part of the row's target or assignment; empty: any
  std::string row;                   ///< of message tables
  std::string as;                    ///< where the value is carried instead, to be proved
  std::string reason;
  std::string file;
  int line = 0;
  std::size_t matched = 0, needed = 0;   ///< rows it fits; of these, rows not carried anyway
};

/// Reads every DECLINED.yaml below a folder. Errors: kBadYaml, kBadMapping with the place.
core::Result<std::vector<Declined>> read_declined(const std::string& directory);

struct Judged {
  const Row* row = nullptr;
  Verdict verdict = Verdict::kUnaccounted;
  std::string note;          ///< the reason, or what `as` claims in vain
};

struct Count {
  std::size_t rows = 0, carried = 0, corrected = 0, declined = 0, unaccounted = 0;
  void add(Verdict verdict);
};

/// Decides every row. `declined` counts its matches.
std::vector<Judged> judge(const std::vector<Row>& rows, const Evidence& evidence,
                          const std::vector<mapping::VocabFacts>& vocabs,
                          std::vector<Declined>& declined);

}  // namespace cli::ig
