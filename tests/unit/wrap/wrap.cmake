# Tests of the library as a file, and of the source tree: included by tests/calls/calls.cmake.
if(TARGET fdguard)
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/objects.txt
    CONTENT "$<JOIN:$<TARGET_OBJECTS:fdguard-core>,\n>\n$<JOIN:$<TARGET_OBJECTS:fdguard-resolver-objects>,\n>\n--\n$<JOIN:$<TARGET_OBJECTS:fdguard>,\n>\n")
  fdguard_test(unit/wrap/symbols ${CMAKE_CURRENT_LIST_DIR}/symbols.sh ${CMAKE_CURRENT_BINARY_DIR}/objects.txt)
endif()
fdguard_test(unit/wrap/includes ${PROJECT_SOURCE_DIR}/scripts/dev/includes.sh)
