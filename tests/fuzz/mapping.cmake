if(TARGET mapping)
  foreach(part compile run)
    fuzz_target(mapping_${part} SOURCES fuzz_mapping_${part}.cpp LIBS mapping
      SEEDS ${CMAKE_SOURCE_DIR}/tests/unit/mapping/fixture)
  endforeach()
endif()
