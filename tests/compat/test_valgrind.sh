# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Under valgrind: memcheck has nothing to say about us, and --track-fds shows no descriptor of ours.
. "$FDG_SRC/tests/harness/lib.sh"
need valgrind
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
need compat-peer

covered() { found '"id":"run\.start".*compat-peer\|compat-peer.*"id":"run\.start"'; }
# memcheck LABEL OPTIONS… CMD…: its output, and what valgrind wrote, without process ids and addresses. LABEL guarded: with us, as a user
# would do it, in the environment of valgrind itself.
memcheck() {
	label=$1
	shift
	set -- valgrind --error-exitcode=9 "$@"
	[ "$label" != guarded ] || set -- env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log" "$@"
	"$@" >"$label.out" 2>raw
	status=$?
	sed 's/^==[0-9]*==/==/; s/0x[0-9A-F]*/ADDRESS/g' raw >"$label.log"
	return $status
}
foreign() { grep -v '^==' "$1.log"; }
no_errors() { grep -q 'ERROR SUMMARY' "$1.log" && ! grep 'ERROR SUMMARY' "$1.log" | grep -v 'ERROR SUMMARY: 0 errors'; }
leaks="--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite"

# shellcheck disable=SC2086 # words, on purpose
for children in no yes; do
	fresh
	check "bare, children $children: memcheck" memcheck bare --trace-children=$children $leaks compat-peer
	check "guarded, children $children: memcheck" memcheck guarded --trace-children=$children $leaks compat-peer
	check "guarded, children $children: 0 errors" no_errors guarded
	same "guarded, children $children: it works" "$(sed 's/^leaked$/not leaked/' bare.out)" "$(cat guarded.out)"
	same "guarded, children $children: nothing else on standard error" "$(foreign bare)" "$(foreign guarded)"
	check "guarded, children $children: covered under valgrind" covered
	check "guarded, children $children: nothing to report" quiet
done

# --track-fds: bare and guarded agree on what is open at the end, whatever way the program went.
open_at_end() { grep 'FILE DESCRIPTORS\|== Open ' "$1.log"; }
for kind in socket pipe; do
	for how in fork vfork spawn system popen; do
		memcheck bare --track-fds=yes cloexec-wrong $kind $how "$FDG_BIN/show-fds"
		memcheck guarded --track-fds=yes cloexec-wrong $kind $how "$FDG_BIN/show-fds"
		check "track-fds, $kind, $how: valgrind lists it" grep -q 'Open AF_INET socket\|Open file descriptor 4' bare.log
		same "track-fds, $kind, $how: no descriptor of ours" "$(open_at_end bare)" "$(open_at_end guarded)"
		same "track-fds, $kind, $how: memcheck has nothing to say" "$(grep 'ERROR SUMMARY' bare.log)" "$(grep 'ERROR SUMMARY' guarded.log)"
	done
done

# The first lookup of a process looks at more than any other.
fresh
check "lookup, bare: memcheck" memcheck bare lookup-wrong localhost 1
check "lookup, guarded: memcheck" memcheck guarded lookup-wrong localhost 1
check "lookup, guarded: 0 errors" no_errors guarded
same "lookup, guarded: nothing else on standard error" "$(foreign bare)" "$(foreign guarded)"
check "lookup, guarded: it was one" found '"lookups\(_by_libc\)\?":1'

finish
