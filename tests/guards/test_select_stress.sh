# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# select beyond 1,024 in handlers, threads and children, on small stacks, cancelled, and left by siglongjmp. Each part in a process of its own: the first
# report of a process is made there too.
. "$FDG_SRC/tests/guards/rules.sh"

run() {
	"$@" >out 2>&1
	status=$?
	sed 's/^/# /' out
	return $status
}

for part in handlers signal-stack threads thread-stack cancelled children siglongjmp; do
	check "bare: $part" run timeout 60 select-stress legitimate $part
	for select in fix report; do
		fresh
		check "$select: $part" run guarded select=$select select-stress legitimate $part
		check "$select: $part: covered" covered
		check "$select: $part: nothing to report" quiet
	done
	fresh
	check "fix: $part, sets written past their end" run guarded select=fix select-stress overflow $part
	case $part in
	signal-stack | thread-stack) continue ;; # a stack may be too small for a repair, and for a report
	esac
	check "fix: $part: reported as fixed" found '"id":"select\.overflow","level":"error","action":"fixed"'
done

finish
