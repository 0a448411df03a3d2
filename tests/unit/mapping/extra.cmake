# Its own parts are tested too, not only what it shows.
target_include_directories(test_mapping PRIVATE ${CMAKE_SOURCE_DIR}/engine/mapping)
