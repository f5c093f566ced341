# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Shells: redirections, lock files, coprocesses, process substitution, and bats, whose tests count on descriptors 3 and 4.
. "$FDG_SRC/tests/guards/rules.sh"
need bash dash busybox flock bats
nl='
'
cd "$tmp" || exit 99
echo "line of input" >input

cat >lock.script <<'END'
exec 9>lock
flock -n 9 && echo locked
show-fds
(
	flock -n 8 && echo locked in a subshell
	show-fds
) 8>lock2
flock -n lock true || echo held
END
cat >child.script <<'END'
read -r line <&3
echo "$line"
show-fds
END
cat >dance.script <<'END'
exec 3>&1 4<input
{ show-fds; } | sed 's/^/piped: /'
echo "to 3" >&3
exec 4<&-
show-fds 5<input 6>&1
exec 3>&-
show-fds
END

for shell in dash bash "busybox sh"; do
	rule "$shell: exec 9>file, flock" "locked${nl}9 file${nl}locked in a subshell${nl}8 file${nl}9 file${nl}held" $shell lock.script
	for child in dash bash; do
		rule "$shell: $child child 3<file" "line of input${nl}3 file" $shell -c "$child child.script 3<input; true"
	done
	rule "$shell: the shell that is replaced, 3<file" "line of input${nl}3 file" $shell -c "exec $shell child.script 3<input"
	rule "$shell: descriptors 3 to 6 moved about" \
		"piped: 3 pipe${nl}piped: 4 file${nl}to 3${nl}3 pipe${nl}5 file${nl}6 pipe" $shell dance.script
done

rule "bash: <(…)" "one${nl}two" bash -c 'cat <(echo one) <(echo two)'
rule "bash: <(…) in <(…)" "ONE" bash -c 'cat <(tr a-z A-Z < <(echo one))'
rule "bash: <(…) of another shell" "one" bash -c 'dash -c "cat \$0" <(echo one)'
rule "bash: >(…)" "THREE" bash -c 'rm -f up; echo three | tee >(tr a-z A-Z >up.tmp; mv up.tmp up) >/dev/null
	for i in {1..200}; do [ -e up ] && break; sleep 0.05; done; cat up'
rule "bash: exec with >(…)" "THREE" bash -c 'rm -f up; exec 5> >(tr a-z A-Z >up.tmp; mv up.tmp up); dash -c "echo three >&5"; exec 5>&-
	for i in {1..200}; do [ -e up ] && break; sleep 0.05; done; cat up'
rule "bash: coproc" "hi${nl}there" bash -c 'coproc cat; echo hi >&${COPROC[1]}; read -r line <&${COPROC[0]}; echo "$line"
	echo there >&${COPROC[1]}; head -n 1 <&${COPROC[0]}; exec {COPROC[1]}>&-; wait'
rule "bash: a duplicate keeps the flag of its original" "9 file${nl}10 file" bash -c 'exec {fd}<input; exec 9<&$fd; show-fds'
rule "bash: and a coproc's end is close-on-exec" "" bash -c 'coproc cat; exec 9<&${COPROC[0]}; show-fds; exec {COPROC[1]}>&-; wait'
rule "bash: exec {fd}>file" "10 file" bash -c 'exec {fd}>out; show-fds'
rule "bash: here-document on 3" "text" bash -c 'dash -c "cat <&3" 3<<<text'
rule "bash: /dev/tcp refused" "no" bash -c '(exec 5<>/dev/tcp/127.0.0.1/1) 2>/dev/null || echo no'

mkdir t
cat >t/fds.bats <<'END'
@test "descriptor 3 is bats' own output" {
	echo "# to the terminal" >&3
	run sh -c 'echo hello'
	[ "$output" = hello ]
}
@test "a child keeps 3" {
	run sh -c '[ -e /proc/self/fd/3 ]'
	[ "$status" -eq 0 ]
}
@test "a long runner without 3" {
	run sh -c 'echo done' 3>&-
	[ "$output" = "done" ]
}
END
rule "bats: descriptors 3 and 4" "1..3
# to the terminal
ok 1 descriptor 3 is bats' own output
ok 2 a child keeps 3
ok 3 a long runner without 3" bats --tap t/fds.bats
rule "as bats does it" "3 pipe${nl}4 file" bash -c 'export BATS_TEST_NUMBER=1; exec 3>&1 4>out; dash -c "show-fds; true"'

finish
