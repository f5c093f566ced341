# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# keepalive and keepalive.user_timeout: set on every TCP socket of a program that knows nothing of it, but for what it sets itself; and a peer that vanished is noticed.
# Lasts for three seconds, most of them in the background.
. "$FDG_SRC/tests/harness/lib.sh"
need ss unshare ip
export PATH="$FDG_BIN:/usr/bin:/bin:/usr/sbin:/sbin" LC_ALL=C
chosen=keepalive=70/20/3:keepalive.user_timeout=9s

bare() { timeout 30 keepalive "$@"; }
forced() { guarded "$1" timeout 30 keepalive "$2"; }
word() { sed -n "s/^$1: //p" "$2"; }

for way in idle unanswered; do
	guarded keepalive=1/1/2:keepalive.user_timeout=600ms timeout 30 keepalive "$way" >"vanished-$way" 2>&1 &
	eval "pid_$way=$!"
done
guarded keepalive=1/1/2 timeout 30 keepalive idle >vanished-on 2>&1 &
pid_on=$!
# keepalive=on has the system's timers: short ones, in a network of its own.
cat >short-timers <<'END'
cd /proc/sys/net/ipv4 && ip link set lo up && echo 1 >tcp_keepalive_time && echo 1 >tcp_keepalive_intvl && echo 2 >tcp_keepalive_probes || exit
cd "$OLDPWD" && exec env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="log=none:keepalive=$1" timeout 30 keepalive idle
END
unshare -n sh short-timers on >short-on 2>&1 &
pid_short_on=$!

bare made >bare.made
forced $chosen made >made
forced keepalive=on made >on.made
forced keepalive.user_timeout=9s made >timeout.made
forced level=note made >off.made
system=$(word tcp bare.made | cut -d " " -f 2)
same "bare: none" "0 $system 0" "$(word tcp bare.made)"
same "off: as bare" "$(cat bare.made)" "$(cat off.made)"
for socket in tcp tcp6 'by number'; do
	same "$socket" "1 70/20/3 9000" "$(word "$socket" made)"
	same "on: $socket has the system's timers" "1 $system 0" "$(word "$socket" on.made)"
	same "the timeout alone: $socket" "0 $system 9000" "$(word "$socket" timeout.made)"
done
for rest in udp unix errno; do
	same "$rest is left alone" "$(word "$rest" bare.made)" "$(word "$rest" made)"
done

forced $chosen explicit >explicit
same "what the program sets is what there is" "0 99/20/3 9000" "$(word set explicit)"
same "… by number, too" "0 70/20/3 9000" "$(word 'set by number' explicit)"

forced $chosen accepted >accepted
for way in accepted accept4 'by number'; do
	same "accept: $way" "1 70/20/3 9000" "$(word "$way" accepted)"
done
same "accept: what the program set on the listener" "0 99/20/3 9000" "$(word 'as the listener was set' accepted)"

bare hand-over keepalive inherited >bare.inherited
bare hand-over env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="log=none:$chosen" keepalive inherited >inherited
bare send env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="log=none:$chosen" keepalive arrived >arrived
same "bare: inherited" "0 $system 0" "$(word listener bare.inherited)"
for what in listener waited came; do
	same "inherited: $what" "1 70/20/3 9000" "$(word $what inherited)"
done
same "it arrived" "1 70/20/3 9000" "$(word arrived arrived)"

mkfifo hold
guarded keepalive=600/20/3 timeout 30 keepalive stays <hold >port &
stays=$!
exec 3>hold
for _ in $(seq 100); do
	[ -s port ] && break
	sleep 0.05
done
ss -tnoH "sport = :$(cat port)" >timers
exec 3>&-
wait $stays
check "ss shows the timer" grep -q 'timer:(keepalive,\(9min\|10min\)[0-9a-z]*,0)' timers

wait "$pid_idle" "$pid_unanswered" "$pid_on" "$pid_short_on"
same "a peer that vanished is noticed" "connected from 1
Connection timed out" "$(cat vanished-on)"
same "… by the system's timers" "connected from 1
Connection timed out" "$(cat short-on)"
same "… sooner, with the timeout" "connected from 1
Connection timed out" "$(cat vanished-idle)"
same "… and while it is to acknowledge" "connected from 1
Connection timed out" "$(cat vanished-unanswered)"
check "nothing to report" quiet

finish
