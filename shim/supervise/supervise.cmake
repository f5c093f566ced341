# The supervisor: for programs that no preload gets into. Static, so that what is preloaded into the program is not preloaded into it.
file(GLOB SUPERVISE_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
list(REMOVE_ITEM SUPERVISE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/main.c)
add_library(fdguard-supervise-objects OBJECT ${SUPERVISE_SOURCES})
target_link_libraries(fdguard-supervise-objects PRIVATE fdguard-flags)

add_executable(fdguard-supervise ${CMAKE_CURRENT_LIST_DIR}/main.c $<TARGET_OBJECTS:fdguard-supervise-objects>)
target_link_libraries(fdguard-supervise PRIVATE fdguard-flags fdguard-core-archive ${BSD_STATIC})
if(NOT FDGUARD_SANITIZE)
  target_link_options(fdguard-supervise PRIVATE -static)
endif()
install(TARGETS fdguard-supervise RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/fdguard)
