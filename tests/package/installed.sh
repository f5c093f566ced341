#!/bin/sh
# SPDX-License-Identifier: MIT
# Run by test_deb.sh and clean.sh in a system that has the package: what is in it works, from where dpkg put it.
#   installed.sh DIRECTORY    with the programs cloexec-wrong and show-fds in it
set -u
unset FDGUARD_BUILD_DIR
# shellcheck source=tests/harness/lib.sh
. "$FDG_SRC/tests/harness/lib.sh"
PATH=$1:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
examples=/usr/share/doc/fdguard/examples

same 'dpkg has it installed' 'install ok installed' "$(dpkg-query -W -f '${Status}' fdguard)"
same 'as it was packed' '' "$(dpkg -V fdguard)"
same 'fdguard is in PATH' /usr/bin/fdguard "$(command -v fdguard)"
same 'the version is that of the package' "fdguard $(dpkg-query -W -f '${Version}' fdguard)" "$(fdguard --version)"

fdguard run --observe --json --log log -- cloexec-wrong socket fork show-fds >leaked
check 'a leak is found' found '"id":"cloexec\.leaked".*cloexec-wrong'
fresh
fdguard run --json --log log -- cloexec-wrong socket fork show-fds >kept
check 'and repaired' found '"id":"cloexec\.forced"'
refuse 'the child has less' cmp -s leaked kept
fdguard check -- cloexec-wrong socket fork show-fds >check.out 2>&1
same 'check fails on it' 99 $?
check 'and names it' grep -q '\[cloexec\.leaked\]$' check.out
check 'explain explains it' sh -c 'fdguard explain cloexec.leaked | grep -q SOCK_CLOEXEC'
same 'names are resolved' '127.0.0.1	ok	127.0.0.1' "$(fdguard resolve 127.0.0.1)"
fdguard run --set log=none --supervise -- sh -c 'exit 7'
same 'the supervisor is there' 7 $?
fdguard report log >report.out
same 'and the report' 0 $?

# What the drop-in sets, as systemd would.
sed -n 's/^Environment=//p' "$examples/fdguard.conf" >settings
same 'the drop-in has two settings' 2 "$(wc -l <settings)"
# shellcheck disable=SC2046 # words
env $(cat settings) cloexec-wrong socket fork show-fds >out 2>err
check 'a service with the drop-in tells its findings on stderr' grep -q '\[cloexec\.leaked\]$' err
refuse 'and the loader has nothing to say' grep -q 'ld\.so' err
# What stands there as a comment, uncommented: Environment= of systemd is one word a setting, and %% is a percent sign.
sed -n 's/^#Environment=FDGUARD_OPTIONS=//p' "$examples/fdguard.conf" | sed "s|%%|%|g; s|/var/log/fdguard-legacy|$tmp|" >settings
settings=$(cat settings)
LD_PRELOAD=libfdguard.so FDGUARD_OPTIONS=$settings cloexec-wrong socket fork show-fds >out
check 'or in a file of its own' sh -c 'grep -q cloexec.leaked cloexec-wrong.*.jsonl show-fds.*.jsonl'
if command -v systemd-analyze >/dev/null 2>&1; then
	mkdir -p units/legacy.service.d
	printf '[Unit]\nDescription=legacy\n[Service]\nExecStart=/bin/true\n' >units/legacy.service
	verify() { SYSTEMD_UNIT_PATH="$tmp/units:" systemd-analyze verify --man=no units/legacy.service 2>&1 | grep 'legacy\.service'; }
	cp "$examples/fdguard.conf" units/legacy.service.d/
	same 'systemd takes the drop-in' '' "$(verify)"
	sed -i 's|^#\([A-Z][A-Za-z]*=\)|\1|; s|/usr/sbin/legacy|/bin/true|' units/legacy.service.d/fdguard.conf
	same 'and all that is commented out in it' 'Environment= Environment= LogsDirectory= Environment= ExecStart= ExecStart= ' \
		"$(sed -n 's/^\([A-Z][A-Za-z]*=\).*/\1/p' units/legacy.service.d/fdguard.conf | tr '\n' ' ')"
	same 'which it takes, too' '' "$(verify)"
	echo 'Enviroment=A=b' >>units/legacy.service.d/fdguard.conf
	check 'it would tell of a mistake' sh -c '[ -n "$0" ]' "$(verify)"
fi

# Who builds against it.
if command -v cmake >/dev/null 2>&1; then
	version=$(dpkg-query -W -f '${Version}' fdguard)
	check 'a project finds it' sh -c 'cmake -S "$FDG_SRC/tests/package/consumer" -B consumer >consumer.log 2>&1 && cmake --build consumer >>consumer.log 2>&1'
	same 'links the shared library' "$version" "$(consumer/linked)"
	same 'and the static one' "$version" "$(consumer/linked-static)"
	check 'the one needs it' sh -c 'ldd consumer/linked | grep -q "libfdguard-resolver\.so\.0 => /"'
	refuse 'the other does not' sh -c 'ldd consumer/linked-static | grep -q fdguard'
	check 'its tests run under check' sh -c 'cd consumer && ctest --no-tests=error >ctest.log 2>&1'
	# shellcheck disable=SC2046 # words
	check 'pkg-config does the same' cc -o by-pkg-config "$FDG_SRC/tests/package/consumer/consumer.c" $(pkg-config --cflags --libs fdguard-resolver)
	same 'and it runs' "$version" "$(./by-pkg-config)"
	check 'pkg-config tells of the preload' test -f "$(pkg-config --variable=preload fdguard)"
fi
if command -v man >/dev/null 2>&1; then
	dpkg -L fdguard | sed -n 's|.*/man[1-8]/\(.*\)\.\([1-8]\)\.gz$|\2 \1|p' >pages
	check 'there are pages' test "$(wc -l <pages)" -ge 7
	while read -r section name; do
		check "man $section $name" sh -c 'man -P cat "$0" "$1" 2>/dev/null | grep -q NAME' "$section" "$name"
	done <pages
fi
finish
