# A guard's tests: a pair of plain programs, one wrong and one right, and shell scripts that run them bare and guarded.
if(FDGUARD_SANITIZE)
  return() # these programs are preloaded into, and a sanitizer wants to be first
endif()
fdguard_program(cloexec-wrong guards/cloexec_wrong.c guards/cloexec_twin.c FLAGS -O1)
fdguard_program(cloexec-right guards/cloexec_right.c guards/cloexec_twin.c FLAGS -O1)
fdguard_program(cloexec-meant guards/cloexec_meant.c)
fdguard_program(cloexec-stdio guards/cloexec_stdio.c)
fdguard_program(cloexec-server guards/cloexec_server.c)
fdguard_program(cloexec-activated guards/cloexec_activated.c)
fdguard_program(cloexec-cover guards/cloexec_cover.c)
fdguard_program(show-fds guards/show_fds.c)
fdguard_program(select-wrong guards/select_wrong.c FLAGS -O1)
fdguard_program(select-wrong-fortified guards/select_wrong.c FLAGS -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
fdguard_program(select-right guards/select_right.c FLAGS -O1)
fdguard_program(select-differential guards/select_differential.c guards/select_attempt.c guards/select_kinds.c FLAGS -O2
  LIBS pthread)
fdguard_program(select-differential-canaries guards/select_differential.c guards/select_attempt.c guards/select_kinds.c
  FLAGS -O0 -fstack-protector-all LIBS pthread)
fdguard_program(select-images guards/select_images.c guards/select_kinds.c FLAGS -O2)
fdguard_program(select-stress guards/select_stress.c LIBS pthread)

file(GLOB GUARD_SCRIPTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/guards/test_*.sh)
foreach(script ${GUARD_SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  string(REPLACE "test_" "" name ${name})
  fdguard_test(guards/${name} ${script} TIMEOUT 300)
endforeach()

fdguard_program(stacks-deep guards/stacks_deep.c FLAGS -O1 -g)
fdguard_program(told-once guards/told_once.c)
fdguard_program(cloexec-hostile guards/cloexec_hostile.c LIBS pthread)
include(guards/select_corpus/select_corpus.cmake)
