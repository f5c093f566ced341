# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Where the loader cannot get the library into a program, the one that starts it knows, however short it lives.
. "$FDG_SRC/tests/check/lib.sh"
need setpriv

same 'this test is run by root' 0 "$(id -u)"
chmod 755 .
mkdir -m 700 secret secret/lib secret/bin
cp "$FDG_LIB" secret/lib
cp "$FDG_BIN"/fdguard-* secret/bin
as_nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
exits 'another user' 0 -- sh -c "$as_nobody /bin/true; true"
FDGUARD_BUILD_DIR=$PWD/secret exits 'another user, who may not read the library' 98 -- sh -c "$as_nobody /bin/true; true"
says 'is told of' "true (pid [0-9]*), started by setpriv, ran unguarded: .* the library's file was out of its reach: the preload was lost"
exits 'a user who is only the effective one' 98 -- sh -c 'setpriv --euid 65534 --clear-groups /bin/true; true'
says 'is told of too' 'true (pid [0-9]*), started by setpriv, ran unguarded: .* effective user or group was not its real one'
exits 'CMD under such a user' 98 -- setpriv --euid 65534 --clear-groups /bin/true

# A chroot that has all but the library, and the log within reach.
mkdir -p root/bin root/tmp
for file in /bin/true $(ldd /bin/true | grep -o '/[^ ]*'); do
	mkdir -p "root${file%/*}"
	cp -L "$file" "root$file"
done
exits 'a chroot without the library' 98 -- sh -c 'chroot root /bin/true; true'
mkdir -p "root$FDG_BIN" "root${FDG_LIB%/*}"
cp "$FDG_LIB" "root$FDG_LIB"
exits 'a chroot that has the library, and not the log' 98 -- sh -c 'chroot root /bin/true; true'
mkdir -p "root$tmp/kept"
exits 'a chroot that has the log as well' 0 --out kept -- unshare -m sh -c 'mount --bind kept "root$1/kept" && chroot root /bin/true' sh "$tmp"
rm "root$FDG_LIB"
exits 'and a chroot that has the log alone' 98 --out kept -- unshare -m sh -c 'mount --bind kept "root$1/kept" && chroot root /bin/true' sh "$tmp"
says 'is told of' 'true (pid [0-9]*), started by chroot, ran unguarded: .* out of its reach'
finish
