# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A finding goes by function and kind. What one function does at several places is one finding with all of them listed; a baseline counts them, so that a
# new one does not hide behind an old one. What the summary tells is enough to suppress it.
. "$FDG_SRC/tests/check/lib.sh"
need python3 strip git

socket='cloexec.leaked kind=UDP-socket site=check-places:child_run created=check-places:make peer=none'
file='cloexec.leaked kind=file site=check-places:child_run created=check-places:make peer=none'
entries() { grep -v '^#' "$1"; }

# ---- kinds and places ----
exits 'a baseline of one socket' 0 --baseline one --update-baseline -- check-places 1
same 'counts its places' "$socket places=1" "$(entries one)"
exits 'lets it through' 0 --baseline one -- check-places 1
exits 'a file made by the same function' 99 --baseline one -- check-places 2
same 'is the only one that fails' 1 "$(grep -c '\[cloexec\.leaked\]$' summary)"
says 'by its kind' '^  1\. warning: true (pid [0-9]*) inherited 1 file from check-places'
exits 'a second socket there' 99 --baseline one --json --log run.json --junit run.xml --github -- check-places 3
says 'is told to the forge' '^::error .*%0Anew: 2 places in check-places:make, the baseline knows 1 (line 2)%0A'
check 'and in JUnit' grep -qx 'new: 2 places in check-places:make, the baseline knows 1 (line 2)' run.xml
same 'and in JSON' '2 2 True' "$(python3 -c '
import json
f = [f for f in json.load(open("run.json"))["findings"] if f.get("new")]
print(len(f[0]["places"]), f[0]["baseline_line"], f[0]["fails"])')"
exits 'in text' 99 --baseline one -- check-places 3
says 'with a sentence' '^     new: 2 places in check-places:make, the baseline knows 1 (line 2)$'
exits 'what is meant by the second one is written' 0 --baseline one --update-baseline -- check-places 3
says 'and told' '^Baseline one: 2 entries, 1 new, 0 gone, 1 changed$'
same 'both kinds' "$socket places=2
$file places=1" "$(entries one)"
exits 'fewer places' 0 --baseline one -- check-places 2
says_not 'are not stale' 'Matched nothing'
exits 'many objects and processes are no more places' 0 --baseline one -- sh -c 'check-places 3; check-places 3'

# ---- a run that was not whole takes nothing away; reasons stay ----
sed "s/^$socket.*/& # ticket 9/" one >two
exits 'fewer, and the command failed' 7 --baseline two --update-baseline -- sh -c 'check-places 1; exit 7'
check 'the number is kept' grep -qx "$socket places=2 # ticket 9" two
check 'and the other kind' grep -qx "$file places=1" two
exits 'fewer, in a whole run' 0 --baseline two --update-baseline -- check-places 1
same 'is written down' "$socket places=1 # ticket 9" "$(entries two)"
printf '%s places=1\n%s places=3 # merged\n' "$socket" "$socket" >merged
exits 'of two entries the one that knows more counts' 0 --baseline merged --fail-on error -- check-places 3
says_not 'and neither is stale' 'line 1'
for wrong in 'places=' 'places=0' 'places=-1' 'places=2x' 'places=1 more'; do
	printf '%s %s\n' "$socket" "$wrong" >bad
	exits "an entry with $wrong" 2 --baseline bad -- true
	says "$wrong is no entry" 'line 1: is no finding'
done

# ---- a file of an older version ----
old='cloexec.leaked site=check-places:child_run created=check-places:make peer=none'
echo "$old # since 2024" >old
exits 'an old entry' 0 --baseline old -- check-places 4
says 'is good for all kinds and places, and that is said' '^Baseline old: 1 entry has no places=.*run once with --update-baseline$'
exits 'after a run that failed' 7 --baseline old --update-baseline -- sh -c 'check-places 1; exit 7'
same 'it is as it was' "$old # since 2024" "$(entries old)"
exits 'after a whole one' 0 --baseline old --update-baseline -- check-places 4
same 'it is a new one for each kind' "$socket places=3 # since 2024
$file places=1 # since 2024" "$(entries old)"

# ---- the summary lists all of them ----
exits 'four places' 99 -- check-places 4
says 'are counted' '^     made at 3 places of one function:$'
says 'and so is how often each was seen' '^       .*check-places+0x[0-9a-f]*), 1 time$'
says 'a time is what' '^     seen: 3 times in 1 process (a process reports a place once): pid [0-9]*$'
if [ -n "${FDG_LIBDW:-}" ]; then
	for call in 'count > 0' 'count > 2'; do
		line=$(($(grep -n "if ($call)" "$FDG_SRC/tests/check/places.c" | cut -d : -f 1) + 1))
		says "the line of $call" "^       open_inlined at .*places\.c:[0-9]*, inlined into make at .*places\.c:$line (.*), 1 time\$"
	done
fi
exits 'a fifth' 0 --baseline five --update-baseline -- check-places 5
same 'two calls on one line are one place, if lines are known' "$file places=$((3 - ${FDG_LIBDW:-0}))" "$(entries five | grep kind=file)"
exits 'four again' 99 -- check-places 4
grep '^     suppress: ' summary | sort -u | sed 's/^     suppress: //' >quiet
same 'the function to suppress is the symbol table'"'s" 'cloexec.leaked site:check-places:make' "$(cat quiet)"
exits 'the line that it gives' 0 --set suppressions=quiet -- check-places 4
says 'suppresses it' '^Let through: 2 findings are suppressed '

# ---- in a repository ----
mkdir -p own/check own/guards
cp "$FDG_SRC/tests/check/places.c" own/check && cp "$FDG_SRC/tests/guards/children.h" own/guards
(cd own && git init -q . && git add . && "$FDG_CC" -D_GNU_SOURCE -g -O0 -o places check/places.c && "$FDG_RUN" check --sarif run.sarif -- ./places 4 >/dev/null 2>&1)
same 'a program of a repository' 99 $?
for call in ${FDG_LIBDW:+2 3}; do
	line=$(($(grep -n "if (count > $call)" own/check/places.c | cut -d : -f 1) + 1))
	check "its place $call is a related location" grep -q "\"startLine\": $line\$" own/run.sarif
done

# ---- without symbols ----
cp "$FDG_BIN/check-places" 'bare [1]'
strip 'bare [1]'
exits 'without symbols' 99 -- './bare [1]' 1
grep '^     suppress: ' summary | sed 's/^     suppress: //' >quiet
same 'what suppresses goes by object, and says how much that is' 'cloexec.leaked site:bare??1?:* # wide: all of this object, which has no symbols' "$(cat quiet)"
exits 'and does' 0 --set suppressions=quiet -- './bare [1]' 1
exits 'a baseline' 0 --baseline vague --update-baseline -- './bare [1]' 1
says 'of addresses is warned of' '^Baseline: .*/bare \[1\] has no symbols, so its entries are addresses, which change with each build: .*(site:bare??1?:\*)$'
exits 'one of names' 0 --baseline clear --update-baseline -- check-places 1
says_not 'is not' 'has no symbols'

# ---- the facts of select, and a program that ran unguarded ----
exits 'select' 99 -- select-wrong sets
says 'has what was asked' '^     the kernel would read: p\{0,1\}select([0-9]*, \['
says 'and what was meant' '^     meant: p\{0,1\}select([0-9]*, \['
says 'and the descriptor with its kind' '^     kind: '
exits 'a static program' 98 --no-supervise -- check-static
same 'is told of once' 1 "$(grep -c 'run\.uncovered\]' summary)"
says 'with what to do' '^     fix: \(run check as root, who has such programs supervised, or with --supervise\|see to what is in the way of a supervisor, .* --no-supervise\)'
says 'and how' '^     suppress: run\.uncovered exe:check-static$'
finish
