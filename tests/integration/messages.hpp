#pragma once
#include <string>

namespace harness {

/// Sample messages of the tests' own hospital; every part can be set. Times are local New York.
struct Adt {
  std::string trigger = "A01", control_id, mrn = "100", family = "Rivera", visit = "V100";
  std::string patient_class = "I", event_time = "20260110080000", admitted = "20260110080000";
  std::string discharged, disposition, merged_mrn, version = "2.5.1", more;
  std::string text() const;
};

struct Mdm {
  std::string trigger = "T02", control_id, mrn = "100", visit = "V100", type = "HP",
              status = "AU", number = "D1", parent, availability = "AV",
              event_time = "20260110120000";
  std::string text() const;
};

/// A result with one numeric observation.
struct Oru {
  std::string control_id, mrn = "100", visit = "V100", filler = "F1", value = "7.2",
              status = "F", event_time = "20260110100000";
  std::string text() const;
};

/// MSA-1 and MSA-2 of an acknowledgement.
std::string ack_code(const std::string& ack);
std::string ack_id(const std::string& ack);
/// A field by path, such as "ERR-3.1".
std::string field(const std::string& message, const std::string& path);

}  // namespace harness
