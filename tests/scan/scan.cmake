# fdguard scan, on programs that run: Python's, Go's, and those of the cases.
if(FDGUARD_SANITIZE)
  return() # the programs of the cases, and a filter that refuses what a sanitizer needs
endif()
fdguard_program(scan-refused ${CMAKE_CURRENT_LIST_DIR}/refused.c)

file(GLOB SCAN_SCRIPTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.sh)
foreach(script ${SCAN_SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  string(REPLACE "test_" "" name ${name})
  fdguard_test(scan/${name} ${script})
endforeach()
