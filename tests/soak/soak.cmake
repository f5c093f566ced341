# A server that goes on for long: scripts/test --quick leaves these out. One minute of it here; tests/soak/test_churn.sh takes more by FDG_SOAK_SECONDS.
fdguard_program(soak-churn ${CMAKE_CURRENT_LIST_DIR}/churn.c FLAGS -O1 LIBS pthread)
fdguard_test(soak/churn ${CMAKE_CURRENT_LIST_DIR}/test_churn.sh TIMEOUT 300)
