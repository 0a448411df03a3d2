if(TARGET mllp)
  fuzz_target(frame SOURCES fuzz_frame.cpp LIBS mllp SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/seeds/frame)
endif()
