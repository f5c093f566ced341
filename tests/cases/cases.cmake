# The field cases, end to end on real programs.
fdguard_program(monitor ${CMAKE_CURRENT_LIST_DIR}/monitor.c)
fdguard_program(swarm ${CMAKE_CURRENT_LIST_DIR}/swarm.c FLAGS -O1 LIBS pthread)
fdguard_test(cases/case1 ${CMAKE_CURRENT_LIST_DIR}/case1.sh TIMEOUT 300)
fdguard_test(cases/select_programs ${CMAKE_CURRENT_LIST_DIR}/select_programs.sh TIMEOUT 300)
fdguard_test(cases/case5 ${CMAKE_CURRENT_LIST_DIR}/case5.sh TIMEOUT 300)
fdguard_test(cases/stdio_programs ${CMAKE_CURRENT_LIST_DIR}/stdio_programs.sh TIMEOUT 300)
fdguard_test(cases/demo1 ${CMAKE_CURRENT_LIST_DIR}/demo1.sh TIMEOUT 300)
fdguard_test(cases/demo5 ${CMAKE_CURRENT_LIST_DIR}/demo5.sh TIMEOUT 300)

# What scripts/demo needs of the build.
add_custom_target(demo DEPENDS monitor swarm clean-fds)
foreach(part fdguard fdguard-options fdguard-cmd)
  if(TARGET ${part})
    add_dependencies(demo ${part})
  endif()
endforeach()
