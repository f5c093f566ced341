# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Random sequences of calls on epolls and descriptors. With epoll=report a program sees what it sees bare, byte by byte; with epoll=fix what it would see if it took a number
# out of the interest lists before it closed it for good, and if an error that comes but once came as select tells it. FDG_SEED tries other sequences.
. "$FDG_SRC/tests/harness/lib.sh"

seed=${FDG_SEED:-1} count=${FDG_COUNT:-200}
others=cloexec=off:select=off:nonblock=off

# As lib.sh's, but a program that waits for what does not come ends in a failed check.
guarded() {
	options=$1
	shift
	timeout 100 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$@"
}

# play WHAT KIND [CMD…]: leaves the transcript in the file WHAT, and what was tried in WHAT.tried.
play() {
	what=$1 kind=$2
	shift 2
	"$@" "$FDG_BIN/epoll-model" "$kind" "$seed" "$count" >"$what" 2>"$what.tried"
	status=$?
	[ $status -eq 0 ] || { echo "# $what: exit status $status"; sed 's/^/# /' "$what.tried"; }
	return $status
}

# alike ONE OTHER: shows where they part, with the sequence's name and the calls before.
alike() {
	cmp -s "$1" "$2" && return 0
	line=$(cmp "$1" "$2" 2>&1 | sed -n 's/.*line \([0-9]*\)$/\1/p')
	[ -n "$line" ] || line=$(($(wc -l <"$2") + 1))
	echo "# $1 and $2 part in $(sed -n "1,${line}p" "$1" | grep '^seed' | tail -n 1), line $line:"
	sed -n "$((line > 8 ? line - 8 : 1)),${line}p" "$1" | sed "s/^/# $1: /"
	sed -n "${line}p" "$2" | sed "s/^/# $2: /"
	return 1
}

check "bare: everything was tried" play bare free timeout 100
sed 's/^/# /' bare.tried
check "bare: the same sequences once more are the same" play again free timeout 100
check "bare: the same sequences give the same transcript" alike bare again
check "report: runs" play report free guarded "epoll=report:$others"
check "report: nothing that the program sees is changed" alike bare report
check "report: the library was there" found '"id":"run.start"'
check "all guards report: runs" play observed free guarded epoll=report:cloexec=report:select=report:nonblock=report
check "all guards report: nothing that the program sees is changed" alike bare observed

fresh
check "mended by the program itself: everything was tried" play mended mended timeout 100
sed 's/^/# /' mended.tried
check "mended by the program itself: no event of a number that was closed for good" grep -qx 'events of closed numbers: 0' mended.tried
check "fix: runs" play fixed tame guarded "epoll=fix:$others"
check "fix: what the program would see if it were mended" alike mended fixed
check "fix: the library was there" found '"id":"run.start"'

# What passes by the library, in sequences that take as long as it takes to be found: all at once, since they wait for the most part.
count=1
fresh
for seed in $((seed + 1)) $((seed + 2)) $((seed + 3)) $((seed + 4)) $((seed + 5)); do
	play "plain.$seed" unseen timeout 100 &
	play "cured.$seed" unseen guarded "epoll=fix:$others" &
done
wait
for plain in plain.*[0-9]; do
	seed=${plain#plain.}
	check "unseen, fix: seed $seed: what is left is as it is bare" alike "$plain" "cured.$seed"
done

# Some stay: of descriptors that nobody can take hold of, that another process may be at, or of whose registration nobody knows.
stayed() { cat "$1".*.tried | awk '/^errors of closed numbers that stayed/ { n += $NF } END { print n }'; }
echo "# errors of closed numbers that stayed: $(stayed plain) bare, $(stayed cured) with epoll=fix"
check "unseen, fix: fewer stay" test "$(stayed cured)" -lt "$(stayed plain)"
check "unseen, fix: what fires is taken out" found '"id":"epoll\.stale","level":"error","action":"fixed".*"events"'

finish
