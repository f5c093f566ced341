# SPDX-License-Identifier: MIT
# shellcheck shell=sh
. "$FDG_SRC/tests/compat/compare.sh"
need node

compare "node" 3 node "$programs/processes.js"

finish
