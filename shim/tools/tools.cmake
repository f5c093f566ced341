# Programs behind the launcher's subcommands: ordinary programs that link the code that thinks.

add_library(fdguard-core-archive STATIC $<TARGET_OBJECTS:fdguard-core>)

# fdguard_tool(NAME): tools/NAME.c becomes build/bin/NAME and libexec/fdguard/NAME.
function(fdguard_tool name)
  add_executable(${name} tools/${name}.c)
  target_link_libraries(${name} PRIVATE fdguard-flags fdguard-core-archive ${BSD_STATIC})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/fdguard)
endfunction()

fdguard_tool(fdguard-options)
fdguard_tool(fdguard-cmd)
target_sources(fdguard-cmd PRIVATE tools/binary.c)

include(tools/output.cmake)
include(tools/check.cmake)
include(tools/report.cmake)
include(tools/resolve.cmake)
include(tools/scan.cmake)
