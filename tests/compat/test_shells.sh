# SPDX-License-Identifier: MIT
# shellcheck shell=sh
. "$FDG_SRC/tests/compat/compare.sh"
need bash dash busybox flock

compare "dash" 5 dash "$programs/common.sh"
compare "bash, POSIX script" 5 bash "$programs/common.sh"
compare "bash as sh" 5 bash --posix "$programs/common.sh"
compare "busybox sh" 5 busybox sh "$programs/common.sh"
compare "bash" 6 bash "$programs/bash.sh"

finish
