#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/dev/longest.sh [N [FOLDER…]]: the N (20) longest functions of shim/, or of other folders; for looking, not for failing. Needs universal-ctags.
set -eu
cd "$(dirname -- "$0")/../.."
n=${1:-20}
[ $# -gt 0 ] && shift
command -v ctags >/dev/null || { echo "longest.sh needs universal-ctags" >&2; exit 2; }
ctags -x --languages=C --c-kinds=f --fields=+ne --_xformat='%n %e %F %N' -R "${@:-shim}" |
	awk '{ l = $2 - $1 + 1; print l, $3 ":" $1, $4; total++; sum += l; if (l > 45) over++ }
	END { printf "%d functions, %.1f lines on average, %d over 45 lines\n", total, total ? sum / total : 0, over > "/dev/stderr" }' |
	sort -rn | head -n "$n"
