# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The manual pages: good roff, each found by its name, each that another names is there, and the generated ones have all rows of their tables.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
need man lexgrog scdoc
pages=$FDGUARD_BUILD_DIR/shim
ls "$pages" | sed -n 's/^\(fdguard[a-z-]*\.[1-8]\)$/\1/p' >made
(cd "$FDG_SRC/shim/man" && ls *.scd) | sed 's/\.scd$//' | sort >sources
same 'each source is a page' "$(cat sources)" "$(sort made)"
changed=@${SOURCE_DATE_EPOCH:-$(date -d "$(sed -n 's/^ -- .*>  //p;T;q' "$FDG_SRC/shim/install/deb/changelog")" +%s)}
while read -r page; do
	same "$page has no mistake" '' "$(LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$pages/$page" 2>&1 >"$page.txt")"
	check "$page says something" test "$(wc -l <"$page.txt")" -gt 20
	check "$page has a line for apropos" sh -c 'lexgrog "$0/$1" | grep -q "\"${1%.*} - "' "$pages" "$page"
	same "$page has the date of the changelog" "$(date -u -d "$changed" +%Y-%m-%d)" "$(sed -n 's/^\.TH .*"\([0-9-]*\)".*/\1/p' "$pages/$page")"
	refuse "$page is filled in" grep -q '@[A-Z]*@' "$pages/$page"
	refuse "$page has no tab where lines are filled" awk '/^\.nf/ { raw = 1 } /^\.fi/ { raw = 0 } /^\.TS/ { raw = 1 } /^\.TE/ { raw = 0 } !raw && /^\t/ { bad = 1; print } END { exit !bad }' "$pages/$page"
	grep -oE 'fdguard[a-z-]*\([1-8]\)' "$page.txt" | sort -u | sed 's/(\(.\))/.\1/' | while read -r named; do
		grep -q -x -F "$named" made || echo "$page: $named"
	done >>nowhere
done <made
same 'pages that are named are there' '' "$(cat nowhere)"

# fdguard-options(5) and fdguard-findings(7) are made of the tables.
MANWIDTH=200 LC_ALL=C.UTF-8 man --no-hyphenation -l "$pages/fdguard-options.5" >options.txt 2>/dev/null
sed -n 's/^OPTION([a-z_]*, "\([^"]*\)".*, "\([^"][^"]*\)")$/\1	\2/p' "$FDG_SRC/shim/options.def" >table
check 'there are options' test "$(wc -l <table)" -gt 25
tab='	'
while IFS=$tab read -r key meaning; do
	check "fdguard-options(5): $key" grep -q -F -e "$meaning" options.txt
	grep -q "^ *$key=" options.txt || bad "fdguard-options(5) has no $key="
	! grep -q "^\*$key\*=" "$FDG_SRC/shim/man/"*.scd || bad "$key is told twice"
done <table
sed -n 's/^FINDING([A-Z_]*, [a-z]*, "\([^"]*\)".*/\1/p' "$FDG_SRC/shim/report/findings.def" >ids
"$FDG_BIN/fdguard-explain" | grep -oE '^ *[a-z]+\.[a-z]+' | tr -d ' ' >explained
check 'there are findings' test "$(wc -l <explained)" -gt 15
while read -r id; do
	check "fdguard-findings(7): $id" grep -q "^ *$id\$" fdguard-findings.7.txt
	grep -q -x -F "$id" ids || bad "$id is in findings.def"
done <explained
finish
