# What the applier keeps in memory is private to the module.
target_include_directories(test_pipeline PRIVATE ${CMAKE_SOURCE_DIR}/engine/pipeline)
