#!/bin/sh
# SPDX-License-Identifier: MIT
# fdguard resolve: what comes of each kind of name, formats, options, input as it is in the world.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/resolver/serving.sh
. "$FDG_SRC/tests/resolver/serving.sh"
need python3
tab=$(printf '\t')

# resolve STATUS ARGUMENT…: leaves out and err.
resolve() {
	want=$1
	shift
	timeout 60 "$FDG_BIN/fdguard-resolve" "$@" >out 2>err 8>&-
	status=$?
	same "exit status of: resolve $*" "$want" "$status"
}
ask() {
	want=$1
	shift
	resolve "$want" --server "127.0.0.1:$port" "$@"
}
# words: the second column of out.
words() { cut -f 2 out | paste -s -d ' ' -; }

serve
ask 1 ok.x.example nx.x.example nodata.x.example servfail.x.example tc.x.example 192.0.2.7 2001:DB8::7 a..b '-x' 'y z' '' '*'
same 'a word for each' 'ok noname nodata failed ok ok ok bad bad bad bad bad' "$(words)"
same 'both families, IPv6 by RFC 6724 or as it came' '192.0.2.1 2001:db8::1' "$(sed -n '1p' out | cut -f 3 | tr ' ' '\n' | sort | paste -s -d ' ' -)"
same 'the name as it was given' 'ok.x.example' "$(sed -n '1p' out | cut -f 1)"
same 'numbers are addresses' "192.0.2.7${tab}ok${tab}192.0.2.7" "$(sed -n '6p' out)"
check 'a failure says why' grep -q "^servfail.x.example${tab}failed${tab}.*SERVFAIL" out
check 'what is bad says why' grep -q "^a\\.\\.b${tab}bad${tab}there is nothing between two dots" out
check 'a bad word is told of on standard error' grep -q "^fdguard: the command line, name 10: there is more than one word in the line: 'y z'\$" err
check 'and counted' grep -q '12 names in .*: 4 with addresses, 2 without, 1 without an answer, 5 bad$' err
ask 0 -4 ok.x.example nx.x.example 2001:db8::7
same '-4' '192.0.2.1 there is no such name or service' "$(sed -n '1,2p' out | cut -f 3 | paste -s -d ' ' -)"
same '-4 and an IPv6 address' nodata "$(sed -n '3p' out | cut -f 2)"
same 'that there is no such name is an answer: nothing is said' '' "$(cat err)"
ask 0 -6 ok.x.example
same '-6' '2001:db8::1' "$(cut -f 3 out)"
ask 1 --timeout 200ms --tries 1 silent.x.example
check 'silence' grep -q "^silent.x.example${tab}failed${tab}no server answered in time\$" out

printf '\357\273\277ok1.x.example\r\n\n# a comment\n  ok2.x.example \t\nok3.x.example\0\nok4.x.example\001\n\303\251.example\n%0256d\n%070000d\nok5.x.example' 1 2 >list
for from in '-f list' '-f -' ''; do
	# shellcheck disable=SC2086 # words
	ask 1 $from <list
	same "lines from ${from:-standard input}" 'ok ok bad bad bad bad bad ok' "$(words)"
done
same 'their numbers' '5 6 7 8 9' "$(sed -n 's/^fdguard: standard input, line \([0-9]*\): .*/\1/p' err | paste -s -d ' ' -)"
same 'their reasons' 'NUL control ASCII 255 255' "$(grep -o -e NUL -e control -e ASCII -e '(255' err | tr -d '(' | paste -s -d ' ' -)"
same 'a byte order mark, blanks and CR are no part of a name' 'ok1.x.example ok2.x.example' "$(sed -n '1,2p' out | cut -f 1 | paste -s -d ' ' -)"
ask 0 -f /dev/null
same 'nothing in, nothing out' '' "$(cat out err)"
mkdir directory
resolve 2 -f directory
check 'a directory' grep -q '^fdguard: directory: Is a directory$' err
resolve 2 -f nowhere
check 'a file that is not there' grep -q '^fdguard: nowhere: No such file or directory$' err

ask 1 --json ok.x.example nx.x.example servfail.x.example 'a"\b' 192.0.2.7
cat >look.py <<'END'
import json, sys
lines = [json.loads(line) for line in open("out", encoding="utf-8")]
assert [l["status"] for l in lines] == ["ok", "noname", "failed", "bad", "ok"], lines
assert [l["line"] for l in lines] == [1, 2, 3, 4, 5]
ok, nx, failed, bad, number = lines
assert sorted(ok["addresses"]) == ["192.0.2.1", "2001:db8::1"] and ok["canonical"] == "ok.x.example", ok
assert ok["source"] == "dns" and ok["ttl"] == 60 and ok["sent"] >= 2 and ok["ms"] >= 0, ok
assert ok["server"] == "127.0.0.1:" + sys.argv[1], ok
assert "addresses" not in nx and nx["reason"] and "SERVFAIL" in failed["reason"], lines
assert bad["name"] == 'a"\\b', bad
assert number["addresses"] == ["192.0.2.7"] and number["source"] == "text" and "server" not in number, number
END
check '--json' python3 look.py "$port"

while read -r mistake; do
	# shellcheck disable=SC2086 # words
	resolve 2 $mistake localhost
	check "a sentence for it: $mistake" grep -q '^fdguard: .*; fdguard help resolve lists the options$' err
	same 'and nothing else is done' '' "$(cat out)"
done <<'END'
--frobnicate
--inflight 0
--inflight 32768
--tries x
--tries=0
--timeout 5x
--timeout -1s
--server 192.0.2.256
--server 192.0.2.1:0
--server 192.0.2.1:65536
--server [::1
--server [::1]x
--server host
-4 -6
-f a -f b
-f list ok.x.example
END
resolve 2 --inflight
resolve 0 --help
check '--help' grep -q '^usage: fdguard resolve' out
"$FDG_RUN" resolve --server "127.0.0.1:$port" ok.x.example >out 2>err 8>&-
same 'by the launcher' 0 $?
same 'which changes nothing' ok "$(words)"
served

serve --delay 10
names 0 3000 >list
ask 0 -f list
check 'thousands come in the order of the names' sh -c 'cut -f 1 out | cmp -s - list'
same 'all of them' 3000 "$(grep -c "${tab}ok${tab}" out)"
ask 1 --timeout 300ms --tries 1 silent.x.example ok1.x.example ok2.x.example
same 'in order: the slow one first' 'failed ok ok' "$(words)"
ask 1 --unordered --timeout 300ms --tries 1 silent.x.example ok1.x.example ok2.x.example
same '--unordered: the slow one last' 'ok ok failed' "$(words)"
ask 0 --unordered --inflight 50 -f list
sort list >sorted
check "--unordered: each of them once" sh -c "cut -f 1 out | sort | cmp -s - sorted"
served
finish
