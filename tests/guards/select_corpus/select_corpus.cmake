# select-corpus: programs that overflow an fd_set (patterns.def), in 20 builds: gcc and clang, -O0 to -O3 and -Os, without and with stack protector.
# The runner says which share of them ends with the right result, bare and preloaded. In the build tree,
#   bin/clean-fds bin/select-corpus --ideal $PWD/lib/select-corpus-ideal.so --failures tests/select_corpus $PWD/lib/libfdguard.so
# lists what is wrong, beside what a preload makes of it that knows the answer; --all runs every case (a quarter of an hour) instead of a sample.
set(CORPUS_DIR ${CMAKE_CURRENT_LIST_DIR})
set(CORPUS_OUT ${CMAKE_CURRENT_BINARY_DIR}/select_corpus)
file(GLOB CORPUS_SOURCES CONFIGURE_DEPENDS ${CORPUS_DIR}/main.c ${CORPUS_DIR}/on_*.c ${CORPUS_DIR}/in_*.c ${CORPUS_DIR}/odd_*.c)
file(GLOB CORPUS_HEADERS CONFIGURE_DEPENDS ${CORPUS_DIR}/*.h ${CORPUS_DIR}/*.def)
file(MAKE_DIRECTORY ${CORPUS_OUT})

add_library(select-corpus-scene STATIC ${CORPUS_DIR}/scene.c ${CORPUS_DIR}/crowd.c)
target_compile_definitions(select-corpus-scene PRIVATE _GNU_SOURCE)
add_executable(select-corpus ${CORPUS_DIR}/runner.c ${CORPUS_DIR}/run.c ${CORPUS_DIR}/tell.c ${CORPUS_DIR}/judge.c)
target_compile_definitions(select-corpus PRIVATE _GNU_SOURCE)
target_link_libraries(select-corpus PRIVATE select-corpus-scene)
add_library(select-corpus-ideal MODULE ${CORPUS_DIR}/ideal.c)
target_compile_definitions(select-corpus-ideal PRIVATE _GNU_SOURCE)
set_target_properties(select-corpus-ideal PROPERTIES PREFIX "")

set(CORPUS_PROGRAMS)
foreach(compiler gcc clang)
  find_program(CORPUS_${compiler} ${compiler})
  if(NOT CORPUS_${compiler})
    continue()
  endif()
  foreach(level O0 O1 O2 O3 Os)
    foreach(protection plain ssp)
      set(program ${CORPUS_OUT}/${compiler}-${level}-${protection})
      if(protection STREQUAL ssp)
        set(flag -fstack-protector-strong)
      else()
        set(flag -fno-stack-protector)
      endif()
      add_custom_command(OUTPUT ${program}
        COMMAND ${CORPUS_${compiler}} -std=gnu11 -D_GNU_SOURCE -U_FORTIFY_SOURCE -Wall -Wextra $<$<BOOL:${FDGUARD_WERROR}>:-Werror> -${level} ${flag} ${CORPUS_SOURCES}
          $<TARGET_FILE:select-corpus-scene> -o ${program}
        DEPENDS ${CORPUS_SOURCES} ${CORPUS_HEADERS} select-corpus-scene VERBATIM)
      list(APPEND CORPUS_PROGRAMS ${program})
    endforeach()
  endforeach()
endforeach()
add_custom_target(select-corpus-programs ALL DEPENDS ${CORPUS_PROGRAMS})

fdguard_test(guards/select_corpus ${CMAKE_BINARY_DIR}/bin/select-corpus --ideal $<TARGET_FILE:select-corpus-ideal>
  ${CORPUS_OUT} ${CMAKE_BINARY_DIR}/lib/libfdguard.so TIMEOUT 300)
