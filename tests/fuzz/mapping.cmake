if(TARGET mapping)
  foreach(part compile run)
    fuzz_target(mapping_${part} SOURCES fuzz_mapping_${part}.cpp LIBS mapping
      SEEDS ${CMAKE_SOURCE_DIR}/tests/unit/mapping/fixture)
    target_compile_definitions(fuzz_mapping_${part} PRIVATE CW_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endforeach()
endif()
