# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# fdguard report: what it reads, what it says, and what it writes.
. "$FDG_SRC/tests/harness/lib.sh"
python=/usr/bin/python3
lines() { "$python" "$FDG_SRC/tests/report/lines.py" "$@"; }
need "$python" xmllint

# report STATUS SENTENCE ARG…: its output is in out, its words in said.
report() {
	want=$1 sentence=$2
	shift 2
	"$FDG_RUN" report "$@" >out 2>said
	same "$sentence: exit status" "$want" "$?"
}
says() { check "$1" grep -q -e "$2" out; }

lines fleet >fleet.jsonl
lines hostile >hostile.jsonl
mkdir -p logs/db1 logs/db2
lines many 30 >logs/db1/a.log
lines many 30 >logs/db2/b.4711
echo 'no log' >logs/README

report 0 'a log' fleet.jsonl
says 'the headline counts' '^fdguard report: 4 findings of 30 processes on 2 hosts, from 2026-11-21 21:00:00 UTC to 2026-11-21 21:06:00 UTC$'
says 'kinds have their title and count' '^closewait.leak: Connections that the peer has closed were never closed here$'
says 'since when, first, last, how often' '^     since 2026-11-21 20:58:59 UTC, first told 2026-11-21 21:00:00 UTC, last 2026-11-21 21:04:00 UTC: 10 reports of 2 processes$'
says 'hosts' '^     hosts: web1 (5 reports, at most 41), web2 (5 reports, at most 41)$'
says 'peers' '^     peers: 10.0.0.1:80 (6 reports, at most 41), 10.0.0.2:80 (4 reports, at most 31)$'
says 'the place' '^     made at dial (libsdk.so+0x10)$'
says 'what to do' '^     fix: close what is idle$'
says 'how to let it through' '^     suppress: closewait.leak site:libsdk.so:dial$'
says 'coverage' '^Covered: 28 programs ran guarded, 2 did not$'
same 'nothing is said beside it' '' "$(cat said)"

: >empty.jsonl
report 0 'an empty log' empty.jsonl
says 'does not look like a run without findings' '^Covered: 0 programs ran guarded, 0 did not (no line was read: .*fdguard scan writes findings alone, and tells by its exit status'

report 0 'standard input, and a host for it' web9=- <fleet.jsonl
says 'hosts that lines name win' 'hosts: web1 '
report 0 'a directory' logs
says 'of which each directory is a host' '^     hosts: db1, db2$'
says 'and what is no log is told' '^  logs/README was passed over: its first lines are none of a log$'
report 0 'a host by argument' x=logs/db1/a.log y=logs/db1/a.log
says 'is told' '^     hosts: x, y$'
says 'of many the gravest are told whole' '^     and 10 more of these: --top 0 tells all of them$'
report 0 '--top 0' --top 0 logs/db1/a.log
same 'tells all' 30 "$(grep -c '^ *[0-9]*\. ' out)"
report 0 '--level' --level error fleet.jsonl
says 'leaves out what is below' '^fdguard report: 1 finding of'
says 'and counts it' '14 lines below --level$'
echo 'closewait.leak peer:10.0.0.1:*  # known' >suppressions
report 0 'a page with --level' --level error --html page.html fleet.jsonl
check 'tells what is not on it' grep -q '0 findings are suppressed, 14 lines are below --level, 0 findings could not be written' page.html
check 'and which of a few hosts' grep -q '2 processes on web1, web2</span>' page.html
report 0 '--suppressions' --suppressions suppressions fleet.jsonl
says 'leaves out what is accepted' 'left out: 1 finding that is suppressed'
says 'and nothing else' 'peer: 10.0.0.2:80$'

# Mistakes.
report 2 'no LOG'
report 2 'an unknown option' --frobnicate fleet.jsonl
report 2 'a suppressions file that is not there' --suppressions nothing fleet.jsonl
report 2 'a result over a log' --html fleet.jsonl fleet.jsonl
check 'which is whole' grep -q closewait fleet.jsonl
report 2 'a result over a log of a directory' --sarif logs/db1/a.log --html x logs
check 'which is whole, too' grep -q cloexec.leaked logs/db1/a.log
refuse 'and of the others nothing is left' test -e x
report 2 'two results in one file' --html x --sarif x fleet.jsonl
refuse 'of which nothing is left' test -e x
report 1 'a log that is not there' nothing.jsonl fleet.jsonl
says 'does not keep others from being told' '^fdguard report: 4 findings'
check 'and is told' grep -q '^fdguard: nothing.jsonl No such file' said
report 1 'a result that cannot be written' --html /dev/full fleet.jsonl
check 'is told' grep -q '^fdguard: /dev/full: No space left on device$' said

# What is none of ours.
report 0 'a hostile log' --html page.html --junit junit.xml --sarif sarif.json hostile.jsonl
refuse 'is not obeyed' grep -q -P '[\x00-\x08\x0b-\x1f\x7f]|\x{c2}[\x{80}-\x{9f}]' out
says 'lines that are none are counted' '; 5 lines are none of ours$'
says 'and told, with their numbers' '^  hostile.jsonl: line 6: '
check 'the page is whole' "$python" - <<'END'
import base64, hashlib, html.parser, json, re
text = open("page.html", encoding="utf-8").read()
class Page(html.parser.HTMLParser):
    scripts, inside, seen = [], None, []
    def handle_starttag(self, tag, attributes):
        assert not any(name.startswith("on") or name == "style" for name, _ in attributes), attributes
        self.seen.append(tag)
        if tag in ("script", "style"): self.inside = (tag, dict(attributes), [])
    def handle_data(self, data):
        if self.inside: self.inside[2].append(data)
    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[0]:
            self.scripts.append(self.inside)
            self.inside = None
page = Page()
page.feed(text)
assert [s[:2] for s in page.scripts] == [("style", {}), ("script", {"type": "application/json", "id": "data"}), ("script", {})], page.scripts
assert "img" not in page.seen and "link" not in page.seen
json.loads("".join(page.scripts[1][2]))
policy = re.search('http-equiv="Content-Security-Policy" content="([^"]*)"', text).group(1)
for kind, _, parts in (page.scripts[0], page.scripts[2]):
    hash = base64.b64encode(hashlib.sha256("".join(parts).encode()).digest()).decode()
    assert "%s-src 'sha256-%s'" % (kind, hash) in policy, (kind, hash, policy)
assert "default-src 'none'" in policy
END
check 'JUnit is whole' xmllint --noout --nonet junit.xml
check 'JUnit says that not all could be read' grep -q 'none of ours' junit.xml
check 'SARIF is whole' "$python" -c 'import json; assert json.load(open("sarif.json"))["runs"][0]["results"]'
"$FDG_RUN" help report | grep -o -e '^  --[a-z-]*' -e ', --[a-z-]*' | tr -d ' ,' | sort -u >options
check 'help has its options' test "$(wc -l <options)" -eq 9
while read -r option; do
	grep -q -e "\*$option\*" "$FDG_SRC/shim/man/fdguard-report.1.scd" || echo "$option"
done <options >missing
same 'and the manual page has each of them' '' "$(cat missing)"
finish
