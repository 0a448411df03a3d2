#pragma once
#include <span>
#include <string_view>

namespace store {

/// One embedded file of schemas/store/<store>/. Sorted by store, then name.
struct Migration {
  std::string_view store, name, sql;
};
std::span<const Migration> embedded_migrations();

}  // namespace store
