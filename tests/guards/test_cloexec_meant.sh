# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What a program does on purpose wins: the flag cleared or a dup2 right before exec, in the parent, in a fork or vfork child, as a spawn's file
# action; cloexec.allow; and programs that count on the number that open() returned.
. "$FDG_SRC/tests/guards/rules.sh"

for kind in socket epoll pipe file; do
	seen=$kind
	[ $kind != epoll ] || seen='[eventpoll]'
	for where in self fork vfork; do
		for act in setfd fionclex dup2self; do
			rule "$kind, $act, $where" "3 $seen" cloexec-meant $kind $where $act "$FDG_BIN/show-fds"
		done
		rule "$kind, dup2, $where" "7 $seen" cloexec-meant $kind $where dup2 "$FDG_BIN/show-fds"
	done
	rule "$kind, adddup2 to another number, spawn" "7 $seen" cloexec-meant $kind spawn dup2 "$FDG_BIN/show-fds"
	rule "$kind, adddup2 over itself, spawn" "3 $seen" cloexec-meant $kind spawn dup2self "$FDG_BIN/show-fds"
done
for where in self fork vfork spawn; do
	rule "a socket as standard input, $where" "0 socket" cloexec-meant socket $where stdin /bin/sh -c 'show-fds --all | head -n 1'
done

echo "line of input" >input
rule "open() in place of a closed standard input, system()" /dev/null cloexec-stdio null
rule "freopen of standard input, exec" "line of input" cloexec-stdio freopen /usr/bin/cat
rule "socket() in place of a closed standard input, exec" "0 socket" cloexec-stdio socket /bin/sh -c 'show-fds --all | head -n 1'
rule "creat() in place of a closed standard output, system()" "to the file" sh -c 'rm -f output; cloexec-stdio output; cat output'
rule "a daemon's three descriptors, system()" "/dev/null
to standard error" sh -c 'rm -f output; cloexec-stdio daemon; sort output'

# cloexec.allow
for allow in 3 3-9 1,3 socket pipe,socket; do
	for mode in cloexec=fix cloexec=report; do
		guarded_rule "$mode:cloexec.allow=$allow" "allowed" "3 socket" cloexec-wrong socket fork "$FDG_BIN/show-fds"
	done
done
guarded_rule cloexec=fix:cloexec.kinds=all:cloexec.allow=pipe "all kinds, pipes allowed" "3 pipe
4 pipe" cloexec-wrong pipe vfork "$FDG_BIN/show-fds"
for allow in 4 4-9 epoll,pipe; do
	fresh
	same "cloexec.allow=$allow does not allow socket 3" "" "$(guarded "cloexec.allow=$allow" cloexec-wrong socket fork "$FDG_BIN/show-fds")"
	check "cloexec.allow=$allow: covered" covered
	fresh
	same "report, cloexec.allow=$allow: as bare" "3 socket" "$(guarded "cloexec=report:cloexec.allow=$allow" cloexec-wrong socket fork "$FDG_BIN/show-fds")"
	check "report, cloexec.allow=$allow: reported" found '"id":"cloexec\.leaked"'
done

finish
