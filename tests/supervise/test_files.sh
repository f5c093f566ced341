# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The file that is executed: found in the root of who executes it, and never waited for where those that are supervised serve it.
. "$FDG_SRC/tests/supervise/lib.sh"
hands=$FDG_BIN/hands serves=$FDG_BIN/serves
# run CMD…: findings as JSON in $tmp/log
run() {
	timeout 60 "$FDG_RUN" run --supervise --json --log "$tmp/log" -- "$@" 2>err
	echo $? >status
}

# ---- in a root of its own ----
mkdir -p root/bin root/etc root/work
cp "$hands" root/bin/real
ln -s /bin/real root/etc/alternative
ln -s /etc/alternative root/bin/link
ln -s ../bin/link root/work/relative
printf '#!/bin/link list\n' >root/bin/script
chmod +x root/bin/script
in_root="chroot root"
[ "$(id -u)" = 0 ] || in_root="unshare -r chroot root"
for name in /bin/real /bin/link /work/relative work/../bin/link; do
	fresh
	same "bare, $name" "3 4 5 open" "$($in_root /bin/real fork "$name" list)"
	same "what is executed as $name in a chroot" "open" "$(run $in_root /bin/real fork "$name" list)"
	check "has its own name, not a link's" found "\"id\":\"run.start\".*guarding [^\"]*/root/bin/real\".*\"argv\":\\[\"$name\",\"list\"\\]"
done
fresh
same "a script whose interpreter is there by a link of that root" "open" "$(run $in_root /bin/real fork /bin/script)"
check "becomes that one" found '"id":"run.start".*guarding [^"]*/root/bin/real".*"argv":\["/bin/script"\]'
fresh
same "what executes itself by /proc/self/exe" "open" "$(run "$hands" fork /proc/self/exe list)"
check "is itself, not us" found "\"id\":\"run.start\".*guarding $hands\".*\"argv\":\\[\"/proc/self/exe\",\"list\"\\]"

# ---- its own file system ----
mkdir mount
bare=$(timeout 60 "$serves" mount "$hands" fork "$hands" list)
status=$?
if [ $status = 77 ]; then
	ok "no file systems of programs here (FUSE), so that part is not tested"
else
	same "a program on a file system that another one serves" "3 4 5 open" "$bare"
	fresh
	same "is supervised, and nobody waits for us" "open 0" "$(run "$serves" mount "$hands" fork "$hands" list | tr '\n' ' '; cat status)"
	umount -l mount 2>/dev/null # who was killed left it
	check "what could not be looked at is said" found '"id":"run.uncovered".*starts a program from a file system that does not answer'
	same "once" 1 "$(findings run.uncovered | wc -l)"
	check "what it starts then is told of, without a place" found '"id":"cloexec.forced".*"message":"3 UDP sockets of program (pid [0-9]*)'
fi

finish
