# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What README.md and fdguard(1) say of check: every option is in the manual, every status in both, and the README's lines for CI work as they stand.
. "$FDG_SRC/tests/check/lib.sh"
need make python3

readme=$FDG_SRC/README.md
page=$FDG_SRC/shim/man/fdguard.1.scd
"$FDG_RUN" check --help | grep -oE '^  --[a-z-]+' | tr -d ' ' >options
check 'there are options' test "$(wc -l <options)" -gt 10
sed -n '/^# CHECK/,/^# ENVIRONMENT/p' "$page" >chapter
awk '/^## / { is_it = /^## In CI/ } is_it' "$readme" >section
while read -r option; do
	check "the manual has $option" grep -q -e "^\(.*, \)*\*$option\*" chapter
done <options
for option in $(grep -ohE -e '--[a-z]+(-[a-z]+)*' section | sort -u); do
	check "README.md: there is $option" grep -q -x -e "$option" options
done
for status in 0 2 98 99 130; do
	check "README.md has status $status" grep -q "^| $status |" section
	check "the manual has status $status" grep -q "^\*$status\*\$" chapter
done
# Each member of the JSON summary, and of a finding in it.
run_check --baseline base --update-baseline --leaks --json --log run.json -- sh -c 'cloexec-wrong socket fork show-fds; :'
sed -n '/^# JSON SUMMARY/,/^# ENVIRONMENT/p' "$page" >members
for member in $(python3 -c '
import json
run = json.load(open("run.json"))
finding = run["findings"][0]
print(*run, *run["baseline_update"], *finding["places"][0], *(m for m in finding if list(finding).index(m) < list(finding).index("id")), "suppress", "more")'); do
	check "the manual has the member $member" grep -qE "(^|[^a-z_])\*$member\*([^a-z_]|\$)" members
done
for link in $(grep -oE '\]\(tests[^)]*' section | cut -c 3-); do
	check "README.md: $link is there" test -d "$FDG_SRC/$link"
done

# The lines, on a project whose tests leak nothing, and on one whose tests do.
grep -oE 'fdguard check .*-- make test' section | sort -u >lines
same 'lines for CI' 3 "$(wc -l <lines)"
mkdir bin
printf '#!/bin/sh\nexec "%s" "$@"\n' "$FDG_RUN" >bin/fdguard
chmod +x bin/fdguard
PATH=$tmp/bin:$PATH
printf 'test:\n\tcloexec-$(TWIN) socket fork show-fds\n' >Makefile
while read -r line; do
	TWIN=right sh -c "$line" >said 2>&1
	same "$line: right" 0 $?
	TWIN=wrong sh -c "$line" >said 2>&1
	same "$line: wrong" 99 $?
	check 'with the finding' grep -q '\[cloexec\.leaked\]$' said
	case $line in *--github*) check 'with an annotation' grep -q '^::error ' said ;; esac
done <lines
check 'SARIF was written' grep -q cloexec.leaked fdguard.sarif
check 'JUnit was written' grep -q cloexec.leaked fdguard.xml
for file in $(sed -n 's/.*sarif_file: \([^ ]*\).*/\1/p; s/.*junit: \([^ ]*\).*/\1/p' section); do
	check "README.md: what is uploaded is what was written: $file" test -s "$file"
done
finish
