# Folding, sounds and levels are tested by themselves.
target_include_directories(test_identity PRIVATE ${CMAKE_SOURCE_DIR}/engine/identity)
