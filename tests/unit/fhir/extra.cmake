# The JSON reader is compared with one we did not write.
find_path(CW_RAPIDJSON rapidjson/document.h REQUIRED)
target_include_directories(test_fhir SYSTEM PRIVATE ${CW_RAPIDJSON})
