# boost_test(NAME SOURCES ... LIBS ... [LABELS ...]): a Boost.Test program run by ctest.
# Debian's libboost-test1.81-dev has the shared library; CMake's FindBoost is not needed for it.
find_library(CW_BOOST_TEST NAMES boost_unit_test_framework REQUIRED)

# The one place that knows the folders of this checkout, for tests, fuzz targets and benchmarks.
add_library(test_paths STATIC ${CMAKE_CURRENT_LIST_DIR}/paths.cpp)
target_include_directories(test_paths PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_compile_definitions(test_paths PRIVATE
  CW_SOURCE_DIR="${CMAKE_SOURCE_DIR}" CW_BINARY_DIR="${CMAKE_BINARY_DIR}")
target_link_libraries(test_paths PRIVATE chartwire_flags)

# What every Boost.Test program has in common, compiled once: flags, main() and the headers.
add_library(test_flags INTERFACE)
target_compile_definitions(test_flags INTERFACE BOOST_TEST_DYN_LINK)
# BOOST_TEST compares signed literals with sizes; its own templates trip -Wconversion.
target_compile_options(test_flags INTERFACE -Wno-conversion -Wno-sign-compare)
target_link_libraries(test_flags INTERFACE chartwire_flags ${CW_BOOST_TEST})

add_library(test_main STATIC ${CMAKE_CURRENT_LIST_DIR}/test_main.cpp)
target_link_libraries(test_main PRIVATE test_flags)

add_executable(test_headers EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/test_headers.cpp)
target_precompile_headers(test_headers PRIVATE ${CMAKE_CURRENT_LIST_DIR}/test_headers.hpp)
target_link_libraries(test_headers PRIVATE test_flags)

function(boost_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_precompile_headers(${name} REUSE_FROM test_headers)
  target_link_libraries(${name} PRIVATE test_main test_flags test_paths ${T_LIBS})
  add_test(NAME ${name} COMMAND ${name} --log_level=warning --report_level=short)
  set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}" TIMEOUT 600)
endfunction()

function(module_test module)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/*.cpp)
  if(sources AND TARGET ${module})
    boost_test(test_${module} SOURCES ${sources} LIBS ${module} LABELS unit ${module})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/extra.cmake)
      include(${CMAKE_CURRENT_SOURCE_DIR}/unit/${module}/extra.cmake)
    endif()
  endif()
endfunction()
