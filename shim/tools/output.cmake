# What is told about findings outside the guarded process: explanations, source lines, and the formats that CI reads. A library for the programs
# behind check and explain, and for their tests.
file(GLOB FINDING_TEXTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/findings/*.txt)
list(JOIN FINDING_TEXTS "," FINDING_TEXT_LIST)
set(FINDING_TEXT_ARRAY ${CMAKE_CURRENT_BINARY_DIR}/findings-text.c)
add_custom_command(OUTPUT ${FINDING_TEXT_ARRAY}
  COMMAND ${CMAKE_COMMAND} -DFILES=${FINDING_TEXT_LIST} -DOUTPUT=${FINDING_TEXT_ARRAY} -P ${CMAKE_CURRENT_SOURCE_DIR}/findings/text.cmake
  DEPENDS ${FINDING_TEXTS} findings/text.cmake VERBATIM)

# elfutils reads debug information: file and line of a place in code.
option(FDGUARD_LIBDW "Read debug information with elfutils' libdw where it is installed" ON)
find_path(LIBDW_INCLUDE elfutils/libdwfl.h)
find_library(LIBDW dw)
if(FDGUARD_LIBDW AND LIBDW_INCLUDE AND LIBDW AND NOT CMAKE_CROSSCOMPILING)
  set(SYMBOLIZER_SOURCE tools/symbolizer_dwarf.c)
else()
  message(STATUS "No elfutils (libdw-dev): fdguard check will not tell source lines")
  set(SYMBOLIZER_SOURCE tools/symbolizer_plain.c)
endif()

add_library(fdguard-output STATIC ${FINDING_TEXT_ARRAY} tools/explain.c tools/explain_put.c tools/plain.c tools/pool.c
  tools/symbolizer.c tools/demangle.c ${SYMBOLIZER_SOURCE} tools/repository.c tools/sources.c tools/shorten.c tools/json.c tools/log.c
  tools/fingerprint.c tools/places.c tools/facts.c tools/accept.c
  tools/jsonout.c tools/sarif.c tools/sarif_rules.c tools/junit.c tools/github.c)
target_link_libraries(fdguard-output PUBLIC fdguard-flags fdguard-core-archive ${BSD_STATIC} ${CMAKE_DL_LIBS})
if(SYMBOLIZER_SOURCE STREQUAL tools/symbolizer_dwarf.c)
  target_include_directories(fdguard-output SYSTEM PRIVATE ${LIBDW_INCLUDE})
  target_link_libraries(fdguard-output PUBLIC ${LIBDW})
  target_compile_definitions(fdguard-output PUBLIC FDG_LIBDW)
endif()

fdguard_tool(fdguard-explain)
target_link_libraries(fdguard-explain PRIVATE fdguard-output)
target_link_options(fdguard-explain PRIVATE -Wl,--as-needed) # no libdw in it
