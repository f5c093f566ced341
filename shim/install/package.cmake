# `cpack` in a build tree makes fdguard_<version>_<architecture>.deb, everything in one package; the same sources in the same place make the same bytes.
# Tests are not in it: -DFDGUARD_TESTS=OFF builds less.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fdguard)
set(CPACK_PACKAGE_VENDOR "fdguard")
set(CPACK_PACKAGE_CONTACT "The fdguard authors <maintainers@fdguard.invalid>") # cpack -D CPACK_PACKAGE_CONTACT=…: whoever builds it for a fleet
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/deb/stage.cmake) # CMake 3.19
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What others that link libfdguard-resolver.so.0 depend on; and ldconfig, which Debian wants by a trigger.
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/deb/shlibs "libfdguard-resolver 0 fdguard (>= ${PROJECT_VERSION})\n")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/deb/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/deb/shlibs ${CMAKE_CURRENT_BINARY_DIR}/deb/triggers)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "binutils")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "watches and repairs what programs do with file descriptors")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "A library that is preloaded into unmodified programs. It forces close-on-exec\nand says which code leaked what into which child, lets programs that wait with\nselect use descriptors beyond 1,023, names what keeps an event loop turning,\ncounts connections in CLOSE_WAIT and ends them, saves what waits in a listener\nthat closes, and tells which descriptors only grow in number.\n.\n\"fdguard check\" fails a test run that has such findings. Static and Go programs\nare watched from outside. With it come a resolver of many names at a time and\nits library.")
include(CPack)
