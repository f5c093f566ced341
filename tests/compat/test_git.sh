# SPDX-License-Identifier: MIT
# shellcheck shell=sh
. "$FDG_SRC/tests/compat/compare.sh"
need git

# An index holds times and inode numbers.
volatile='/index$'
compare "git" 0 sh "$programs/git.sh"

finish
