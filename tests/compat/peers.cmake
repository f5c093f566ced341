# Other preloads, valgrind and strace beside us.
if(FDGUARD_SANITIZE)
  return() # these programs are preloaded into, and a sanitizer wants to be first
endif()
fdguard_program(compat-peer compat/peer.c)
foreach(name preloads valgrind strace)
  fdguard_test(compat/${name} ${CMAKE_CURRENT_SOURCE_DIR}/compat/test_${name}.sh TIMEOUT 300)
endforeach()
