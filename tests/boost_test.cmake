# boost_test(NAME SOURCES ... LIBS ... [LABELS ...]): a Boost.Test program run by ctest.
# Debian's libboost-test1.81-dev has the shared library; CMake's FindBoost is not needed for it.
find_library(CW_BOOST_TEST NAMES boost_unit_test_framework REQUIRED)

function(boost_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES} ${CMAKE_SOURCE_DIR}/tests/test_main.cpp)
  target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK
    CW_SOURCE_DIR="${CMAKE_SOURCE_DIR}" CW_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # BOOST_TEST compares signed literals with sizes; its own templates trip -Wconversion.
  target_compile_options(${name} PRIVATE -Wno-conversion -Wno-sign-compare)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE chartwire_flags ${T_LIBS} ${CW_BOOST_TEST})
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
