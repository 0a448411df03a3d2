# Tests of the scans compare the portable and the AVX2 form, which are private to the module.
target_include_directories(test_hl7 PRIVATE ${CMAKE_SOURCE_DIR}/engine/hl7)
