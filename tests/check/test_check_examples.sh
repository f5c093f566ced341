# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The examples for CTest, pytest, bats and GNU make: silent about a right program, and failing, with the finding, about a wrong one.
. "$FDG_SRC/tests/check/lib.sh"
need cmake ctest bats make /usr/bin/python3
pytest='/usr/bin/python3 -m pytest -p no:cacheprovider'
$pytest --version >version 2>&1 || bad 'needs python3-pytest'

examples=$FDG_SRC/tests/check/examples
cp -r "$examples" examples
cmake --install "$FDGUARD_BUILD_DIR" --prefix "$tmp/prefix" >install.log 2>&1 || bad 'cmake --install'
unset FDGUARD_BUILD_DIR
mkdir wrong right
"$FDG_CC" -g -O1 -DWRONG -o wrong/lookup examples/lookup.c || bad 'the wrong program'
"$FDG_CC" -g -O1 -o right/lookup examples/lookup.c || bad 'the right program'
path=$tmp/prefix/bin:/usr/local/bin:/usr/bin:/bin

# with WHICH DIR CMD…: in examples/DIR, with the wrong or the right program in PATH.
with() {
	which=$1 directory=$2
	shift 2
	(cd "examples/$directory" && PATH="$tmp/$which:$path" PYTHONDONTWRITEBYTECODE=1 "$@") >said 2>&1
	status=$?
}

# example NAME DIR FAILURE CMD…: CMD passes with the right program; with the wrong one its status is FAILURE, and the finding is told.
example() {
	name=$1 where=$2 failure=$3
	shift 3
	with right "$where" "$@"
	same "$name: a right program passes" 0 "$status"
	[ "$status" -eq 0 ] || sed 's/^/# said: /' said
	refuse "$name: and no finding is told" grep -q '\[[a-z]*\.[a-z]*\]$' said
	with wrong "$where" "$@"
	same "$name: a wrong one fails" "$failure" "$status"
	check "$name: with the finding" grep -q 'UDP socket from lookup .* made at resolver_open.*\[cloexec\.leaked\]$' said
	[ -z "${FDG_LIBDW:-}" ] || check "$name: by file and line" grep -q 'made at resolver_open at .*lookup\.c:14 (' said
}

# shellcheck disable=SC2016,SC2086 # for the inner shell; words
{
	example CTest ctest 8 sh -c 'rm -rf build; cmake -S . -B build -DCMAKE_PREFIX_PATH="$0" && ctest --test-dir build --output-on-failure' "$tmp/prefix"
	check 'CTest: only the check fails' grep -q '^50% tests passed, 1 tests failed out of 2$' said
	check 'CTest: the suppression that matched nothing is listed' grep -q 'cloexec.leaked site:libvendor.so' said
	example pytest pytest 1 $pytest
	check 'pytest: only the check fails' grep -q '1 failed, 1 passed' said
	example 'all of pytest' pytest 99 fdguard check -- $pytest -k says_hello
	example bats bats 1 bats .
	same 'bats: both checks fail' 2 "$(grep -c '^not ok' said)"
	example 'GNU make' make 2 make check-fd
	with wrong make make check
	same 'GNU make: check is as it was' 0 "$status"
}
with right pytest env FDGUARD=/nosuchprogram $pytest
same 'pytest without fdguard fails' 1 "$status"
with right bats env FDGUARD=/nosuchprogram bats .
same 'bats without fdguard fails' 1 "$status"
finish
