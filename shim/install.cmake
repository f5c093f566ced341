# What `cmake --install` puts where, but for the library and the tools, whose rules stand beside their targets. Nothing that is installed
# holds an absolute path, so an installation can be moved or staged with DESTDIR.
include(CMakePackageConfigHelpers)

install(PROGRAMS ${PROJECT_SOURCE_DIR}/scripts/fdguard DESTINATION ${CMAKE_INSTALL_BINDIR})

# pkg-config --variable=preload fdguard
file(RELATIVE_PATH FDGUARD_PC_UP /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" FDGUARD_PC_UP "${FDGUARD_PC_UP}")
configure_file(install/fdguard.pc.in fdguard.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fdguard.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# find_package(fdguard)
set(FDGUARD_PRELOAD ${CMAKE_INSTALL_LIBDIR}/libfdguard.so)
set(FDGUARD_LAUNCHER ${CMAKE_INSTALL_BINDIR}/fdguard)
configure_package_config_file(install/fdguard-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/fdguard-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fdguard PATH_VARS FDGUARD_PRELOAD FDGUARD_LAUNCHER)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/fdguard-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fdguard-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/fdguard-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fdguard)

# Manual pages. Their table of options is the library's own, printed by the tool.
find_program(SCDOC scdoc)
if(NOT SCDOC)
  message(STATUS "No scdoc: no manual pages")
elseif(CMAKE_CROSSCOMPILING)
  message(STATUS "Cross compiling: no manual pages, whose option table is printed by a program that was built")
elseif(TARGET fdguard-options)
  set(MAN_PAGE ${CMAKE_CURRENT_BINARY_DIR}/fdguard.1)
  add_custom_command(OUTPUT ${MAN_PAGE}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/man/fdguard.1.scd -DPAGE=${MAN_PAGE} -DSCDOC=${SCDOC}
      -DOPTIONS_TOOL=$<TARGET_FILE:fdguard-options> -DVERSION=${PROJECT_VERSION} -P ${CMAKE_CURRENT_SOURCE_DIR}/man/page.cmake
    DEPENDS fdguard-options man/fdguard.1.scd man/page.cmake options.def guards.def VERBATIM)
  add_custom_target(fdguard-man ALL DEPENDS ${MAN_PAGE})
  install(FILES ${MAN_PAGE} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
