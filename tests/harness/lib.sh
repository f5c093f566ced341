# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For shell tests: `. "$FDG_SRC/tests/harness/lib.sh"`. Makes an empty directory, goes there, removes it at the end, and counts checks: a test
# that checked nothing fails.

set -u
unset LD_PRELOAD FDGUARD_OPTIONS FDGUARD_NOTE
tmp=$(mktemp -d "${TMPDIR:-/tmp}/fdguard-test.XXXXXX") || exit 99
cd "$tmp" || exit 99
checks=0 failures=0
trap 'status=$?; cd /; rm -rf "$tmp"; exit $status' EXIT
trap 'exit 143' TERM INT HUP

# guarded OPTIONS CMD…: CMD preloaded, with FDGUARD_OPTIONS, findings as JSON in $tmp/log (appended).
guarded() {
	options=$1
	shift
	env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$@"
}

ok() {
	checks=$((checks + 1))
	printf 'ok %d - %s\n' "$checks" "$1"
}

bad() {
	checks=$((checks + 1)) failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$checks" "$1"
	[ -e log ] && sed 's/^/# log: /' log | cut -c1-600 | head -n 20
	return 0
}

# check SENTENCE CMD…: CMD must succeed.
check() {
	sentence=$1
	shift
	if "$@"; then ok "$sentence"; else bad "$sentence"; fi
}

# refuse SENTENCE CMD…: CMD must fail.
refuse() {
	sentence=$1
	shift
	if "$@"; then bad "$sentence"; else ok "$sentence"; fi
}

# same SENTENCE WANT GOT
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		bad "$1"
		printf '# want: %s\n# got:  %s\n' "$2" "$3"
	fi
}

# findings PATTERN: the lines of the log that match (basic regular expression); found/silent test for them.
findings() { [ ! -e log ] || grep -e "$1" log; }
found() { [ -e log ] && grep -q -e "$1" log; }
# quiet: the log holds no finding at level warning or above.
quiet() { ! found '"level":"\(warning\|error\)"'; }
fresh() { rm -f log; }

# finish: last line of every test.
finish() {
	printf '%d passed, %d failed\n' $((checks - failures)) "$failures"
	[ "$failures" -eq 0 ] && [ "$checks" -gt 0 ]
	exit
}

# need PROGRAM…: tests install what they need (scripts/test does); a missing program is a failure, not a skip.
need() {
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 || { bad "needs $program"; finish; }
	done
}
