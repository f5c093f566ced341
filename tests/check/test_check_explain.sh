# SPDX-License-Identifier: MIT
# `fdguard explain`: through the launcher, as people call it.
. "$FDG_SRC/tests/harness/lib.sh"

# run_explain ARG…: what it says is in out and err, its exit status in $status.
run_explain() {
	"$FDG_RUN" explain "$@" >out 2>err
	status=$?
}

run_explain cloexec.leaked
same 'an ID: exit status' 0 "$status"
check 'what it means' grep -q '^What it means$' out
check 'a wrong and a right example' test "$(grep -c -x -e Wrong -e Right out)" -eq 2
check 'how to mend it' grep -q '^How to mend the source$' out
check 'what is done about it' grep -q '^What fdguard does about it$' out
check 'how to suppress it' grep -q '^      cloexec.leaked site:' out
same 'nothing on standard error' '' "$(cat err)"
run_explain cloexec.inherited
refuse 'nothing is done about some' grep -q '^What fdguard does' out
run_explain '[cloexec.leaked]'
same 'as it stands in a report' 0 "$status"

run_explain
same 'without an ID: exit status' 0 "$status"
ids=$(sed -n 's/^FINDING([A-Z_]*, [a-z]*, "\([a-z.]*\)".*/\1/p' "$FDG_SRC/shim/report/findings.def" | grep -v -x -e run.start -e run.end -e run.exec -e run.meant -e run.sample)
same 'the table has eighteen findings, or this test is old' 18 "$(echo "$ids" | wc -l)"
same 'all of them are listed, in the order of the table' "$ids" "$(sed -n 's/^\([a-z]*\.[a-z]*\) .*/\1/p' out)"
for id in $ids; do
	run_explain "$id"
	same "$id: exit status" 0 "$status"
	check "$id: said in full" test "$(wc -l <out)" -gt 25
done

# The stage in guards.def is the one place that knows what is built.
for guard in $(sed -n 's/^GUARD(\([a-z]*\), LATER,.*/\1/p' "$FDG_SRC/shim/guards.def"); do
	for id in $(echo "$ids" | grep "^$guard\\."); do
		run_explain "$id"
		check "$id: is not built, and says so" grep -q "^Guard $guard is not built yet" out
	done
done
for guard in $(sed -n 's/^GUARD(\([a-z]*\), READY,.*/\1/p' "$FDG_SRC/shim/guards.def"); do
	for id in $(echo "$ids" | grep "^$guard\\."); do
		run_explain "$id"
		refuse "$id: is built, and says nothing of it" grep -q 'not built yet' out
	done
done

# Each reason that the code can give is explained, by its word and by the sentence that people see.
run_explain run.uncovered
tr '\n' ' ' <out | tr -s ' ' >flat
words=$(sed -n 's/.*words\[\] = { "dynamic", "asan", \(.*\) };/\1/p' "$FDG_SRC/shim/tools/binary.c" | tr -d '",')
words=$words:$(sed -n 's/.*elsewhere ? "\([a-z]*\)" : "\([a-z ]*\)";/\1:\2/p' "$FDG_SRC/shim/tools/awaited.c")
same 'the reasons, or this test is old' 'static foreign privileged missing go unread:elsewhere:preload lost' "$words"
for reason in static foreign privileged missing go unread elsewhere 'preload lost'; do
	check "reason $reason: explained" grep -q -F "($reason)" flat
done
grep 'say(ret, BINARY_' "$FDG_SRC/shim/tools/binary.c" | grep -v -e DYNAMIC -e ASAN | grep -o '"[a-z][^"]*"' | tr -d '"' | sed 's/ %s.*//; s/[:,].*//; s/ (.*//' >sentences
sed -n 's/.*"\(is gone from [a-z ]*\),.*/\1/p; s/.*elsewhere ? "\([^",]*\),.*/\1/p' "$FDG_SRC/shim/tools/awaited.c" >>sentences
sed -n 's/.*{ "[a-z ]*", "\(is dynamically linked, but \)*\([^",:]*\)[,:].*/\2/p' "$FDG_SRC/shim/tools/left_out.c" >>sentences
check 'sentences are found in the code' test "$(wc -l <sentences)" -ge 13
while read -r sentence; do
	check "\"$sentence\": explained" grep -q -F "$sentence" flat
done <sentences

run_explain epol.spin
same 'an unknown ID: exit status' 2 "$status"
same 'an unknown ID: the near name' "fdguard: no finding is called 'epol.spin'; is it epoll.spin?" "$(cat err)"
same 'an unknown ID: nothing on standard output' '' "$(cat out)"
run_explain "$(printf 'x\033[31m\nfdguard: y')"
same 'a hostile ID: exit status' 2 "$status"
same 'a hostile ID: one line' 1 "$(wc -l <err)"
refuse 'a hostile ID: no escape' grep -q "$(printf '\033')" err
run_explain --no-such-option
same 'an unknown option' 2 "$status"
run_explain cloexec.leaked epoll.spin
same 'two IDs' 2 "$status"
"$FDG_RUN" explain cloexec.leaked >/dev/full 2>err
same 'a full disk: exit status' 1 "$?"
check 'a full disk: said' grep -q 'No space left' err

page=$FDG_BIN/../shim/fdguard-findings.7
if [ -e "$page" ]; then # made where scdoc is installed
	need man
	MANWIDTH=100 man --warnings -l "$page" >page 2>warnings
	same 'fdguard-findings(7) has no mistake' '' "$(cat warnings)"
	for id in $ids; do
		check "fdguard-findings(7) has $id" grep -q "^   $id\$" page
	done
fi
finish
