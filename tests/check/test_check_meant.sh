# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What is no finding because something names the descriptor is listed, with the reason, and fails nothing. What a number alone names comes first.
. "$FDG_SRC/tests/check/lib.sh"

bare='^Taken as meant for a child because of a bare number; '
named='^Taken as meant for a child, and no finding:$'
made='made at make_[a-z]*\( at [^ ]*\|+0x[0-9a-f]*\) .*'
head=$(command -v head)
for how in exec fork vfork spawn; do
	exits "a number that means lines, $how" 0 -- cloexec-wrong socket $how "$head" -n 3 /etc/passwd
	says "$how: is told" "$bare"
	says "$how: with the reason" "^  fd 3 (UDP socket, $made) in \`[^ ]*head -n 3 /etc/passwd\`: the argument 3 names it\$"
done
for how in system popen; do
	exits "a number in a shell's command, $how" 0 -- cloexec-wrong file $how "$head" -n 3 /etc/passwd
	says "$how: is told" "$bare"
	says "$how: with the reason" "^  fd 3 (file /etc/passwd, $made) in \`sh -c .*\`: 3, in an argument, names it\$"
done
for words in '--fd 3' --status-fd=3 /dev/fd/3 fd://3 --socket=3; do
	# shellcheck disable=SC2086 # words
	exits "$words" 0 -- cloexec-wrong socket fork show-fds $words
	says_not "$words: is no bare number" "$bare"
	says "$words: is told as well" "$named"
	says "$words: with the reason" "^  fd 3 (UDP socket, .*\`: the argument ${words#--fd } names it\$"
done
for words in -f3 --lines=3 3:4; do
	exits "$words" 0 -- cloexec-wrong socket fork show-fds $words
	says "$words: is one" "$bare"
done
exits 'a variable' 0 -- env SERVER_FD=3 cloexec-wrong socket fork show-fds 3
says_not 'is better than a number' "$bare"
says 'and told' 'show-fds 3.: the variable SERVER_FD names it$'
exits "make's jobserver" 0 -- env MAKEFLAGS=--jobserver-auth=3,4 cloexec-wrong pipe fork show-fds
says 'is told' '^  fd 3 (pipe, .*: the variable MAKEFLAGS names it$'
exits 'cloexec.allow' 0 --set cloexec.allow=socket -- cloexec-wrong socket fork show-fds
says 'is told' ': cloexec.allow has it$'
exits 'a server that starts itself again' 0 -- cloexec-server convention
says 'is told' ': it is a listener, and the program starts itself again$'
exits 'many are one line' 0 -- sh -c 'for i in 1 2 3; do cloexec-wrong socket fork show-fds 3; done; cloexec-wrong socket fork show-fds 7 8 3'
says 'with their number' ': the argument 3 names it, 4 times$'
same 'of which there is one' 1 "$(grep -c '^  fd 3 ' summary)"
exits 'weak reasons' 0 -- sh -c 'cloexec-wrong socket fork show-fds --fd=3; cloexec-wrong socket fork show-fds 3'
exits 'weak reasons, as JSON' 0 --json -- sh -c 'cloexec-wrong socket fork show-fds --fd=3; cloexec-wrong socket fork show-fds 3'
same 'come first there too' 'true:false' "$(sed -n 's/^{"reason":.*"weak":\([a-z]*\),.*/\1/p' summary | paste -sd :)"
exits 'and in the summary' 0 -- sh -c 'cloexec-wrong socket fork show-fds --fd=3; cloexec-wrong socket fork show-fds 3'
same 'come first' 3:--fd=3 "$(sed -n 's/^  fd 3 .*: the argument \(.*\) names it$/\1/p' summary | paste -sd :)"

# What needs no name.
own='the program itself made it inheritable (F_SETFD, FIONCLEX or dup2)$'
for where in self fork vfork; do
	for act in setfd fionclex dup2 dup2self; do
		exits "done on purpose, $act, $where" 0 -- cloexec-meant socket $where $act "$FDG_BIN/show-fds" 3
		says_not "$act, $where: is no matter of a number" "$bare"
		says "$act, $where: is told" "^  fd [37] (UDP socket, made at .*show-fds 3.: $own"
	done
done
exits 'done on purpose, by posix_spawn' 0 -- cloexec-meant socket spawn dup2 "$FDG_BIN/show-fds"
says 'is told as well' '^  fd 7 (descriptor, made at a place that we did not see) in `.*show-fds`: posix_spawn was told to (adddup2, addopen)$'
exits 'done on purpose, and handed on' 0 -- cloexec-meant socket fork setfd "$(command -v sh)" -c 'show-fds; sh -c "show-fds; true"; true'
same 'is told where it was done' 1 "$(grep -c "$own" summary)"
exits 'done on purpose, to stdin' 0 -- cloexec-meant socket fork stdin "$FDG_BIN/show-fds"
says_not 'is everyday' 'Taken as meant'
exits 'a redirection' 0 -- sh -c 'show-fds 3 3</etc/passwd; exec 4</etc/passwd; show-fds 4'
says_not 'is a shell matter' 'Taken as meant'
exits 'a program that is not there' 99 -- cloexec-wrong socket spawn /no/such/program 3
says_not 'was not given anything' 'Taken as meant'
exits 'as JSON' 0 --json -- cloexec-wrong socket fork show-fds 3
check 'it has them all' grep -q '^{"reason":"the argument 3 names it","weak":true,"fd":3,"count":1,"times":1,"kind":"UDP socket",.*"made":{' summary
guarded '' cloexec-wrong socket fork show-fds 3 >out
refuse 'without check there is no such line' found run.meant
finish
