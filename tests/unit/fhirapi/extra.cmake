# The probes for monitoring are tested here too.
if(TARGET metrics)
  target_link_libraries(test_fhirapi PRIVATE metrics)
  target_compile_definitions(test_fhirapi PRIVATE CW_WITH_METRICS)
endif()
find_package(pugixml REQUIRED)
# XML is read and written with R4's definitions, which stand above fhir: so it is tested here.
target_include_directories(test_fhirapi PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(test_fhirapi PRIVATE pugixml::pugixml)
