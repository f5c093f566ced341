# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What ctest leaks into each test is not the project's; what the project leaks is, whatever runs its tests, and whatever it is called.
. "$FDG_SRC/tests/check/lib.sh"
need cmake ctest python3 g++

mkdir project
cat >project/CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.18)
project(project NONE)
enable_testing()
add_test(NAME plain COMMAND true)
add_test(NAME shell COMMAND sh -c "true; sh -c true")
add_test(NAME static COMMAND check-static fork show-fds)
EOF
cmake -S project -B build >cmake.log 2>&1 || bad 'cmake'
echo 'run.uncovered exe:check-static' >accepted

# Through a static program, the leak is known by its path alone.
exits 'ctest' 0 --set suppressions=accepted --junit run.xml -- ctest --test-dir build
says 'what it leaks is counted' '^Left out: 3 reports of what ctest itself leaks into each test: its log (LastTest.log, and that of --output-log)$'
says_not 'and no finding' '\[cloexec'
refuse 'in no format' grep -q 'inherited 1 file' run.xml
exits 'the summary as JSON' 0 --json --log run.json -- ctest --test-dir build --output-log log -R plain
same 'counts it too' 'ctest 1' "$(python3 -c 'import json; d = json.load(open("run.json"))["drivers"][0]; print(d["program"], d["reports"])')"
exits 'no ctest' 0 -- true
says_not 'no word of it' '^Left out'

# Files of the project's own, below ctest.
cat >>project/CMakeLists.txt <<'EOF'
add_test(NAME leaky COMMAND cloexec-wrong file fork show-fds)
EOF
cmake -S project -B build >cmake.log 2>&1 || bad 'cmake again'
exits 'a file that a test leaks' 99 --set suppressions=accepted -- ctest --test-dir build
same 'is the only finding' 1 "$(grep -c '\[cloexec\.leaked\]$' summary)"
says 'by the code that made it' 'inherited 1 file from cloexec-wrong .*made at make_file'
cat >named.cc <<'EOF'
#include <fstream>
#include <unistd.h>
#include <sys/wait.h>
int main()
{
#ifndef FILE_NAME
#define FILE_NAME (mark + 1)
#endif
	const char *volatile mark = MARK;
	std::ofstream log(FILE_NAME);
	if (!mark)
		return 1;
	if (fork() == 0)
		execlp("true", "true", (char *)0);
	wait(0);
}
EOF
mkdir -p mine Testing/Temporary
g++ -g '-DMARK="/CTestTestfile.cmake"' -o mine/ctest named.cc || bad 'a ctest'
exits 'what ctest leaks besides its log' 99 -- mine/ctest
says 'is told of' 'what they are: 3 .*/CTestTestfile.cmake'
g++ -g '-DMARK="/CTestTestfile.cmake"' '-DFILE_NAME="Testing/Temporary/LastTestMine.log.txt"' -o mine/ctest named.cc || bad 'another ctest'
exits 'what is called much like its log' 99 -- mine/ctest
says 'is told of' 'what they are: 3 .*/LastTestMine.log.txt'
g++ -g '-DMARK="/LastTest.log"' -o mine/ctest named.cc || bad 'a program of that name'
exits "a project's own program of that name" 99 -- mine/ctest
says 'is told of its file' 'inherited 1 file from ctest '
g++ -g '-DMARK="/CTestTestfile.cmake"' -o mine/driver named.cc || bad 'a program that knows of ctest'
exits 'a program that knows of ctest' 99 -- mine/driver
says 'is another one' 'inherited 1 file from driver '
exits 'so is one' 99 -- sh -c 'exec 9>LastTest.log; exec cloexec-wrong file fork show-fds'
says 'of any other name' 'inherited 1 file from cloexec-wrong '
finish
