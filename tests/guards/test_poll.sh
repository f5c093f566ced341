# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# poll and ppoll: loops that do nothing about what they are told are reported, with epoll=fix a number that is not open no longer makes them spin, and nothing is said of
# programs that do their part. Runs last for a second and a half each, ten at a time.
. "$FDG_SRC/tests/harness/lib.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
cases=$FDG_SRC/tests/cases
pids='' running=0

# start NAME OPTIONS CMD…: in the background; its output goes to NAME.out, findings to NAME.log. OPTIONS "bare": not preloaded.
start() {
	run_name=$1 run_options=$2
	shift 2
	if [ "$run_options" = bare ]; then
		timeout 60 "$@" >"$run_name.out" 2>&1 &
	else
		timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/$run_name.log:$run_options" "$@" >"$run_name.out" 2>&1 &
	fi
	pids="$pids $!" running=$((running + 1))
	[ "$running" -lt 10 ] || settle
}

settle() {
	# shellcheck disable=SC2086 # numbers
	wait $pids
	pids='' running=0
}

# shellcheck disable=SC2317 # check calls it
finding() {
	log=$1.log
	shift
	/usr/bin/python3 "$cases/finding.py" "$tmp/$log" "$@"
}
# shellcheck disable=SC2317
covered() { grep -q '"id":"run.start"' "$1.log"; }
# shellcheck disable=SC2317
silent() { covered "$1" && ! grep -e '"level":"\(warning\|error\)"' "$1.log"; }
how_many() { grep -c "\"id\":\"$2\"" "$1.log"; }

spins='hup err end-of-file in out nval-told'
calms='nval nval-alone nval-read nval-many nval-timeout nval-long-timeout'
others='in-thread reopened reopened-by-other interrupted cancelled left exact'
names='ppoll poll-chk ppoll-chk number-poll number-ppoll'
rights='hup-is-read hup-partial err-is-asked-for nval-is-taken-out other-thread busy events lazy-reader writer sender herd stdio number-again seldom'

for way in $spins $calms; do
	start "bare-$way" bare poll-wrong "$way"
	start "fix-$way" epoll=fix poll-wrong "$way"
done
for way in $others; do
	start "bare-$way" bare poll-left-out "$way"
	start "fix-$way" epoll=fix poll-left-out "$way"
done
for way in hup nval in; do
	start "report-$way" epoll=report poll-wrong "$way"
	start "off-$way" epoll=off poll-wrong "$way"
done
for name in $names; do
	start "name-$name" epoll=fix poll-wrong nval "$name"
done
start patient epoll=fix:epoll.spin=1000000000 poll-wrong nval
for way in $rights; do
	start "bare-$way" bare poll-right "$way"
	start "right-$way" epoll=fix poll-right "$way"
done
timeout 60 env LD_PRELOAD="$FDG_LIB" poll-wrong emfile >emfile.out 2>emfile.text &
pids="$pids $!"
timeout 60 env LD_PRELOAD="$FDG_LIB" poll-wrong nval >text.out 2>text &
pids="$pids $!"
settle

for way in $spins $calms; do
	same "bare: $way" spins "$(cat "bare-$way.out")"
done
for way in $spins; do
	same "fix: $way: is only reported" spins "$(cat "fix-$way.out")"
	check "fix: $way: a spin" finding "fix-$way" epoll.spin level=error action=reported call=poll 'rate=[1-9][0-9][0-9][0-9]*' 'site.0.symbol=wait_once+*'
done
for way in $calms; do
	same "fix: $way: is calm" calm "$(cat "fix-$way.out")"
	check "fix: $way: the spin, and that it was ended" finding "fix-$way" epoll.spin level=error action=fixed call=poll events=POLLNVAL 'rate=[1-9][0-9][0-9][0-9]*' \
		'message=poll returns * times a second with POLLNVAL on fd *, which is not open, and the program goes on asking for it; fdguard leaves it out of the waits until it is open again'
	check "fix: $way: told before" finding "fix-$way" epoll.ignored level=warning action=reported events=POLLNVAL
	same "fix: $way: once" 1 "$(how_many "fix-$way" epoll.spin)"
done
check "hup: ignored first" finding fix-hup epoll.ignored level=warning action=reported events=POLLHUP registered=POLLIN kind=pipe 'created.0.symbol=open_hup+*' \
	'site.0.symbol=wait_once+*' 'message=poll told * times in * ms of POLLHUP on fd * (pipe), and poll-wrong makes no call on it that changes anything'
for way in hup err; do
	check "fix: $way: that it is left alone" finding "fix-$way" epoll.spin action=reported "message=*; fdguard leaves poll's errors and hang-ups to the program"
done
refuse "report: hup: nothing was to be done" finding report-hup epoll.spin 'message=*fdguard*'
check "err: what was asked for" finding fix-err epoll.ignored events=POLLERR registered=nothing 'created.0.symbol=open_err+*'
same "end of file: it was read, not ignored" 0 "$(how_many fix-end-of-file epoll.ignored)"
check "end of file: its last call" finding fix-end-of-file epoll.spin 'last_call=read: end of file'
check "in: found by the sampler" finding fix-in epoll.spin events=POLLIN 'kind=UNIX socket' 'created.0.symbol=open_in+*'
check "out: found by the sampler" finding fix-out epoll.spin events=POLLOUT 'registered=POLLIN|POLLOUT'
same "in: not ignored" 0 "$(how_many fix-in epoll.ignored)"
check "beside one that is ready: told all the time, and counted" finding fix-nval-told epoll.spin events=POLLNVAL action=fixed

same "many, with little stack" calm "$(cat fix-in-thread.out)"
same "bare: many, with little stack" spins "$(cat bare-in-thread.out)"
same "opened again" "calm, then opened, then closed" "$(cat fix-reopened.out)"
same "opened again by another thread, in a wait" "calm, then opened, then closed" "$(cat fix-reopened-by-other.out)"
same "a signal ends the wait" "calm, then interrupted" "$(cat fix-interrupted.out)"
same "the wait can be cancelled" "calm, then cancelled" "$(cat fix-cancelled.out)"
same "what is left of the time, by number" "calm, then some is left" "$(cat fix-left.out)"
same "errors, masks and times" "calm, then told, then interrupted, then interrupted" "$(cat fix-exact.out)"
same "bare: errors, masks and times" "spins, then told, then told, then told" "$(cat bare-exact.out)"
same "bare: opened again" "spins, then opened, then closed" "$(cat bare-reopened.out)"
same "bare: opened by another" "spins, then opened, then closed" "$(cat bare-reopened-by-other.out)"
same "bare: cancelled" "spins, then cancelled" "$(cat bare-cancelled.out)"
same "bare: left" "spins, then some is left" "$(cat bare-left.out)"

for way in hup nval in; do
	same "report: $way: changes nothing" spins "$(cat "report-$way.out")"
	check "report: $way: is reported" finding "report-$way" epoll.spin action=reported
	same "report: $way: nothing was fixed" 0 "$(grep -c '"action":"fixed"' "report-$way.log")"
	same "off: $way" spins "$(cat "off-$way.out")"
	check "off: $way: not a word" silent "off-$way"
done
for name in $names; do
	call=${name%-chk}
	same "$name: is calm" calm "$(cat "name-$name.out")"
	check "$name: named" finding "name-$name" epoll.spin action=fixed "call=${call#number-}" 'site.0.symbol=wait_once+*'
done
same "epoll.spin is the user's: not reached" spins "$(cat patient.out)"
same "epoll.spin is the user's: not said" 0 "$(how_many patient epoll.spin)"

same "accept without room" spins "$(cat emfile.out)"
check "accept without room: why" grep -q 'error: poll returns .* with POLLIN on fd [0-9]* (TCP socket), and its accept fails (accept: EMFILE) \[epoll\.spin\]$' emfile.text
same "text: the program's own output" calm "$(cat text.out)"
check "text: a sentence" grep -q '^fdguard: warning: poll told [0-9,]* times in [0-9]* ms of POLLNVAL on fd [0-9]*, which is not open, and the program goes on asking for it \[epoll\.ignored\]$' text
check "text: where" grep -q '^ *waited at wait_once+0x' text

for way in $rights; do
	same "bare: $way" "done" "$(cat "bare-$way.out")"
	same "right: $way" "done" "$(cat "right-$way.out")"
	check "right: $way: nothing to report" silent "right-$way"
done

finish
