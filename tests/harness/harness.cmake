# Helpers for the test folders. Every test starts through clean-fds, in an empty temporary directory of its own (lib.sh), and gets
#   FDG_LIB  the preload          FDG_BIN  build/bin        FDG_SRC  the source tree       FDG_RUN  the launcher

add_executable(clean-fds ${CMAKE_CURRENT_LIST_DIR}/clean-fds.c)

# fdguard_program(NAME SOURCE… [FLAGS …] [LIBS …]): a plain program in build/bin that knows nothing of fdguard.
function(fdguard_program name)
  cmake_parse_arguments(P "" "" "FLAGS;LIBS" ${ARGN})
  add_executable(${name} ${P_UNPARSED_ARGUMENTS})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_compile_options(${name} PRIVATE ${P_FLAGS})
  target_link_options(${name} PRIVATE ${P_FLAGS})
  target_link_libraries(${name} PRIVATE ${P_LIBS})
endfunction()

# fdguard_test(NAME COMMAND… [TIMEOUT s]): a ctest with the environment above. A .sh is run by sh.
function(fdguard_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "" ${ARGN})
  set(command ${T_UNPARSED_ARGUMENTS})
  list(GET command 0 first)
  if(first MATCHES "\\.sh$")
    list(INSERT command 0 sh)
  endif()
  add_test(NAME ${name} COMMAND clean-fds ${command})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} ENVIRONMENT
    "FDG_LIB=${CMAKE_BINARY_DIR}/lib/libfdguard.so;FDG_BIN=${CMAKE_BINARY_DIR}/bin;FDG_SRC=${PROJECT_SOURCE_DIR};FDG_RUN=${PROJECT_SOURCE_DIR}/scripts/fdguard;FDGUARD_BUILD_DIR=${CMAKE_BINARY_DIR};FDG_CC=${CMAKE_C_COMPILER}")
endfunction()
