# What is installed: the Debian package, and the manual pages. tests/package/clean.sh is for the hand.
fdguard_test(package/deb ${CMAKE_CURRENT_LIST_DIR}/test_deb.sh TIMEOUT 300)
fdguard_test(package/manual ${CMAKE_CURRENT_LIST_DIR}/test_pages.sh)
