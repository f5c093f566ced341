# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Somebody else's project, against an installed fdguard: its ctest fails with a bug of each guard named by file and line, passes after the fix, and
# with a baseline lets the old ones through and stops a new one.
. "$FDG_SRC/tests/check/lib.sh"
need cmake ctest git
ulimit -c 0 # the fortified probe aborts

cmake --install "$FDGUARD_BUILD_DIR" --prefix "$tmp/prefix" >install.log 2>&1 || bad 'cmake --install'
unset FDGUARD_BUILD_DIR # what is installed finds itself
cp -r "$FDG_SRC/tests/check/sample" 'the sample'
cd 'the sample' || exit 99
git init -q . && git add .
all='uplink collector probe gateway'
build="$tmp/the build"
formats=
[ -z "${FDG_LIBDW:-}" ] || formats='xml sarif'

# ci OPTION…: the project's CI, in a build tree outside of the repository; what it says is in `said`, ctest's exit status in $status.
ci() {
	{ cmake -S . -B "$build" -DCMAKE_C_COMPILER="$FDG_CC" -DCMAKE_PREFIX_PATH="$tmp/prefix" "$@" && cmake --build "$build"; } >build.log 2>&1 || { bad "build $*"; cat build.log; }
	rm -f "$build"/*.xml "$build"/*.sarif
	ctest --test-dir "$build" --output-on-failure -L fdguard >said 2>&1
	status=$?
}

# bug PROGRAM WORDS: sets $line.
bug() {
	line=$(grep -n "/\* $2: " "src/$1.c" | cut -d : -f 1)
	[ -n "$line" ] || bad "where is $2 in $1.c?"
}

# tests_say N WORD: that many tests ended so.
tests_say() { same "$1 tests: $2" "$1" "$(grep -c "Test *#.*$2" said)"; }

# named PROGRAM ID FUNCTION LABEL: by file and line, in all formats.
named() {
	bug "$1" BUG
	check "$1: $2" grep -q "\[${2%.*}\.${2#*.}\]\$" said
	[ -n "$formats" ] || return 0
	check "$1: the summary has src/$1.c:$line" grep -q "^ *$4 $3 at src/$1.c:$line (" said
	for format in $formats; do
		check "$1: the .$format was written" test -s "$build/$1.$format"
	done
	check "$1: JUnit is valid" /usr/bin/python3 "$FDG_SRC/tests/check/junit_rules.py" "$build/$1.xml"
	check "$1: SARIF is valid" /usr/bin/python3 "$FDG_SRC/tests/check/sarif_rules.py" "$FDG_SRC/tests/check/sarif-2.1.0.json" "$build/$1.sarif"
	check "$1: JUnit has it" grep -q "^source: src/$1.c:$line\$" "$build/$1.xml"
	same "$1: SARIF has it" "$2 src/$1.c $line" "$(/usr/bin/python3 - "$build/$1.sarif" <<'END'
import json, sys
for r in json.load(open(sys.argv[1]))["runs"][0]["results"]:
    p = r["locations"][0]["physicalLocation"]
    print(r["ruleId"], p["artifactLocation"]["uri"], p["region"]["startLine"])
END
)"
}

ci
same 'the CI of the sample fails' 8 "$status"
tests_say 4 Failed
named uplink cloexec.leaked uplink_open 'made at'
named collector select.overflow may_write 'called at'
named probe select.fortify may_write at
named gateway nonblock.shared tune 'changed at'
check 'what ended the probe is told' grep -q 'killed by SIGABRT' said

ci -DSAMPLE_FIXED=ON
same 'after the fix it passes' 0 "$status"
tests_say 4 Passed
if [ -n "$formats" ]; then
	for program in $all; do
		same "$program: nothing in SARIF" 0 "$(grep -c '"ruleId"' "$build/$program.sarif")"
		refuse "$program: nothing in JUnit" grep -q '<failure' "$build/$program.xml"
	done
fi

# The old ones are let through; FD_SET's abort ends its program, whatever a baseline says.
ci -DSAMPLE_FIXED=OFF
mkdir baselines
for program in $all; do
	"$tmp/prefix/bin/fdguard" check --baseline "baselines/$program.txt" --update-baseline -- "$build/$program" >/dev/null 2>&1
done
ci -DSAMPLE_BASELINES="$PWD/baselines"
tests_say 3 Passed
tests_say 1 'probe.*Failed'
ci -DSAMPLE_NEW_BUG=ON
tests_say 2 Passed
tests_say 1 'uplink.*Failed'
bug uplink 'NEW BUG'
same 'the new leak alone is told' 1 "$(grep -c '\[cloexec\.leaked\]$' said)"
[ -z "$formats" ] || check 'by file and line' grep -q "made at journal_open at src/uplink.c:$line (" said
check 'and the old one is counted' grep -q '^Let through: 1 finding is in the baseline ' said

# A mistake in the call is told when the project is configured.
mkdir wrong
for mistake in 'COMMAND true' 'NAME a' 'NAME a COMMAND true FAIL_ON' 'NAME a b COMMAND true'; do
	printf 'cmake_minimum_required(VERSION 3.18)\nproject(wrong LANGUAGES C)\nfind_package(fdguard REQUIRED)\nfdguard_add_check(%s)\n' "$mistake" >wrong/CMakeLists.txt
	cmake -S wrong -B wrong/build -DCMAKE_C_COMPILER="$FDG_CC" -DCMAKE_PREFIX_PATH="$tmp/prefix" >wrong/log 2>&1
	same "fdguard_add_check($mistake) ends the configuration" 1 $?
	check 'and says why' grep -q '^  fdguard_add_check' wrong/log
done
finish
