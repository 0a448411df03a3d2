# Rules, expressions and facts are tested below the public header too.
target_include_directories(test_him PRIVATE ${CMAKE_SOURCE_DIR}/engine/him)
