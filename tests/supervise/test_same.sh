# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A supervised program is born, lives and ends as it would without us.
. "$FDG_SRC/tests/supervise/lib.sh"

# both SENTENCE SCRIPT: a shell's output and status, with $run in front of a program and without.
both() {
	run='' sh -c "$2" >bare 2>&1 </dev/null
	echo "status $?" >>bare
	run=$supervise sh -c "$2" >guarded 2>&1 </dev/null
	echo "status $?" >>guarded
	if cmp -s bare guarded && [ "$(wc -l <bare)" -gt 1 ]; then
		ok "$1"
	else
		bad "$1"
		diff bare guarded | sed 's/^/# /'
	fi
}
# start FILE ARG…: without us, FILE is called as it would be
cat >start <<'S'
#!/bin/sh
if [ -n "$run" ]; then exec "$run" "$1" "$@"; fi
exec "$@"
S
chmod +x start
export acts bash tmp
here=$tmp
PATH=$here:$PATH

both "signals, descriptors, group, umask and children are as without us" 'start $acts born | grep -v ^parent'
both "so are its group and session where it leads them" 'setsid -w start $acts born | grep -v ^parent'
both "so are ignored signals" 'trap "" HUP INT CHLD; start $acts born | grep -v ^parent'
both "so are blocked ones" 'perl -MPOSIX -e '\''sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD, SIGUSR1, SIGTERM)); exec @ARGV'\'' start $acts born | grep -v ^parent'
both "so are closed descriptors" 'start $acts born <&- | grep -v ^parent'
both "so are inherited ones" 'start $acts born 5</dev/null 9>&1 | grep -v ^parent'
both "an exit status" 'start $acts exit 37; echo $?'
for signal in 1 2 9 11 15; do
	both "death by signal $signal" "start \$acts kill $signal; echo \$?"
done
both "a program that is not there" 'start /nonexistent/x 2>/dev/null; echo $?'
both "a file that may not be executed" 'start /etc/passwd 2>/dev/null; echo $?'
printf 'echo from a text, $0 $#\n' >text && chmod +x text
both "a text without #!" 'start $tmp/text a b'
printf '#!%s\necho from $0 $#\n' "$bash" >script && chmod +x script
both "a script" 'start $tmp/script a b c'
both "what is piped through it" 'seq 1 20000 | start $bash -c "while read x; do echo \$x; done" | cksum'
both "a static shell's pipelines, jobs and substitutions" 'start $bash -c "for i in 1 2 3; do (exit \$i) & wait \$!; echo \$?; done; echo \$(seq 3 | sort -r | tr \"\\n\" ,) <(:); trap \"echo bye\" EXIT"'
both "a limit on processes and descriptors" 'ulimit -n 40; start $bash -c "ulimit -n; exec 39</dev/null; echo \$?"'

# The process that the shell started is the program.
"$supervise" "$acts" acts born >out &
child=$!
wait $child
same "its parent is the caller" "parent: $$" "$(grep ^parent out)"
"$supervise" "$bash" bash -c 'echo $$; exec sleep 100' >pid &
child=$!
check "the program runs" eventually test -s pid
same "its pid is the one that the caller has" "$child" "$(cat pid)"
watcher=$(ours $child)
[ -n "$watcher" ] || watcher=none
check "it is watched" test -n "$watcher"
same "by one that keeps none of its descriptors" "" "$(readlink "/proc/$watcher/fd/"* | grep -v -e '^/dev/null$' -e '^anon_inode:')"
same "in a session of its own, so that no terminal's key reaches it" "$watcher $watcher" "$(sed 's/.*) [^ ]* [^ ]* //' "/proc/$watcher/stat" | cut -d' ' -f1,2)"
kill -9 $child
wait $child 2>/dev/null
same "death by SIGKILL is told" 137 $?
check "the supervisor ends with the last one that it watches" eventually ended "$watcher"

# Standard output and error are not held by us, nor after something was said there. hears CMD…: the status, and what was written; nothing where somebody holds the pipe.
hears() { timeout 5 sh -c 'out=$("$@" 2>&1); echo "$? $out"' - "$@"; }
same "a daemon does not keep \$(… 2>&1)" "0 " "$(hears "$supervise" "$acts" acts daemon "$tmp/first")"
case $(hears "$supervise" "$bash" bash -c "$acts copy dup; $acts daemon $tmp/second") in
"0 fdguard: warning: acts turned fd 5 "*"fd 3 copy 5 blocking"*) ok "nor where something was said" ;;
*) bad "nor where something was said" ;;
esac
for daemon in first second; do
	check "$daemon daemon: it told its pid" eventually test -s $daemon.pid
	: >$daemon
	check "and ends" eventually ended "$(cat $daemon.pid)"
done

finish
