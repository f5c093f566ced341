# What `cmake --install` puts where, but for the library and the tools, whose rules stand beside their targets. Nothing that is installed
# holds an absolute path, so an installation can be moved or staged with DESTDIR.
include(CMakePackageConfigHelpers)

install(PROGRAMS ${PROJECT_SOURCE_DIR}/scripts/fdguard DESTINATION ${CMAKE_INSTALL_BINDIR})

# pkg-config --variable=preload fdguard; pkg-config --cflags --libs fdguard-resolver
file(RELATIVE_PATH FDGUARD_PC_UP /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" FDGUARD_PC_UP "${FDGUARD_PC_UP}")
configure_file(install/fdguard.pc.in fdguard.pc @ONLY)
configure_file(install/fdguard-resolver.pc.in fdguard-resolver.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fdguard.pc ${CMAKE_CURRENT_BINARY_DIR}/fdguard-resolver.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# find_package(fdguard): paths, a function for tests, and the target fdguard::fdguard-resolver
install(EXPORT fdguard-targets NAMESPACE fdguard:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fdguard)
set(FDGUARD_PRELOAD ${CMAKE_INSTALL_LIBDIR}/libfdguard.so)
set(FDGUARD_LAUNCHER ${CMAKE_INSTALL_BINDIR}/fdguard)
configure_package_config_file(install/fdguard-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/fdguard-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fdguard PATH_VARS FDGUARD_PRELOAD FDGUARD_LAUNCHER)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/fdguard-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fdguard-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/fdguard-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fdguard)

# Manual pages. Their tables are the library's own, printed by the tools.
find_program(SCDOC scdoc)
if(NOT SCDOC)
  message(STATUS "No scdoc: no manual pages")
elseif(CMAKE_CROSSCOMPILING)
  message(STATUS "Cross compiling: no manual pages, whose option table is printed by a program that was built")
elseif(TARGET fdguard-options)
  # fdguard_man_page(NAME SECTION TABLES…)
  function(fdguard_man_page name section)
    set(page ${CMAKE_CURRENT_BINARY_DIR}/${name}.${section})
    set(source man/${name}.${section}.scd)
    add_custom_command(OUTPUT ${page}
      COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/${source} -DPAGE=${page} -DSCDOC=${SCDOC}
        -DOPTIONS_TOOL=$<TARGET_FILE:fdguard-options> -DFINDINGS_TOOL=$<TARGET_FILE:fdguard-explain> -DVERSION=${PROJECT_VERSION}
        -P ${CMAKE_CURRENT_SOURCE_DIR}/man/page.cmake
      DEPENDS fdguard-options fdguard-explain ${source} man/page.cmake install/epoch.cmake install/deb/changelog ${ARGN} VERBATIM)
    set_property(GLOBAL APPEND PROPERTY FDGUARD_MAN_PAGES ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endfunction()

  fdguard_man_page(fdguard 1)
  fdguard_man_page(fdguard-findings 7 ${FINDING_TEXTS} guards.def report/findings.def)
  fdguard_man_page(fdguard-limits 7)
  fdguard_man_page(fdguard-options 5 options.def guards.def)
  fdguard_man_page(fdguard-report 1)
  fdguard_man_page(fdguard-resolve 1)
  fdguard_man_page(fdguard-resolver 3)
  fdguard_man_page(fdguard-scan 1)
  get_property(MAN_PAGES GLOBAL PROPERTY FDGUARD_MAN_PAGES)
  add_custom_target(fdguard-man ALL DEPENDS ${MAN_PAGES})
endif()

install(FILES install/examples/fdguard.conf install/examples/Dockerfile DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/fdguard/examples)
include(install/package.cmake)
