# The journal's tables are private headers.
target_include_directories(test_store PRIVATE ${CMAKE_SOURCE_DIR}/engine/store)
