#pragma once
#include <ostream>
#include <string>
#include <vector>

namespace std {

/// For BOOST_TEST: lists of replies and events.
inline ostream& operator<<(ostream& out, const vector<string>& lines) {
  for (const string& line : lines) out << "[" << line << "]";
  return out;
}

}  // namespace std
