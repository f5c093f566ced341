# Other preloads, valgrind and strace beside us.
if(FDGUARD_SANITIZE)
  return() # these programs are preloaded into, and a sanitizer wants to be first
endif()
fdguard_program(compat-peer compat/peer.c)
fdguard_program(compat-names compat/names.c)
add_library(compat-names_known MODULE compat/names_known.c)
target_link_libraries(compat-names_known PRIVATE fdguard-flags)
set_target_properties(compat-names_known PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
foreach(name preloads names valgrind strace)
  fdguard_test(compat/${name} ${CMAKE_CURRENT_SOURCE_DIR}/compat/test_${name}.sh TIMEOUT 300)
endforeach()
