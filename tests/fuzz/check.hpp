#pragma once
#include <cstdio>
#include <cstdlib>

/// A property of a fuzz target; libFuzzer keeps the input when it fails.
inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", what);
  std::abort();
}
