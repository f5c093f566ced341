#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/dev/format.sh [--check | --write] [FILE…]: clang-format with /.clang-format over the C files named, or all of them. --check (the default)
# lists the files that it would change, and fails if there are any; --write changes them.
set -eu
top=$(dirname -- "$0")/../..
mode=--check
case ${1:-} in
--check | --write)
	mode=$1
	shift
	;;
-*)
	echo "usage: format.sh [--check | --write] [FILE...]" >&2
	exit 2
	;;
esac
command -v clang-format >/dev/null || { echo "format.sh needs clang-format" >&2; exit 2; }
# shellcheck disable=SC2046 # no file of ours has a space in its name
[ $# -gt 0 ] || set -- $(cd "$top" && find "$PWD/shim" "$PWD/tests" -name '*.[ch]' | sort)
changed=0
for file in "$@"; do
	[ -r "$file" ] || { echo "$file: cannot be read" >&2; exit 2; }
	if ! clang-format --style=file "$file" | cmp -s - "$file"; then
		changed=1
		echo "$file"
		[ "$mode" = --check ] || clang-format --style=file -i "$file"
	fi
done
[ "$mode" = --write ] || [ "$changed" -eq 0 ]
