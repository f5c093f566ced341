#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/dev/symbols.sh [BUILD]: the inventory of wrapped names: name, its row's kind, whether libfdguard.so of BUILD (build/) exports it, whether
# libc has it and in which versions, and how many programs in tests/calls use it.
set -eu
cd "$(dirname -- "$0")/../.."
lib=${1:-build}/lib/libfdguard.so
[ -e "$lib" ] || { echo "no $lib: build first, or name the build tree" >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
libc=$(ldd "$lib" | awk '$1 == "libc.so.6" { print $3 }')
nm -D --defined-only --with-symbol-versions "$libc" | awk '$2 != "A" && $3 !~ /PRIVATE/ { print $3 }' >"$tmp/libc"
nm -D --defined-only "$lib" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$tmp/ours"
printf '#define CALL(n, r) n r;\n#define TWIN(n, c) n twin_of_##c;\n#define OLD(n, c, v) c old v;\n#include "calls.def"\n' |
	"${CC:-cc}" -E -P -x c -I shim - | tr ';' '\n' | tr -d '"' | sed 's/^ *//; /^$/d' >"$tmp/rows"
printf '%-24s %-22s %-8s %-6s %s\n' name row exported tests "libc's versions"
while read -r name kind version; do
	versions=$(sed -n "s/^$name@@*//p" "$tmp/libc" | sort | tr '\n' ' ')
	exported=no
	grep -q -x "$name" "$tmp/ours" && exported=yes
	used=$(grep -l -w -e "$name" tests/calls/*.c | wc -l)
	printf '%-24s %-22s %-8s %-6s %s\n' "$name" "$kind${version:+ $version}" "$exported" "$used" "${versions:-(not in this libc)}"
done <"$tmp/rows"
