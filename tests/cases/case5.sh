# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Case 5, a dup that made ten thousand sockets blocking: the manager in C, bare, watched and mended; Python's asyncio, which makes the original of a copy non-blocking;
# and node, whose child gets a connection of its parent's as standard input.
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/cases/swarm.sh
. "$FDG_SRC/tests/cases/swarm.sh"
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
cases=$FDG_SRC/tests/cases
need node timeout

# shellcheck disable=SC2317 # check calls it
finding() { /usr/bin/python3 "$cases/finding.py" "$tmp/log" "$@"; }
count() { findings "\"id\":\"$1\"" | wc -l; }

#
# The manager
#
met='deadline met: 63 of 63 pings were answered in time'
missed='deadline missed: 0 of 63 pings were answered in time'
kept="the loop was kept until the answer came
$missed"
mended="the copy waited, and got: answer
$met"
same "without a copy the manager keeps its deadline" "the loop got: answer
$met" "$(swarm original)"
same "bare: the copy makes the connection blocking, and the loop stands still" "$kept" "$(swarm copy)"

fresh
same "report: as bare" "$kept" "$(swarm copy guarded nonblock=report)"
check "report: both descriptors, both places, and the peer" finding nonblock.shared level=warning action=reported mode=blocking fd=5 other_fd=4 \
	"peer=127.0.0.1:$(cat port)" 'site.0.symbol=file_of+*' 'site.0.object=*/swarm' 'created.0.symbol=open_connection+*' 'created.0.object=*/swarm'
check "report: the thread that it kept, where, and for how long" finding nonblock.stall level=warning call=read fd=4 "peer=127.0.0.1:$(cat port)" \
	'site.0.symbol=drain+*' 'created.0.symbol=open_connection+*' 'age_ms=[1-9][0-9][0-9][0-9]' waiting=63
same "report: each once" '1 1' "$(count nonblock.shared) $(count nonblock.stall)"

fresh
same "fix: the deadline is kept, and the copy waits" "$mended" "$(swarm copy guarded nonblock=fix)"
check "fix: it is told" finding nonblock.shared action=fixed mode=blocking fd=5 other_fd=4 "peer=127.0.0.1:$(cat port)" 'site.0.symbol=file_of+*'
same "fix: nobody is kept" 0 "$(count nonblock.stall)"

fresh
same "off: as bare" "$kept" "$(swarm copy guarded nonblock=off)"
check "off: nothing is said" quiet

for nonblock in report fix; do
	fresh
	same "$nonblock: without a copy" "the loop got: answer
$met" "$(swarm original guarded nonblock=$nonblock)"
	check "$nonblock: without a copy: nothing to report" quiet
done

#
# asyncio: the other direction
#
failed='the thread failed: BlockingIOError: [Errno 11] Resource temporarily unavailable'
same "bare: asyncio's copy makes the original non-blocking" "$failed" "$(timeout 20 /usr/bin/python3 "$cases/half_asyncio.py")"
fresh
same "report: asyncio: as bare" "$failed" "$(guarded nonblock=report timeout 20 /usr/bin/python3 "$cases/half_asyncio.py")"
check "report: asyncio: told" finding nonblock.shared level=warning action=reported mode=non-blocking 'site.0.object=*python3*' 'message=half_asyncio.py (python3) *'
fresh
same "fix: asyncio: the original waits" 'the thread read: HELLO' "$(guarded nonblock=fix timeout 20 /usr/bin/python3 "$cases/half_asyncio.py")"
check "fix: asyncio: told" finding nonblock.shared action=fixed mode=non-blocking

#
# node: across a fork
#
failed='deadline missed: the server writes, and does nothing else
status 0'
same "bare: node's child makes its parent's connection blocking" "$failed" "$(timeout 30 /usr/bin/python3 "$cases/node_visitor.py")"
fresh
same "report: node: as bare" "$failed" \
	"$(timeout 30 /usr/bin/python3 "$cases/node_visitor.py" env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:nonblock=report")"
check "report: node: whose connection it was" finding nonblock.shared level=warning action=reported fd=0 mode=blocking 'peer=127.0.0.1:*' \
	'site.0.object=*' 'created.0.object=*' 'other_fd=[1-9]*'

finish
