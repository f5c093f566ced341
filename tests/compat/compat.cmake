# Real programs and real test suites, with and without us. Each topic registers its tests in a fragment of its own.
file(GLOB FRAGMENTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cmake)
list(REMOVE_ITEM FRAGMENTS ${CMAKE_CURRENT_LIST_FILE})
foreach(fragment ${FRAGMENTS})
  include(${fragment})
endforeach()
