# Logic of the commands is tested through its own headers, without the command line parser.
target_include_directories(test_cli PRIVATE ${CMAKE_SOURCE_DIR}/adapters/cli
                                            ${CMAKE_SOURCE_DIR}/tests/unit/mapping)
