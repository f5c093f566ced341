# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What only bash has: redirections up to 19, process substitution, coprocesses, named descriptors.
set -u

echo "== descriptors up to 19"
for n in {3..19}; do eval "exec $n>file$n"; done
for n in {3..19}; do echo "to $n" >&"$n"; done
sh -c 'ls /proc/self/fd' | wc -l
for n in {3..19}; do eval "exec $n>&-"; done
cat file{3..19}
exec 10</etc/passwd 19>&1
head -n 1 <&10 >&19
exec 10<&- 19>&-
exec {in}</etc/passwd {out}>named
read -r -u "$in" line && echo "${line%%:*}" >&"$out"
exec {in}<&- {out}>&-
cat named

echo "== process substitution"
diff <(seq 3) <(seq 4)
paste <(seq 3) <(seq 4 6) <(cat <(seq 7 9))
while read -r n; do echo "read $n"; done < <(seq 2)
seq 5 | tee >(tail -n 1 >last.tmp; mv last.tmp last) >(head -n 1 >first.tmp; mv first.tmp first) >/dev/null
for i in {1..200}; do [[ -e last && -e first ]] && break; sleep 0.05; done
cat first last
sh -c 'cat "$1" "$2"' sh <(echo by another) <(echo shell)

echo "== coprocesses"
coproc UP { while read -r line; do echo "${line^^}"; done; }
for word in one two three; do
	echo "$word" >&"${UP[1]}"
	read -r -u "${UP[0]}" reply
	echo "$reply"
done
sh -c 'ls /proc/self/fd' | wc -l
pid=$UP_PID
eval "exec ${UP[1]}>&-"
wait "$pid"
echo "coprocess ended $?"

echo "== the rest"
cat <<<"a here-string"
mapfile -t lines < <(seq 3)
echo "${lines[@]}"
echo error |& cat
{ echo a; echo b >&2; } &>both
sort both
shopt -s lastpipe
seq 3 | read -r first
echo "$first"
(sleep 1.5; exit 3) & (sleep 0.1; exit 4) &
wait -n
echo "first to end $?"
wait
printf '%s\n' {a..e} | while read -r -t 5 l; do printf '%s.' "$l"; done
echo
time_it() { TIMEFORMAT=timed; time true; }
time_it 2>&1
(exec -a "another name" sh -c 'echo "$0"')
exec {lock}>lock
flock "$lock" && echo "locked"
trap 'echo leaving' EXIT
exit 6
