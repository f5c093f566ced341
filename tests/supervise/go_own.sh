#!/bin/sh
# SPDX-License-Identifier: MIT
# go_own.sh [BUILD [PACKAGE…]]: by hand: Go's own tests (golang-1.19-src), bare and supervised: the same pass, fail and are left out. By default those of net and os/exec, on the loopback.
set -eu
build=${1:-${FDGUARD_BUILD_DIR:-$(dirname "$0")/../../build}}
bin=$(CDPATH='' cd -- "$build/bin" && pwd)
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- net os/exec
source=$(go env GOROOT)/src
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT HUP
different=0

# results FILE CMD…: what became of each test
results() {
	file=$1
	shift
	timeout 600 "$bin/clean-fds" "$@" -test.v -test.short -test.timeout 500s >"$file.out" 2>&1 || :
	grep -E '^ *--- (PASS|FAIL|SKIP)' "$file.out" | sed 's/ (.*//' | sort >"$file"
}

for package; do
	(cd "$source/$package" && go test -c -o "$tmp/own.test" .)
	cd "$source/$package"
	results "$tmp/bare" "$tmp/own.test"
	FDGUARD_OPTIONS=log=none results "$tmp/supervised" "$bin/fdguard-supervise" "$tmp/own.test" "$tmp/own.test"
	diff "$tmp/bare" "$tmp/supervised" || different=1
	printf '%s: %s passed, %s failed, %s left out, bare and supervised alike: %s\n' "$package" "$(grep -c PASS "$tmp/bare")" "$(grep -c FAIL "$tmp/bare")" "$(grep -c SKIP "$tmp/bare")" \
		"$(cmp -s "$tmp/bare" "$tmp/supervised" && echo yes || echo no)"
done
exit "$different"
