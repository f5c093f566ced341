# tests/calls: plain programs that know nothing of fdguard, each run in seven ways. torture_* are in torture.cmake, of this folder too.
#   bare                 no preload: the program itself is right
#   preloaded            default options
#   preloaded-all        every kind of descriptor is made close-on-exec
#   constructor-after    the body runs in a library's constructor; that library is named after the preload …
#   constructor-before   … or before it
#   constructor-first    … and is linked with -z initfirst, which makes it run before the preload's own constructor
#   static               linked statically: no preload reaches it, but its children are preloaded

if(FDGUARD_SANITIZE) # the preload cannot carry a sanitizer's runtime into plain programs
  return()
endif()

set(CALLS_DIR ${CMAKE_CURRENT_LIST_DIR})
set(CALLS_PRELOAD ${CMAKE_BINARY_DIR}/lib/libfdguard.so)
set(CALLS_OUT ${CMAKE_BINARY_DIR}/tests/calls)
set(CALLS_CLEAN env -u LD_PRELOAD -u FDGUARD_OPTIONS -u FDGUARD_NOTE)

# Where a test's files go, and the loose ends of plain programs: no hardening is meant to be tested here.
function(calls_settle target)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  target_include_directories(${target} PRIVATE ${CALLS_DIR})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CALLS_OUT} LIBRARY_OUTPUT_DIRECTORY ${CALLS_OUT}
    ARCHIVE_OUTPUT_DIRECTORY ${CALLS_OUT})
endfunction()

add_library(calls-expect STATIC ${CALLS_DIR}/expect.c)
target_compile_options(calls-expect PRIVATE -fPIC)
target_compile_definitions(calls-expect PRIVATE CALLS_CHILD="${CALLS_OUT}/calls-child")
calls_settle(calls-expect)
add_library(calls-main OBJECT ${CALLS_DIR}/main.c)
add_library(calls-constructor OBJECT ${CALLS_DIR}/constructor.c)
target_compile_options(calls-constructor PRIVATE -fPIC)
foreach(program calls-child calls-carrier)
  add_executable(${program} ${CALLS_DIR}/carrier.c)
  target_link_libraries(${program} PRIVATE calls-expect)
  set_target_properties(${program} PROPERTIES ENABLE_EXPORTS ON)
  calls_settle(${program})
endforeach()

# calls_test(NAME [NOT way…] [FLAGS …]): NAME.c in the ways above but those named.
function(calls_test name)
  cmake_parse_arguments(T "" "" "NOT;FLAGS" ${ARGN})
  add_library(calls-${name}-body OBJECT ${CALLS_DIR}/${name}.c)
  target_compile_options(calls-${name}-body PRIVATE -fPIC ${T_FLAGS})
  calls_settle(calls-${name}-body)
  set(body $<TARGET_OBJECTS:calls-${name}-body>)

  add_executable(calls-${name} ${body} $<TARGET_OBJECTS:calls-main>)
  set(targets calls-${name})
  if(NOT "static" IN_LIST T_NOT)
    add_executable(calls-${name}-static ${body} $<TARGET_OBJECTS:calls-main>)
    target_link_options(calls-${name}-static PRIVATE -static)
    list(APPEND targets calls-${name}-static)
  endif()
  foreach(way constructor constructor-first)
    if(NOT "${way}" IN_LIST T_NOT)
      add_library(calls-${name}-${way} SHARED ${body} $<TARGET_OBJECTS:calls-constructor>)
      list(APPEND targets calls-${name}-${way})
    endif()
  endforeach()
  foreach(target ${targets})
    target_link_libraries(${target} PRIVATE calls-expect pthread)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
    calls_settle(${target})
  endforeach()

  set(preloaded ${CALLS_CLEAN} CALLS_NEEDS=libfdguard.so)
  fdguard_test(calls/${name}/bare ${CALLS_CLEAN} $<TARGET_FILE:calls-${name}> TIMEOUT 60)
  fdguard_test(calls/${name}/preloaded ${preloaded} LD_PRELOAD=${CALLS_PRELOAD} $<TARGET_FILE:calls-${name}>)
  fdguard_test(calls/${name}/preloaded-all ${preloaded} FDGUARD_OPTIONS=cloexec.kinds=all LD_PRELOAD=${CALLS_PRELOAD}
    $<TARGET_FILE:calls-${name}> TIMEOUT 60)
  if(TARGET calls-${name}-constructor)
    set(foreign $<TARGET_FILE:calls-${name}-constructor>)
    fdguard_test(calls/${name}/constructor-after ${preloaded} LD_PRELOAD=${CALLS_PRELOAD}:${foreign} $<TARGET_FILE:calls-carrier> TIMEOUT 60)
    fdguard_test(calls/${name}/constructor-before ${preloaded} LD_PRELOAD=${foreign}:${CALLS_PRELOAD} $<TARGET_FILE:calls-carrier> TIMEOUT 60)
  endif()
  if(TARGET calls-${name}-constructor-first)
    # The loader honours one object's initfirst: the last one's.
    target_link_options(calls-${name}-constructor-first PRIVATE -Wl,-z,initfirst)
    fdguard_test(calls/${name}/constructor-first ${preloaded}
      LD_PRELOAD=${CALLS_PRELOAD}:$<TARGET_FILE:calls-${name}-constructor-first> $<TARGET_FILE:calls-carrier> TIMEOUT 60)
  endif()
  if(TARGET calls-${name}-static)
    fdguard_test(calls/${name}/static ${CALLS_CLEAN} LD_PRELOAD=${CALLS_PRELOAD} $<TARGET_FILE:calls-${name}-static> TIMEOUT 60)
  endif()
endfunction()

calls_test(open_family)
calls_test(open_fortified FLAGS -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
calls_test(open_rare)
calls_test(shared_names)
calls_test(stdio_modes)
calls_test(stdio_freopen)
calls_test(directories)
calls_test(temporary_files)
calls_test(pipes)
calls_test(sockets)
calls_test(accept_family)
calls_test(passed_descriptors)
calls_test(anonymous_descriptors)
calls_test(terminals)
calls_test(duplicates)
calls_test(fcntl_arguments)
calls_test(ioctl_arguments)
calls_test(close_errors)
calls_test(close_ranges)
calls_test(close_on_exec_view)
calls_test(lowest_number)
calls_test(fork_family)
calls_test(vfork_children)
calls_test(clone_flavours)
calls_test(exec_family)
calls_test(exec_failures)
calls_test(exec_environments)
calls_test(spawn_family)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  calls_test(spawn_old NOT static) # libc.a has no old versions
endif()
calls_test(popen_streams)
calls_test(system_status)
calls_test(syscall_numbers)
calls_test(cancellation)
calls_test(interrupted_calls)
calls_test(process_control)
calls_test(table_is_full)

include(${CALLS_DIR}/torture.cmake)
include(${CALLS_DIR}/../unit/wrap/wrap.cmake)
