# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# still_guarded.sh PROGRAM: guarded, every fresh descriptor is marked, before and after everything that could make us lose our place.
. "$FDG_SRC/tests/harness/lib.sh"

refuse "bare it cannot hold" "$1" 2>/dev/null
check "default kinds" guarded cloexec=fix "$1"
check "all kinds" guarded cloexec.kinds=all "$1" all
refuse "observed, nothing is marked" guarded cloexec=report "$1" 2>/dev/null
finish
