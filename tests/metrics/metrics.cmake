# Option metrics, and the sinks syslog and journal: what leaves the machine that a program runs on.
if(FDGUARD_SANITIZE)
  return()
endif()
fdguard_test(metrics/metrics ${CMAKE_CURRENT_LIST_DIR}/test_metrics.sh)
fdguard_test(metrics/sinks ${CMAKE_CURRENT_LIST_DIR}/test_sinks.sh)
