if(TARGET fhir)
  fuzz_target(fhir_json SOURCES fuzz_fhir_json.cpp LIBS fhir
    SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/seeds/fhir_json)
endif()
