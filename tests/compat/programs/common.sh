# SPDX-License-Identifier: MIT
# For any POSIX shell: pipelines, here-documents, redirections, subshells, traps, background jobs.
set -u

echo "== pipelines"
seq 1 1000 | grep 7 | sort -rn | head -n 5 | tr '\n' ' '
echo
for i in 1 2 3 4 5 6 7 8 9 10; do echo "$i"; done | while read -r n; do echo $((n * n)); done | tail -n 2
false | true
echo "status $?"
yes | head -n 3 | cat | cat | cat | cat | wc -l

echo "== here-documents"
cat <<END
one $((1 + 1))
$(echo nested "$(echo deeper)")
END
cat <<'END' | sed 's/^/quoted: /'
$not `expanded`
END
for i in 1 2 3; do
	cat <<-END
		in a loop $i
	END
done
sh <<'END'
read -r line
echo "read from the script itself: $line"
END
cat 3<<A 4<<B <<C /dev/fd/3 /dev/fd/4 -
third
A
fourth
B
zeroth
C

echo "== redirections"
exec 3>three 4>four 5>five 6>six 7>seven 8>eight 9>nine
for n in 3 4 5 6 7 8 9; do
	eval "echo to $n >&$n"
done
ls /proc/self/fd | tr '\n' ' '
echo
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cat three four five six seven eight nine
{ echo out; echo err >&2; } 2>&1 >both | sed 's/^/caught: /'
cat both
exec 3<&0 </etc/passwd
read -r first
exec <&3 3<&-
echo "${first%%:*}"
(echo appended >>log; echo again >>log; cat log)
echo x | { read -r a; echo "$a"; cat; }
true 3<>rw && echo text 1<>rw && cat rw
set -C
{ echo no >log; } 2>/dev/null || echo "noclobber"
set +C
cat <missing 2>/dev/null || echo "missing: $?"
echo closed 2>/dev/null >&- || echo "closed: $?"
exec 9>lock
sh -c 'echo by a child >&9'
flock 9 && cat lock
exec 9>&-

echo "== children"
sh -c 'exit 7'
echo "status $?"
(exit 8)
echo "status $?"
sh -c 'kill -TERM $$' 2>/dev/null
echo "status $?"
sleep 0.1 & wait $!
echo "waited $?"
for i in 3 1 2; do (sleep "0.$i"; echo "$i" >"job$i") & done
wait
cat job1 job2 job3
nonexistent-program 2>/dev/null
echo "status $?"
x=$(sh -c 'echo to output; echo to error >&2' 2>&1)
echo "$x"
mkfifo fifo
(echo through a fifo >fifo) &
cat fifo
wait
trap 'echo trapped' USR1
kill -USR1 $$
trap 'echo leaving' EXIT
(trap - EXIT; exec sh -c 'echo replaced')
env -i sh -c 'echo "${HOME-nothing}"'
find . -type f -name 'job*' -exec sh -c 'for f; do cat "$f"; done' sh {} + | sort
seq 5 | xargs -n 2 -P 2 sh -c 'echo "$@" | wc -w' sh | sort
ulimit -n >/dev/null
(ulimit -n 32; exec 3>&1; sh -c 'echo under a limit >&3')
exit 5
