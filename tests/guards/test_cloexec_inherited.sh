# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# cloexec.inherited: only the child is guarded, and its parent, who is not, leaked into it. What a command line, the environment or a shell's
# redirection accounts for is kept and not reported; a grandchild does not repeat what its parent said.
. "$FDG_SRC/tests/guards/rules.sh"
nl='
'
cd "$tmp" || exit 99
echo "line of input" >input

# leaked KIND OPTIONS CMD…: CMD guarded, under a bare parent that leaks a KIND into it.
leaked() {
	kind=$1 leaked_options=$2
	shift 2
	fresh
	cloexec-wrong "$kind" fork /usr/bin/env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:$leaked_options" "$@" 2>err
}
inherited_lines() { findings '"id":"cloexec\.inherited"'; }
once() { [ "$(inherited_lines | wc -l)" -eq 1 ]; }
says() { inherited_lines | grep -q "$1"; }
silent() { covered && quiet; }

for kind in socket epoll file pipe dup; do
	same "report: a $kind stays" "$(cloexec-wrong $kind fork "$FDG_BIN/show-fds")" "$(leaked $kind cloexec.inherited=report show-fds)"
	check "report: a $kind is reported once" once
	check "report: a $kind: a warning" says '"level":"warning"'
	check "report: a $kind: nothing was done" says '"action":"reported"'

	same "close: a $kind is gone before main" "" "$(leaked $kind cloexec.inherited=close show-fds)"
	check "close: a $kind is reported all the same" once
	check "close: a $kind: it was fixed" says '"action":"fixed"'

	same "keep: a $kind stays" "$(cloexec-wrong $kind fork "$FDG_BIN/show-fds")" "$(leaked $kind cloexec.inherited=keep show-fds)"
	check "keep: a $kind: not reported" silent
done

leaked socket cloexec.inherited=report show-fds >out
check "report: which descriptors" says '"fds":"3"'
check "report: which kinds" says '"kinds":"[^"]*UDP socket'
check "report: in whose image" says '"exe":"[^"]*/show-fds"'
leaked pipe cloexec.inherited=report show-fds >out
check "report: two ends of a pipe" says '"fds":"3-4"'
check "report: how many" says '"count":2'

for mode in report close; do
	same "$mode: a socket named in argv stays" "3 socket" "$(leaked socket cloexec.inherited=$mode show-fds --fd=3)"
	check "$mode: a socket named in argv: nothing to report" silent
	same "$mode: a socket named in the environment stays" "3 socket" "$(SERVER_FD=3 leaked socket cloexec.inherited=$mode show-fds)"
	check "$mode: a socket named in the environment: nothing to report" silent
	same "$mode: a jobserver's pipe stays" "3 pipe${nl}4 pipe" "$(MAKEFLAGS=' -j2 --jobserver-auth=3,4' leaked pipe cloexec.inherited=$mode show-fds)"
	check "$mode: a jobserver's pipe: nothing to report" silent
	same "$mode: a socket that cloexec.allow names stays" "3 socket" "$(leaked socket "cloexec.inherited=$mode:cloexec.allow=3" show-fds)"
	check "$mode: a socket that cloexec.allow names: nothing to report" silent
	same "$mode: sockets that cloexec.allow names stay" "3 socket" "$(leaked socket "cloexec.inherited=$mode:cloexec.allow=socket" show-fds)"
	check "$mode: sockets that cloexec.allow names: nothing to report" silent

	for shell in dash bash; do
		fresh
		cat >shell.script <<END
LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:cloexec.inherited=$mode" show-fds 3<input 9>out
exec 4<input 5>&1
LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:cloexec.inherited=$mode" show-fds
true
END
		same "$mode: $shell: redirections stay" "3 file${nl}9 file${nl}4 file${nl}5 pipe" "$($shell shell.script)"
		check "$mode: $shell: redirections: nothing to report" silent
	done
done

# One report for the family: the shell says it, its children do not.
same "report: the children of the first guarded program get it too" "3 socket${nl}3 socket" \
	"$(leaked socket cloexec.inherited=report dash -c 'show-fds; bash -c "show-fds; true"')"
check "report: one report for the family" once
refuse "report: and no child calls it leaked" found '"id":"cloexec\.leaked"'
same "close: the children do not get it" "" "$(leaked socket cloexec.inherited=close dash -c 'show-fds; bash -c "show-fds; true"')"
check "close: one report for the family" once

# What a guarded parent leaks is cloexec.leaked, with the parent's site, and not inherited as well.
fresh
guarded cloexec=report cloexec-wrong socket fork show-fds >out
check "a guarded parent's leak is cloexec.leaked" found '"id":"cloexec\.leaked"'
refuse "and not cloexec.inherited" found '"id":"cloexec\.inherited"'

# Eleven hundred of them, as in the incident: one report, the whole range.
cat >many.py <<'END'
import os, resource, socket, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (1200, hard))
keep = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(1100)]
for s in keep:
    os.set_inheritable(s.fileno(), True)
os.execvp(sys.argv[1], sys.argv[1:])
END
same "bare: 1,100 sockets" 1100 "$(/usr/bin/python3 many.py show-fds | wc -l)"
fresh
same "close: 1,100 sockets are gone" 0 "$(/usr/bin/python3 many.py \
	env LD_PRELOAD="$FDG_LIB" FDGUARD_OPTIONS="format=json:log=$tmp/log:cloexec.inherited=close" show-fds | wc -l)"
check "close: 1,100 sockets are one report" once
check "close: 1,100 sockets: which" says '"fds":"3-1102"'
check "close: 1,100 sockets: how many" says '"count":1100'

# One idle descriptor, just beyond the kernel's smallest table: seen without a look at every number.
for number in 63 64 65 200; do
	fresh
	mkfifo "idle$number"
	FDGUARD_OPTIONS="format=json:log=$tmp/log" bash -c "exec $number<>idle$number; exec env LD_PRELOAD=\"\$FDG_LIB\" true"
	check "descriptor $number alone is seen" found "\"id\":\"cloexec.inherited\".*\"fds\":\"$number\""
done

# Without /proc nobody knows what they are: told of by number, without an empty list.
fresh
as_root=-r
[ "$(id -u)" -ne 0 ] || as_root=''
unshare $as_root -m bash -c "mount -t tmpfs none /proc && exec 12<input 13<input && exec env LD_PRELOAD=\"\$FDG_LIB\" FDGUARD_OPTIONS=\"format=json:log=$tmp/log\" true"
check "without /proc: told of" says '"count":2'
refuse "without /proc: no names" says '"what"'

finish
