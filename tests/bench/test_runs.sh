# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The benchmarks run and print well-formed rows, and --budget can fail. No check on time.
. "$FDG_SRC/tests/harness/lib.sh"
need strace
tab=$(printf '\t')

# rows FILE: every row has a name and numbers where the contract wants them, and as many columns as the heading names.
rows() {
	awk -F "$tab" '
		/^#/ { columns = NF; next }
		{ rows++ }
		NF != columns || $1 == "" || $2 !~ /^[0-9]+(\.[0-9]+)?$/ || $3 !~ /^[0-9]+(\.[0-9]+)?$/ || $4 !~ /^[0-9]+\.[0-9]+$/ || $2 <= 0 || $3 <= 0 { print; bad++ }
		END { exit !(rows && !bad) }' "$1"
}

# to FILE CMD…
to() {
	file=$1
	shift
	"$@" >"$file" 2>err
}

check "bench-calls --list" to works "$FDG_BIN/bench-calls" --list
check "bench-calls" to calls "$FDG_BIN/bench-calls" --quick
same "bench-calls: nothing on standard error but the finding about the set that overran" "" "$(grep -v -e '^  ' -e 'select_*.*\[select\.overflow\]$' err)"
check "bench-calls: rows" rows calls
same "bench-calls: a row for each work" "$(cat works)" "$(grep -v '^#' calls | cut -f1)"
check "bench-calls --wrap" to wrapped "$FDG_BIN/bench-calls" --quick --wall --only 'fcntl*' --wrap 'strace -f -o /dev/null'
check "bench-calls --wrap: rows" rows wrapped
refuse "bench-calls --budget fails under strace" to over "$FDG_BIN/bench-calls" --quick --wall --budget --only 'fcntl*' --wrap 'strace -f -o /dev/null'
check "and says what" grep -q "^fcntl F_GETFL${tab}.*${tab}over${tab}" over
refuse "a library that is not there" to none "$FDG_BIN/bench-calls" --quick --only poll --lib "$tmp/missing.so"
refuse "a library that is not there, for a child" to none "$FDG_BIN/bench-calls" --quick --only 'start*' --lib "$tmp/missing.so"
refuse "a work that is not there" to none "$FDG_BIN/bench-calls" --quick --only nothing
check "bench-memory" to memory "$FDG_BIN/bench-memory"
check "bench-memory: rows" rows memory
check "bench-resolver" to resolver "$FDG_BIN/bench-resolver" 2000
same "bench-resolver: all names are resolved, one type and two" "A 0 A+AAAA 0" "$(awk -F "$tab" '$2 == "fdguard" { print $1, $7 }' resolver | paste -s -d ' ' -)"

finish
