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
for word in $(grep -oE '`(wrap|guards|report|base|ledger|options|tools)/[a-z_0-9]+\.[chS]`' "$FDG_SRC/shim/README.md" | tr -d '`' | sort -u); do
	check "shim/README.md: $word is there" test -e "$FDG_SRC/shim/$word"
done
finish
