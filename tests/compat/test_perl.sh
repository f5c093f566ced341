# SPDX-License-Identifier: MIT
# shellcheck shell=sh
. "$FDG_SRC/tests/compat/compare.sh"
need perl

compare "perl" 9 perl "$programs/processes.pl"

finish
