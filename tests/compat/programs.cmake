# Real programs with and without us.
if(FDGUARD_SANITIZE)
  return() # these programs are preloaded into, and a sanitizer wants to be first
endif()
fdguard_program(compat-gnulib compat/gnulib_flags.c)
foreach(name python shells make git tools perl node java gnulib documents loops rough resolving)
  fdguard_test(compat/${name} ${CMAKE_CURRENT_SOURCE_DIR}/compat/test_${name}.sh TIMEOUT 600)
endforeach()
