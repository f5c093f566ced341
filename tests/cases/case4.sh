# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Case 4, memcached at 100 %: an event loop of 2003 and what it turns on without end, bare, watched and mended; the same with a loop that handles it.
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/event_loop.sh
. "$FDG_SRC/tests/cases/event_loop.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
cases=$FDG_SRC/tests/cases
need timeout awk perl
causes="udp pipe full-pipe paused recverr timestamps hangup dup child"
harder="dup-raw worker steady by-clock bytes late-data late-reset late-fork"
innocent="moved" # in an old loop as in one of today

# shellcheck disable=SC2317 # check calls it
finding() {
	name=$1
	shift
	/usr/bin/python3 "$cases/finding.py" "$name.log" "$@" || {
		grep '"guard":"epoll"' "$name.log" | sed 's/^/# /'
		cat "$name.measured"
		return 1
	}
}

# preloaded NAME OPTIONS: what stands in front of a command. close-on-exec is off: the child is to have what it inherited.
preloaded() { echo "env LD_PRELOAD=$FDG_LIB FDGUARD_OPTIONS=format=json:log=$tmp/$1.log:cloexec=off:$2"; }

# says CAUSE MODE: what the program says, in the end. A loop that is not mended hears nothing of what it does not look at, but where it asks later.
says() {
	heard=nothing did='MOD ok, DEL ok, ADD ok, DEL ok'
	case $2-$1 in
	mended-udp | mended-recverr) heard=ECONNREFUSED ;;
	mended-pipe) heard=EOF ;;
	mended-full-pipe) heard=EPIPE ;;
	mended-hangup) heard=EIO ;;
	*-late-reset) heard=ECONNRESET did='DEL ok, ADD ok, DEL ok, ADD ok, DEL ok' ;;
	*-late-data | *-late-fork) heard=data ;;
	*-bytes) heard='65536 bytes' ;;
	*-by-clock) heard='both timestamps' ;;
	*-paused) heard=ECONNRESET did='MOD ok, MOD ok, DEL ok, ADD ok, DEL ok, ADD ok, DEL ok' ;;
	*-dup | *-dup-raw | *-child | *-worker) did='DEL EBADF, ADD ok, DEL ok, ADD ok, DEL ok' ;;
	esac
	case $2-$1 in mended-pipe | mended-full-pipe | mended-hangup) did='DEL ok, ADD ok, DEL ok, ADD ok, DEL ok' ;; esac
	echo "$1: heard $heard; epoll_ctl: $did; 100 of 100 answers; 65536 and 65536 bytes"
}

# made_at CAUSE: the function that made the descriptor.
made_at() {
	case $1 in
	udp | recverr | timestamps | steady | by-clock) echo open_udp ;;
	pipe | full-pipe | late-data | late-fork) echo open_pipe ;;
	hangup) echo open_terminal ;;
	*) echo accept_connection ;;
	esac
}

# events CAUSE: what the kernel reports.
events() {
	case $1 in
	pipe | hangup) echo EPOLLHUP ;;
	late-reset) echo 'EPOLLIN*EPOLLERR*EPOLLHUP' ;;
	late-data | late-fork) echo 'EPOLLIN*EPOLLHUP' ;;
	paused) echo 'EPOLLERR*EPOLLHUP' ;;
	*) echo EPOLLERR ;;
	esac
}

# What the program asked for, or sends: it may live by these wake-ups, and they are left as they are.
is_left() { case $1 in late-* | steady) ;; *) false ;; esac; }
is_late() { case $1 in late-*) ;; *) false ;; esac; }
is_stale() { case $1 in dup | child | dup-raw | worker) ;; *) false ;; esac; }

# Two programs of today that make the mistake.
scripts="python-pipe python-udp perl-pipe"
# script_run NAME SCRIPT BEFORE SECONDS PREFIX…
script_run() {
	name=$1 script=$2 times="$3 $4"
	shift 4
	case $script in
	python-*) set -- "$@" /usr/bin/python3 "$cases/in_only.py" "${script#*-}" ;;
	perl-*) set -- "$@" /usr/bin/perl "$cases/in_only.pl" ;;
	esac
	# shellcheck disable=SC2086 # two words
	run_split "$name" "$@" $times
}

# A connection that was reset has no peer any more.
is_connected() { case $1 in paused | late-reset) false ;; esac; }

# told NAME CAUSE ID CONDITION…: a finding with what is known of the descriptor.
told() {
	name=$1 cause=$2 id=$3
	shift 3
	peer=$(measured "$name" peer)
	if [ -n "$peer" ] && is_connected "$cause"; then set -- "$@" "peer=$peer"; fi
	finding "$name" "$id" "fd=$(measured "$name" fd)" 'site.0.symbol=backend_add+*' 'site.0.object=*/event-loop' "created.0.symbol=$(made_at "$cause")+*" "$@"
}

# told_stale NAME CAUSE CONDITION…: who has it, where it was closed (behind libc nobody saw it) and where it was registered.
told_stale() {
	name=$1 cause=$2
	shift 2
	case $cause in
	dup*) set -- "$@" other_fd=100 "other_pid=$(measured "$name" pid)" ;;
	*) set -- "$@" "other_fd=$(measured "$name" fd)" "other_pid=$(measured "$name" child)" ;;
	esac
	case $cause in
	dup-raw) set -- "$@" 'site.0.symbol=backend_add+*' ;;
	*) set -- "$@" 'site.0.symbol=close_connection+*' 'registered_at=backend_add+*' 'created.0.symbol=accept_connection+*' ;;
	esac
	finding "$name" epoll.stale level=error "fd=$(measured "$name" fd)" "peer=$(measured "$name" peer)" registered=EPOLLIN "$@"
}

# in_turn COMMAND CAUSE…: two at a time.
in_turn() {
	command=$1 turn=
	shift
	for cause in "$@"; do
		$command "$cause" &
		if [ -n "$turn" ]; then
			wait
			turn=
		else
			turn=yes
		fi
	done
	wait
}

#
# Bare
#
# shellcheck disable=SC2317 # in_turn calls it
bare() { loop_run "bare-$1" "$1" old 0 0.8 env; }

# shellcheck disable=SC2317 # in_turn calls it
bare_script() { script_run "bare-$1" "$1" 0 0.8 env; }

# shellcheck disable=SC2086 # words
in_turn bare $causes $harder $innocent
# shellcheck disable=SC2086 # words
in_turn bare_script $scripts
for cause in $causes $harder; do
	same "bare: $cause: what is done later works" "$(says "$cause" bare)" "$(cat "bare-$cause.out")"
	check "bare: $cause: a whole core" turns_in_vain "bare-$cause"
done
same "bare: moved: hears what comes" 'moved: heard all of it; epoll_ctl: ; 100 of 100 answers; 65536 and 65536 bytes' "$(cat bare-moved.out)"
for script in $scripts; do
	same "bare: $script: hears nothing" 'heard nothing' "$(cat "bare-$script.out")"
	check "bare: $script: a whole core" turns_in_vain "bare-$script"
done

#
# Watched: all of them at once, since nobody asks how much of a CPU each got
#
for cause in $causes $harder; do
	# shellcheck disable=SC2046 # words
	loop_run "report-$cause" "$cause" old 0 5 $(preloaded "report-$cause" epoll=report) &
done
for script in $scripts; do
	# shellcheck disable=SC2046 # words
	script_run "report-$script" "$script" 0 5 $(preloaded "report-$script" epoll=report) &
done
wait
for cause in $causes $harder; do
	same "report: $cause: as bare" "$(says "$cause" report)" "$(cat "report-$cause.out")"
	same "report: $cause: nothing else is told" '' "$(grep -E '"level":"(warning|error)"' "report-$cause.log" | grep -v '"id":"epoll\.')"
	check "report: $cause: turns as bare" turns_in_vain "report-$cause"
	if is_stale "$cause"; then
		check "report: $cause: epoll.stale" told_stale "report-$cause" "$cause" action=reported
	else
		# What comes with EPOLLIN, which it asked for, is not passed over.
		is_late "$cause" || check "report: $cause: epoll.ignored" told "report-$cause" "$cause" epoll.ignored level=warning action=reported "events=$(events "$cause")"
		check "report: $cause: epoll.spin" told "report-$cause" "$cause" epoll.spin level=error action=reported "events=$(events "$cause")"
	fi
done
for script in $scripts; do
	same "report: $script: as bare" 'heard nothing' "$(cat "report-$script.out")"
	check "report: $script: turns as bare" turns_in_vain "report-$script"
	for id in epoll.ignored epoll.spin; do
		check "report: $script: $id" finding "report-$script" $id action=reported "fd=$(measured "report-$script" fd)" 'site.0.object=/usr/bin/p[ey]*' \
			"events=$(events "${script#*-}")"
	done
done

#
# Mended, and at the same time the loop that handles it, bare and preloaded
#
for cause in $causes $harder; do
	# shellcheck disable=SC2046 # words
	loop_run "fix-$cause" "$cause" old 4 3 $(preloaded "fix-$cause" epoll=fix) &
	loop_run "proper-$cause" "$cause" proper 0 2.5 env &
	for epoll in report fix; do
		# shellcheck disable=SC2046 # words
		loop_run "proper-$epoll-$cause" "$cause" proper 0 2.5 $(preloaded "proper-$epoll-$cause" epoll=$epoll) &
	done
done
for cause in $innocent; do
	for epoll in report fix; do
		# shellcheck disable=SC2046 # words
		loop_run "innocent-$epoll-$cause" "$cause" old 0 3 $(preloaded "innocent-$epoll-$cause" epoll=$epoll) &
	done
done
for script in $scripts; do
	# shellcheck disable=SC2046 # words
	script_run "fix-$script" "$script" 4 3 $(preloaded "fix-$script" epoll=fix) &
done
wait
for cause in $causes $harder; do
	same "fix: $cause: what is done later works" "$(says "$cause" mended)" "$(cat "fix-$cause.out")"
	if is_left "$cause"; then
		check "fix: $cause: told, and why it is left" told "fix-$cause" "$cause" epoll.spin action=reported 'message=*fdguard does not end it: the program *'
	else
		check "fix: $cause: less than 2 % of a core" rests "fix-$cause"
	fi
	id=epoll.spin
	case $cause in udp | pipe | full-pipe | hangup) id=epoll.ignored ;; esac
	if is_stale "$cause"; then
		check "fix: $cause: told, and mended" told_stale "fix-$cause" "$cause" action=fixed
	elif ! is_left "$cause"; then
		check "fix: $cause: told, and mended" told "fix-$cause" "$cause" $id action=fixed
	fi
	for epoll in report fix; do
		same "$epoll: $cause, handled: as bare" "$(cat "proper-$cause.out")" "$(cat "proper-$epoll-$cause.out")"
		same "$epoll: $cause, handled: nothing to report" '' "$(grep -E '"level":"(warning|error)"' "proper-$epoll-$cause.log")"
		check "$epoll: $cause, handled: covered" grep -q '"id":"run\.start"' "proper-$epoll-$cause.log"
	done
done
refuse "fix: child: taken out before any event came" grep -q '"id":"epoll\.stale".*"events":' fix-child.log
for cause in $innocent; do
	for epoll in report fix; do
		same "$epoll: $cause: as bare" "$(cat "bare-$cause.out")" "$(cat "innocent-$epoll-$cause.out")"
		same "$epoll: $cause: nothing to report" '' "$(grep -E '"level":"(warning|error)"' "innocent-$epoll-$cause.log")"
	done
done
for script in $scripts; do
	case $script in *-pipe) heard=EOF ;; *) heard=ECONNREFUSED ;; esac
	same "fix: $script: hears it" "heard $heard" "$(cat "fix-$script.out")"
	check "fix: $script: less than 2 % of a core" rests "fix-$script"
	check "fix: $script: told, and mended" finding "fix-$script" epoll.ignored action=fixed "fd=$(measured "fix-$script" fd)" 'site.0.object=/usr/bin/p[ey]*'
done

finish
