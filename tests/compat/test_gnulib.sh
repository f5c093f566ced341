# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What gnulib's configure tests and unit tests look at: F_GETFD shows what the program set, whatever we added.
. "$FDG_SRC/tests/compat/compare.sh"

compare "flags, default kinds" 0 compat-gnulib
compare_options=cloexec.kinds=all
compare "flags, all kinds" 0 compat-gnulib
compare_options=cloexec=report
compare "flags, report" 0 compat-gnulib

finish
