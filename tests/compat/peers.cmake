# Other preloads, valgrind and strace beside us.
fdguard_program(compat-peer compat/peer.c)
foreach(name preloads valgrind strace)
  fdguard_test(compat/${name} ${CMAKE_CURRENT_SOURCE_DIR}/compat/test_${name}.sh TIMEOUT 300)
endforeach()
