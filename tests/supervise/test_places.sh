# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Many threads, daemons, namespaces, other people's filters, users without privilege.
. "$FDG_SRC/tests/supervise/lib.sh"
need unshare setpriv pgrep

log() { echo "format=json:log=$tmp/log"; }

ulimit -n "$(ulimit -H -n)"
same "10,000 threads, three changes each: all do what they should" "10000 of 10000" "$(FDGUARD_OPTIONS=log=none "$supervise" "$acts" acts threads 10000 3)"

# ---- daemons ----
fresh
FDGUARD_OPTIONS=$(log) "$supervise" "$acts" acts daemon "$tmp/go"
same "a program that goes into the background is over for its caller" 0 $?
check "and its other half lives on" eventually test -s go.pid
daemon=$(cat go.pid)
refuse "and is there" ended "$daemon"
: >go
check "what it does later is told of" eventually found "\"pid\":$daemon,.*turned fd"
check "until it ends" eventually ended "$daemon"

# ---- process namespaces ----
for proc in '' --mount-proc; do
	fresh
	same "a program that makes a namespace of processes ($proc)" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$(log) "$supervise" "$(command -v unshare)" unshare -pf $proc "$acts" copy dup)"
	check "is told of by the number that the supervisor sees" found '"id":"nonblock.shared".*acts turned fd 5'
	fresh
	same "the first process of a namespace ($proc)" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$(log) timeout -s KILL 10 unshare -pf --kill-child $proc "$supervise" "$acts" acts copy dup)"
	if [ -n "$proc" ]; then
		check "is told of" found '"pid":1,.*"id":"nonblock.shared".*acts turned fd 5'
	else
		check "is said to be unguarded, for /proc is not its own" found '"id":"run.uncovered".*/proc'
	fi
done
timeout -s KILL 10 unshare -pf --kill-child --mount-proc "$supervise" "$acts" acts born >out
check "it has no child that it would wait for" grep -q 'no child: 1' out

# ---- more than one supervisor ----
fresh
same "a supervised program that is supervised again" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$(log) "$supervise" "$supervise" fdguard-supervise "$acts" acts copy dup)"
same "is told of once" 1 "$(findings nonblock.shared | wc -l)"
refuse "and covered" found run.uncovered
for place in listener forbid none; do
	fresh
	same "$place: the program runs" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$(log) "$FDG_BIN/outer" $place "$supervise" "$acts" acts copy dup)"
	check "$place: and is said to be unguarded" found '"id":"run.uncovered","level":"warning".*"message":"acts runs unguarded: it '
	refuse "$place: nothing else is" found nonblock.shared
done
refuse "nobody is left to watch" pgrep -f "^fdguard: supervises $$\$"

# ---- without privilege ----
chmod 755 "$tmp" && mkdir -m 777 open && cp "$acts" "$supervise" open/
fresh
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
: >log && chmod 666 log
same "a user without privilege" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$(log) $nobody "$tmp/open/fdguard-supervise" "$tmp/open/acts" acts copy dup)"
check "is told of, with all details" found 'acts turned fd 5 (UNIX socket) blocking'
same "no_new_privs is set for it" 1 "$($nobody "$tmp/open/fdguard-supervise" "$bash" bash -c 'while read -r k v; do [ "$k" != NoNewPrivs: ] || echo $v; done </proc/self/status')"
same "and for root it is not" 0 "$("$supervise" "$bash" bash -c 'while read -r k v; do [ "$k" != NoNewPrivs: ] || echo $v; done </proc/self/status')"
fresh
: >log && chmod 666 log
same "one that gives its privilege up" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$(log) "$supervise" "$(command -v setpriv)" $nobody "$tmp/open/acts" copy dup)"
check "is told of" found 'acts turned fd 5 (UNIX socket) blocking'

finish
