# cmake -DROOT=<schemas/store> -DOUT=<file.cpp> -P embed_sql.cmake
# Writes every <store>/NNNN_name.sql below ROOT into one C++ file, sorted by path.
file(GLOB files RELATIVE ${ROOT} ${ROOT}/*/*.sql)
list(SORT files)
set(rows "")
foreach(file ${files})
  get_filename_component(store ${file} DIRECTORY)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${ROOT}/${file} sql)
  string(APPEND rows "    {\"${store}\", \"${name}\", R\"~sql~(${sql})~sql~\"},\n")
endforeach()
list(LENGTH files count)
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[
#include "migrations.hpp"

#include <array>

namespace store {
namespace {
constexpr std::array<Migration, @count@> kMigrations{{
@rows@}};
}  // namespace
std::span<const Migration> embedded_migrations() { return kMigrations; }
}  // namespace store
]])
