# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The findings of guard epoll: what the first place is (registered, closed or waited at) stands before it, as in the library's text; the fingerprints do not know it.
. "$FDG_SRC/tests/check/lib.sh"
need python3

exits 'loops that turn for nothing' 99 --set epoll=report --out results --junit run.xml -- \
	sh -c 'poll-wrong hup & epoll-wrong hangup 1500 & epoll-stale dup close 1500 & epoll-stale dup raw 1500 & wait'
# labels ID PROGRAM: what stands before the first place of its findings
labels() { awk -v id="[$1]" -v program="$2" '/^ *[0-9]+\. / { mine = index($0, id); next } mine && / at / { if ($0 ~ "[(/]" program "([+]0x|$)") print $1, $2; mine = 0 }' summary | sort | tr '\n' ';'; }
same 'epoll.stale' 'closed at;registered at;' "$(labels epoll.stale epoll-stale)"
for id in epoll.ignored epoll.spin; do
	same "$id: poll" 'waited at;' "$(labels $id poll-wrong)"
	same "$id: epoll_wait" 'registered at;' "$(labels $id epoll-wrong)"
done
says_not 'nothing is just at a place' '^     at '
if [ -n "${FDG_LIBDW:-}" ]; then
	says 'epoll.stale: the registration, with its line' '^     registered at: .*registers at .*epoll_stale\.c:[0-9]* (epoll-stale+0x[0-9a-f]*)$'
	says 'epoll.stale: the copy' '^     other fd made at: keep at .*epoll_stale\.c:[0-9]* (epoll-stale+0x[0-9a-f]*)$'
else
	says 'epoll.stale: the registration' '^     registered at: registers+0x[0-9a-f]* (epoll-stale+0x[0-9a-f]*)$'
	says 'epoll.stale: the copy' '^     other fd made at: keep+0x[0-9a-f]* (epoll-stale+0x[0-9a-f]*)$'
fi
says 'epoll.stale: a close that was not seen' '^     closed at: a place that fdguard did not see$'
same 'epoll.stale: the library calls it the same' 1 "$(grep -c '"closed_at":"a place that fdguard did not see"' results/log.jsonl)"
in_junit() { grep -c "^$1 at: .*[(/]$2\([+]0x\|\$\)" run.xml; }
same 'JUnit' '1 2 2 2' "$(in_junit closed epoll-stale) $(in_junit registered epoll-stale) $(in_junit waited poll-wrong) $(in_junit registered epoll-wrong)"
python3 - >fingerprints <<'PYTHON'
import json, re
for f in sorted(x["fingerprint"] for x in json.load(open("results/findings.json"))["findings"]):
    if "site=epoll-wrong:" not in f:  # which are inlined is the compiler's affair
        print(re.sub(" created=epoll-stale:[a-z]*", "", f))
PYTHON
same 'fingerprints' 'epoll.ignored site=poll-wrong:wait_once created=poll-wrong:open_hup peer=none
epoll.spin site=poll-wrong:wait_once created=poll-wrong:open_hup peer=none
epoll.stale site=epoll-stale:close_by peer=none
epoll.stale site=epoll-stale:registers peer=none' "$(cat fingerprints)"
finish
