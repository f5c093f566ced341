# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2086
# Programs that the supervisor may not look into are not guarded, which is said; where a container's rules leave one way to look, that one is taken.
. "$FDG_SRC/tests/supervise/lib.sh"
need setpriv

log="format=json:log=$tmp/log"
drop= # CAP_SYS_PTRACE
[ "$(id -u)" -ne 0 ] || drop="setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace"
uncovered() { findings run.uncovered | wc -l; }

fresh
same "who is not dumpable runs as it does" "fd 3 copy 5 blocking" "$($drop env FDGUARD_OPTIONS=$log "$supervise" "$acts" acts hidden copy dup 5)"
same "and is told of, once" 1 "$(uncovered)"
check "with the reason" found '"exe":"[^"]*/acts","guard":"run","id":"run.uncovered".*"message":"acts runs unguarded: it may not be looked into by the supervisor: it has another user, is not dumpable'
told=$($drop sh -c '"$@" >out; :' - "$supervise" "$acts" acts hidden 2>&1)
same "in text as well, where it has its standard error of somebody whom we may look into" 1 "$(printf '%s\n' "$told" | grep -c '^fdguard: warning: acts runs unguarded')"
check "by its name" sh -c 'printf "%s\n" "$0" | grep -q "^  program: acts (pid "' "$told"
check "with what to do" sh -c 'printf "%s\n" "$0" | grep -q "^  fix: give fdguard CAP_SYS_PTRACE"' "$told"
fresh
same "who hands something on runs as it does" "3 open" "$($drop env FDGUARD_OPTIONS=$log "$supervise" "$acts" acts hidden "$FDG_BIN/hands" list 3<&0)"
check "what it hands to others cannot be seen either" found '"message":"acts runs unguarded'
fresh
FDGUARD_OPTIONS=$log "$supervise" "$acts" acts copy dup >/dev/null
same "who can be looked into is not" 0 "$(uncovered)"

cat >raw.c <<'P'
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	int pair[2];

	prctl(PR_SET_DUMPABLE, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		return 1;
	syscall(SYS_fcntl, syscall(SYS_dup, pair[0]), F_SETFL, 0);
	if (fork() == 0)
		return (int)syscall(SYS_fcntl, pair[0], F_SETFL, 0);
	wait(0);
	execl("/nowhere", "x", (char *)0);
	execl("/nowhere/either", "x", (char *)0);
	execl("/bin/true", "true", (char *)0);
	return 1;
}
P
"$FDG_CC" -D_GNU_SOURCE -o raw raw.c || bad "raw.c does not compile"
fresh
$drop env FDGUARD_OPTIONS=$log LD_PRELOAD="$FDG_LIB" "$supervise" ./raw raw
same "a preload guards those whom the supervisor cannot see" 0 "$(uncovered)"
fresh
$drop env FDGUARD_OPTIONS=$log "$supervise" ./raw raw
same "which are told of without one, with their copies once" 1 "$(findings run.uncovered | grep -c '"message":"raw runs unguarded')"

# ---- a file that may be executed, and not read ----
cp "$acts" unread
blind=
if [ "$(id -u)" -eq 0 ]; then
	blind="setpriv --bounding-set -sys_ptrace,-dac_override,-dac_read_search --inh-caps -sys_ptrace,-dac_override,-dac_read_search"
	chown 65534 unread
fi
chmod 0111 unread
same "an unreadable program runs as it does" "fd 3 copy 5 blocking" "$($blind "$FDG_RUN" run -- ./unread copy dup 2>told)"
check "and what that can mean is said" grep -q '^fdguard: note: ./unread may not be read' told
$blind "$FDG_RUN" run --supervise -- ./unread copy dup >out 2>told
check "a supervisor knows" grep -q '^fdguard: warning: unread runs unguarded: it may not be looked into' told
$blind "$FDG_RUN" check -- sh -c './unread copy dup; :' >out 2>told
same "check has not seen it" 98 $?
check "with the reason, and what to do" sh -c 'grep -q "1\. warning: unread .* unguarded: it may not be" told && grep -q "fix: check as a user who may read\|fix: give fdguard CAP_SYS_PTRACE" told'

# ---- a container's rules ----
fresh
same "no pidfd_open: it runs as it does" "fd 3 copy 5 blocking" "$(FDGUARD_OPTIONS=$log "$FDG_BIN/outer" pidfd "$supervise" "$acts" acts copy dup)"
check "unguarded, which is said" found '"id":"run.uncovered".*needs pidfd_open'
fresh
same "no process_vm_readv, kcmp and pidfd_getfd: a leak is told of" "3 4 5 open" "$(FDGUARD_OPTIONS=$log "$FDG_BIN/outer" deny "$supervise" "$FDG_BIN/hands" hands fork "$FDG_BIN/hands" list)"
check "with its descriptors" found '"id":"cloexec.leaked".*hands (pid [0-9]*) inherited 3 sockets from hands'
same "and it is guarded" 0 "$(uncovered)"

finish
