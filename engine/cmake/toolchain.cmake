# Compiler, flags, sanitizers, ccache, linker: one interface target `chartwire_flags`.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines (skipped bodies, double frees). "
    "Use clang++-16 (apt install clang-16 libclang-rt-16-dev) or GCC 13 and newer.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Objects do not depend on the folder of the checkout, so every clone shares the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
find_program(LLD_PROGRAM NAMES ld.lld-16 ld.lld)

set(CW_SANITIZE "" CACHE STRING "address (with UBSan), thread, undefined or fuzz; empty for none")
set(CW_MODULES "" CACHE STRING "Configure only these modules (a list); empty for all")

add_library(chartwire_flags INTERFACE)
target_compile_options(chartwire_flags INTERFACE
  -Wall -Wextra -Wconversion -Werror -fno-omit-frame-pointer
  # Designated initialisers leave members at their defaults on purpose.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<CONFIG:Debug>:-O1 -g1>
  $<$<CONFIG:Release>:-O2 -g1>
  -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fcf-protection -ftrivial-auto-var-init=zero
  -ffile-compilation-dir=.
  # A precompiled header keeps no time, so that the cache can hold it.
  $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
set(shipped OFF)   # what runs at a hospital, as against what tests run
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CW_SANITIZE)
  set(shipped ON)
  target_compile_options(chartwire_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-clash-protection)
endif()
set(CW_PROFILE "use" CACHE STRING
    "use: what deploy/profile measured guides the release build; generate: measure; none")
if(shipped AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(profile ${CMAKE_SOURCE_DIR}/deploy/lib/release.profdata)
  # A function of one file is known by that file's name without the folder of the checkout.
  set(file_names "SHELL:-mllvm -static-func-full-module-prefix=false")
  if(CW_PROFILE STREQUAL "generate")
    target_compile_options(chartwire_flags INTERFACE
      -fprofile-generate -fprofile-update=atomic ${file_names})
    target_link_options(chartwire_flags INTERFACE -fprofile-generate)
  elseif(CW_PROFILE STREQUAL "use" AND EXISTS ${profile})
    # Named by its content, so that a new one builds anew; relative, so that clones share the cache.
    # A function that has changed since is built as without a profile, which is no error.
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${profile})
    file(SHA256 ${profile} content)
    string(SUBSTRING ${content} 0 12 content)
    configure_file(${profile} ${CMAKE_BINARY_DIR}/${content}.profdata COPYONLY)
    target_compile_options(chartwire_flags INTERFACE
      -fprofile-use=${content}.profdata ${file_names}
      -Wno-profile-instr-unprofiled -Wno-backend-plugin)
  endif()
endif()
set(CMAKE_CXX_FLAGS_DEBUG "")
set(CMAKE_CXX_FLAGS_RELEASE "")
target_link_options(chartwire_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
if(MOLD_PROGRAM)
  target_link_options(chartwire_flags INTERFACE -fuse-ld=mold)
  # Calls between these modules are inlined in what is shipped: a tenth of the time of mapping a
  # message. Everything else would double the time of a link for little.
  if(shipped AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(CW_LTO_MODULES core hl7 fhir schema mapping)
    target_link_options(chartwire_flags INTERFACE -flto=thin -O2
      -Wl,-plugin-opt=cache-dir=${CMAKE_BINARY_DIR}/lto)
    # mold needs no index of an archive, and GNU ar cannot read what is in it.
    set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcS <TARGET> <LINK_FLAGS> <OBJECTS>")
    set(CMAKE_CXX_ARCHIVE_FINISH "")
  endif()
elseif(LLD_PROGRAM)
  target_link_options(chartwire_flags INTERFACE -fuse-ld=lld)
endif()

if(CW_SANITIZE STREQUAL "address")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(CW_SANITIZE STREQUAL "thread")
  set(sanitize -fsanitize=thread)
elseif(CW_SANITIZE STREQUAL "undefined")
  set(sanitize -fsanitize=undefined -fno-sanitize-recover=all)
elseif(CW_SANITIZE STREQUAL "fuzz")
  set(sanitize -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
elseif(CW_SANITIZE)
  message(FATAL_ERROR "CW_SANITIZE=${CW_SANITIZE}: use address, thread, undefined or fuzz")
endif()
if(sanitize)
  # RapidJSON's stack.h offsets a null pointer by zero; upstream never fixed it in a release.
  # By a relative name, which the cache of compiled objects can share between folders.
  file(WRITE ${CMAKE_BINARY_DIR}/sanitize.ignore
       "[pointer-overflow]\nsrc:*/rapidjson/internal/stack.h\n")
  target_compile_options(chartwire_flags INTERFACE ${sanitize}
    -fsanitize-ignorelist=sanitize.ignore)
  target_link_options(chartwire_flags INTERFACE ${sanitize})
endif()
find_package(Threads REQUIRED)
target_link_libraries(chartwire_flags INTERFACE Threads::Threads)
