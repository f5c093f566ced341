#!/bin/sh
# SPDX-License-Identifier: MIT
# fdguard resolve with few descriptors: each name has an answer, or it is stated why it has none; and one that is left is enough for all of them.
set -u
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
# shellcheck source=tests/resolver/serving.sh
. "$FDG_SRC/tests/resolver/serving.sh"
need prlimit
tab=$(printf '\t')

# resolve LIMIT: the names in `names`; leaves out, err and status.
resolve() {
	timeout 60 prlimit --nofile="$1:$1" -- "$FDG_BIN/fdguard-resolve" --server "127.0.0.1:$port" <names >out 2>err 8>&-
	status=$?
}
# some NAMES: one in fifty comes by TCP.
some() { awk -v n="$1" 'BEGIN { while (i < n) print (i % 50 ? "ok" : "tc") i++ ".short.example" }' >names; }
stated() { grep -c -E "${tab}(ok${tab}[0-9]|failed${tab}.)" out; }

serve
some 500
for limit in 4 5 6 7 8 9 10 11; do
	resolve "$limit"
	same "$limit descriptors: every name has a line that says what is known" 500 "$(stated)"
	same "$limit descriptors: the exit status tells whether all were answered" "$status" "$(if grep -q "${tab}failed$tab" out; then echo 1; else echo 0; fi)"
done
resolve 12
same 'twelve descriptors: all are answered' 500 "$(grep -c "${tab}ok$tab" out)"

# Three of the program's own, an epoll, what says when to look at it (2): one is left, for more questions than a port may send.
served
serve --loss 10
some 20000
resolve 7
same 'one descriptor beside our own: all are answered' 20000 "$(grep -c "${tab}ok$tab" out)"
served
finish
