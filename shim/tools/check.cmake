# The harness behind `fdguard check`, in a library of its own for its tests.
add_library(fdguard-harness STATIC tools/text.c tools/baseline.c tools/judge.c tools/leaks.c tools/meant.c tools/ending.c tools/functions.c tools/tree.c tools/numbers.c tools/awaited.c tools/caller.c tools/absent.c tools/drivers.c tools/collect.c
  tools/processes.c tools/coverage.c tools/left_out.c tools/harness.c tools/place.c tools/result.c tools/check_options.c tools/summary.c tools/summary_finding.c tools/page.c tools/run_json.c tools/binary.c)
target_link_libraries(fdguard-harness PUBLIC fdguard-output)

fdguard_tool(fdguard-check)
target_link_libraries(fdguard-check PRIVATE fdguard-harness)
