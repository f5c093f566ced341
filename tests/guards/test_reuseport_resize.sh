# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# reuseport.resize: a group that changes while it is in use is a note, one for all that happens within a moment; one that starts, or is not spread by the kernel, is none.
. "$FDG_SRC/tests/harness/lib.sh"

resize() { fresh; timeout 60 env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:cloexec.inherited=keep:$1" "$FDG_BIN/reuseport-resize" "$2" 2>&1; }
finding() { /usr/bin/python3 "$FDG_SRC/tests/cases/finding.py" "$tmp/log" "$@"; }
notes() { findings '"id":"reuseport.resize"' | wc -l; }
moved='flows of sockets that stayed were moved'

same "bare: UDP flows are moved" "$moved" "$(timeout 60 "$FDG_BIN/reuseport-resize" udp)"
same "bare: unless the group stays" 'no flow was moved' "$(timeout 60 "$FDG_BIN/reuseport-resize" udp-keep)"
for mode in report fix; do
	same "$mode: UDP: as bare" "$moved" "$(resize reuseport=$mode udp)"
	check "$mode: UDP: told" finding reuseport.resize level=note action=reported fd=3 members_before=4 members=3 count=3 'local=127.0.0.1:*' \
		'message=the group of SO_REUSEPORT UDP sockets on 127.0.0.1:* went from 4 to 3 members, as reuseport-resize closed fd 3: the kernel deals *' \
		'site.0.symbol=leave_group+*' 'created.0.symbol=join_group+*'
	same "$mode: UDP: once" 1 "$(notes)"
done
resize reuseport=report tcp
check "TCP: told" finding reuseport.resize level=note members_before=4 members=3 'message=*listeners on *another listener*' 'site.0.symbol=leave_group+*'
resize reuseport=report start
same "64 that start and end are one note" 1 "$(notes)"
check "… of the end" finding reuseport.resize members_before=64 members=63
resize reuseport=report grow
check "growth after it was in use: told" finding reuseport.resize members_before=4 members=5 'message=*added fd *' 'site.0.symbol=join_group+*'
for how in udp-keep connected steered single copy; do
	resize reuseport=report $how >out
	same "$how: silent" 0 "$(notes)"
	check "$how: covered" found '"id":"run.start"'
done
resize reuseport=off udp >out
same "off: silent" 0 "$(notes)"

finish
