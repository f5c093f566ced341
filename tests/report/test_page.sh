# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The page in a browser, at the size of a desktop and of a phone: what it shows, by keyboard, to a screen reader; and nothing of a hostile log is run.
. "$FDG_SRC/tests/harness/lib.sh"
python=/usr/bin/python3 here=$FDG_SRC/tests/report
need "$python" chromium-headless-shell
for log in hostile fleet 'many 5300'; do
	# shellcheck disable=SC2086 # words
	"$python" "$here/lines.py" $log >"${log% *}.jsonl"
	check "a page of ${log% *}" "$FDG_RUN" report --html "${log% *}.html" "${log% *}.jsonl" >/dev/null
done
"$python" "$here/page.py" hostile.html fleet.html many.html >told 2>errors </dev/null
same 'the browser was driven to the end' 0 $?
sed 's/^/# /' errors
while IFS= read -r told; do
	case $told in
	'ok '*) ok "${told#ok }" ;;
	*) bad "${told#not ok }" ;;
	esac
done <told
finish
