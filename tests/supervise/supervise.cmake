# The supervisor on static programs. Ours is `acts`; bash-static and Go are real ones.
if(FDGUARD_SANITIZE)
  return() # static programs, and one that has no thread
endif()
fdguard_program(acts supervise/acts.c FLAGS -O1 -static LIBS pthread)
fdguard_program(hands supervise/hands.c FLAGS -O1 -static LIBS pthread)
fdguard_program(hands-dynamic supervise/hands.c FLAGS -O1 LIBS pthread)
fdguard_program(outer supervise/outer.c)

file(GLOB SUPERVISE_SCRIPTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/supervise/test_*.sh)
foreach(script ${SUPERVISE_SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  string(REPLACE "test_" "" name ${name})
  if(name STREQUAL "stacks" AND NOT FDGUARD_UNWIND)
    message(STATUS "No static elfutils: no test of stacks in C programs")
    continue()
  endif()
  fdguard_test(supervise/${name} ${script})
endforeach()
