# fdguard report: what it reads and writes, and its page in a browser (headless Chromium, driven over a pipe by browser.py).
if(FDGUARD_SANITIZE)
  return() # the programs of the cases are preloaded into, and a sanitizer wants to be first
endif()
fdguard_test(report/report ${CMAKE_CURRENT_LIST_DIR}/test_report.sh)
fdguard_test(report/page ${CMAKE_CURRENT_LIST_DIR}/test_page.sh)
fdguard_test(report/cases ${CMAKE_CURRENT_LIST_DIR}/test_cases.sh)
