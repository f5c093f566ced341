# SPDX-License-Identifier: MIT
# What the documents list is what the tables have.
. "$FDG_SRC/tests/harness/lib.sh"

"$FDG_BIN/fdguard-options" list --markdown >table
grep -F -x -f table "$FDG_SRC/README.md" >in-readme
check 'the table of options was printed' test "$(wc -l <table)" -gt 25
same 'README.md has the table of options as it is' "$(cat table)" "$(cat in-readme)"
for file in scripts/demo scripts/test scripts/fdguard shim/README.md tests/bench/table.sh; do
	check "README.md names $file" grep -q "${file##*/}" "$FDG_SRC/README.md"
	check "$file is there" test -e "$FDG_SRC/$file"
done
# What fdguard cannot do is on a page of its own, which a newcomer finds from each of the others.
limits=$FDG_SRC/shim/man/fdguard-limits.7.scd
check 'README.md names fdguard-limits(7)' grep -q '](shim/man/fdguard-limits\.7\.scd)' "$FDG_SRC/README.md"
check 'fdguard(1) names it' grep -q '^\*fdguard-limits\*(7)' "$FDG_SRC/shim/man/fdguard.1.scd"
check 'fdguard help names it' sh -c '"$FDG_RUN" help | grep -q "fdguard-limits(7)"'
for word in run.uncovered seccomp io_uring FD_SETSIZE nonblock=fix; do
	check "README.md has $word of it" sh -c 'sed -n "/^## Limits/,/^## More/p" "$1" | grep -q "$2"' sh "$FDG_SRC/README.md" "$word"
	check "the page has $word" grep -q "$word" "$limits"
done
page=$FDG_BIN/../shim/fdguard-limits.7
if [ -e "$page" ]; then # made where scdoc is installed
	need man
	same 'fdguard-limits(7) has no mistake' '' "$(LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$page" 2>&1 >text)"
	check 'and says something' grep -q '^SHARED DESCRIPTIONS' text
fi
for word in $(grep -oE '`(wrap|guards|report|base|ledger|options|tools)/[a-z_0-9]+\.[chS]`' "$FDG_SRC/shim/README.md" | tr -d '`' | sort -u); do
	check "shim/README.md: $word is there" test -e "$FDG_SRC/shim/$word"
done
finish
