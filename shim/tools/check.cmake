# The harness behind `fdguard check`, in a library of its own for its tests.
add_library(fdguard-harness STATIC tools/json.c tools/log.c tools/fingerprint.c tools/text.c tools/baseline.c tools/judge.c tools/leaks.c tools/tree.c tools/caller.c tools/collect.c
  tools/processes.c tools/coverage.c tools/left_out.c tools/harness.c tools/place.c tools/result.c tools/check_options.c tools/summary.c tools/run_json.c tools/binary.c)
target_link_libraries(fdguard-harness PUBLIC fdguard-output)

fdguard_tool(fdguard-check)
target_link_libraries(fdguard-check PRIVATE fdguard-harness)
