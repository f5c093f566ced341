# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# spawn_targets.sh PROGRAM: descriptors that posix_spawn's file actions name are meant for the child, and nothing is said about them; others are
# not (cloexec=report shows that the program has such).
. "$FDG_SRC/tests/harness/lib.sh"

check "guarded" guarded cloexec=fix "$1"
refuse "nothing named leaked" found '"id":"cloexec.leaked"'
refuse "in whatever order it is named: no child calls it a stranger" found '"id":"cloexec.inherited"'
fresh
check "observed" guarded cloexec=report "$1"
check "what is not named leaks" found '"id":"cloexec.leaked"'
refuse "but what is named does not: not one message about a child that was given 30" found '"id":"cloexec.leaked".*"count":\([5-9]\|[1-9][0-9]\)'
refuse "nor is it a stranger" found '"id":"cloexec.inherited"'
finish
