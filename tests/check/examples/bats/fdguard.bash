# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# In a .bats file: `load fdguard`. Then
#   fdguard_check [option…] -- program [argument…]
# runs program under `fdguard check`. Its status is not 0 if there are findings, or if the program's own is not; what is to be said is in the
# test's output. Standard output is the program's.
fdguard_check() {
	"${FDGUARD:-fdguard}" check "$@"
}
