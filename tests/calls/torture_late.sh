# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# torture_late.sh LIBRARY: its destructor runs after the preload's, or before, by its place in LD_PRELOAD.
. "$FDG_SRC/tests/harness/lib.sh"

want=$(printf 'late child\nlate parent')
same "bare" "$want" "$(env LD_PRELOAD="$1" /bin/true)"
same "named after the preload" "$want" "$(env LD_PRELOAD="$FDG_LIB:$1" /bin/true)"
same "named before the preload" "$want" "$(env LD_PRELOAD="$1:$FDG_LIB" /bin/true)"
finish
