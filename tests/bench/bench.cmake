# Benchmarks: build/bin/bench-* print tab-separated rows (work, bare, guarded, ratio, and more; a line that begins with # names the columns).
# bench-calls runs every work of the design's table bare, with an empty preload and guarded; bench-memory looks at resident memory; table.sh
# prints it all, beside valgrind, strace and socket_wrapper. Nothing in ctest depends on time: bench/runs sees that they run.
# echo.sh is of an echo server in Go, supervised and under strace (by hand; supervise/go sees that it runs).
if(FDGUARD_SANITIZE)
  return() # these programs are preloaded into, and a sanitizer wants to be first
endif()
add_library(bench-empty MODULE bench/empty.c)
set_target_properties(bench-empty PROPERTIES PREFIX lib)
add_executable(bench-calls bench/bench_calls.c bench/works.c bench/works_data.c bench/works_lookup.c bench/own_network.c bench/responder.c bench/worker.c bench/lane.c bench/statistics.c)
add_executable(bench-memory bench/bench_memory.c bench/lane.c)
foreach(target bench-calls bench-memory)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE BENCH_TRUE_STATIC="${CMAKE_CURRENT_BINARY_DIR}/bench/true-static")
endforeach()
target_compile_options(bench-calls PRIVATE -O2)

# A program that no preload gets into: what starting a child costs in the parent alone.
add_executable(bench-true-static bench/true.c)
target_link_options(bench-true-static PRIVATE -static)
set_target_properties(bench-true-static PROPERTIES OUTPUT_NAME true-static RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bench)

fdguard_test(bench/runs ${CMAKE_CURRENT_SOURCE_DIR}/bench/test_runs.sh TIMEOUT 300)

# What a sweep of guard closewait costs: the core of the library, called as a wrapper calls it.
if(TARGET fdguard-core-test)
  add_executable(bench-sweep bench/bench_sweep.c)
  target_compile_definitions(bench-sweep PRIVATE FDG_TEST)
  target_link_libraries(bench-sweep PRIVATE fdguard-flags fdguard-core-test ${BSD_STATIC} pthread)
endif()

# Names in bulk, ours and through libc and what peers are there (libadns1-dev, libudns-dev, libc-ares-dev, libevent-dev, libunbound-dev).
add_executable(bench-resolver bench/bench_resolver.c bench/peers.c bench/peers_ours.c bench/peers_libc.c bench/peers_dns.c bench/peers_event.c bench/peers_floor.c
  bench/own_network.c bench/responder.c)
target_include_directories(bench-resolver PRIVATE bench)
target_link_libraries(bench-resolver PRIVATE fdguard-flags fdguard-resolver-test fdguard-core-archive pthread)
target_include_directories(bench-resolver PRIVATE ${PROJECT_SOURCE_DIR}/shim/include)
target_compile_options(bench-resolver PRIVATE -O2)
target_compile_definitions(bench-resolver PRIVATE FDG_TEST)
find_library(BENCH_libevent event)
foreach(peer adns udns cares unbound evdns)
  set(library ${peer})
  set(header ${peer}.h)
  if(peer STREQUAL cares)
    set(header ares.h)
  elseif(peer STREQUAL evdns)
    set(library event)
    set(header event2/dns.h)
  elseif(peer STREQUAL unbound)
    set(header unbound-event.h)
  endif()
  find_library(BENCH_${peer} ${library})
  find_path(BENCH_${peer}_INCLUDE ${header})
  if(BENCH_${peer} AND BENCH_${peer}_INCLUDE AND (BENCH_libevent OR NOT peer STREQUAL unbound))
    string(TOUPPER HAVE_${peer} have)
    target_link_libraries(bench-resolver PRIVATE ${BENCH_${peer}})
    target_compile_definitions(bench-resolver PRIVATE ${have})
    if(peer STREQUAL unbound)
      target_link_libraries(bench-resolver PRIVATE ${BENCH_libevent})
    endif()
  endif()
endforeach()
