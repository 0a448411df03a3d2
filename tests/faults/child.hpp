#pragma once
#include <string>
#include <sys/types.h>
#include <vector>

namespace faults {

/// A program that this test started, and ends. Its standard output comes through a pipe.
class Child {
 public:
  /// `environment`: "NAME=value", added to ours. `as_nobody`: without root's rights.
  Child(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
        bool as_nobody = false);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Appends what came on its output; @return false at its end.
  bool read_some(std::string& into);
  void kill_hard();
  /// Waits for its end. @return the exit code, or 128 + signal.
  int wait();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int result_ = 0;
};

}  // namespace faults
