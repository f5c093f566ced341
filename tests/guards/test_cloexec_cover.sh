# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Which programs are guarded: children with an environment of their own (follow), and those that only= and skip= name.
. "$FDG_SRC/tests/guards/rules.sh"
need bash busybox
cd "$tmp" || exit 99

started() { found "\"id\":\"run\.start\".*\"exe\":\"[^\"]*/$1\"" || found "\"exe\":\"[^\"]*/$1\".*\"id\":\"run\.start\""; }
# cover SENTENCE CMD…: CMD ends in show-fds, which is covered with follow=on and not with follow=off.
cover() {
	cover=$1
	shift
	fresh
	check "follow: $cover: runs" guarded cloexec=fix "$@" >out
	check "follow: $cover: covered" started show-fds
	check "follow: $cover: nothing to report" quiet
	fresh
	check "follow=off: $cover: runs" guarded follow=off "$@" >out
	refuse "follow=off: $cover: not covered" started show-fds
}
cover "env -i" env -i "$FDG_BIN/show-fds"
cover "env -i, a shell, a child" env -i /bin/sh -c "$FDG_BIN/show-fds; true"
cover "env -i twice" env -i /usr/bin/env -i "$FDG_BIN/show-fds"
cover "env -u LD_PRELOAD" env -u LD_PRELOAD -u FDGUARD_OPTIONS "$FDG_BIN/show-fds"
cover "bash, unset and exec" bash -c "unset LD_PRELOAD FDGUARD_OPTIONS; exec $FDG_BIN/show-fds"
cover "dash, unset and run" dash -c "unset LD_PRELOAD FDGUARD_OPTIONS; $FDG_BIN/show-fds; true"
cover "Python, env={}" /usr/bin/python3 -c "import subprocess; subprocess.run(['$FDG_BIN/show-fds'], env={}, check=True)"
cover "perl, %ENV emptied" perl -e "%ENV = (); system('$FDG_BIN/show-fds') == 0 or die"
for way in execve empty null spawn vfork fexecve clearenv popen; do
	cover "$way" cloexec-cover $way "$FDG_BIN/show-fds"
done
fresh
check "follow: a LD_PRELOAD of the program's own: runs" guarded cloexec=fix env COVER_PRELOAD=libeatmydata.so cloexec-cover preload /bin/sh -c 'echo "$LD_PRELOAD"; exec '"$FDG_BIN/show-fds" >out
check "follow: a LD_PRELOAD of the program's own: covered" started show-fds
check "follow: a LD_PRELOAD of the program's own is still there" grep -q libeatmydata.so out

# The options come along, too: fix at the far end of env -i.
fresh
same "follow: the options come along" "" "$(guarded cloexec.kinds=file env -i "$FDG_BIN/cloexec-wrong" file fork "$FDG_BIN/show-fds")"
check "follow: the options come along: covered" started cloexec-wrong
fresh
same "follow=off: bare behind env -i" "3 socket" "$(guarded follow=off env -i "$FDG_BIN/cloexec-wrong" socket fork "$FDG_BIN/show-fds")"

# What the child sees of its environment is what its parent gave it, and ours.
guarded "" env -i COLOUR=blue /usr/bin/env | grep -v '^LD_PRELOAD=\|^FDGUARD_' >out
same "follow: nothing else is added" "COLOUR=blue" "$(cat out)"

# only, skip: globs on program names.
# named OPTIONS CMD…
named() { fresh; got=$(guarded "$@"); }
named only='show-*' cloexec-wrong socket fork "$FDG_BIN/show-fds"
check "only=show-*: show-fds is guarded" started show-fds
refuse "only=show-*: its parent is not" started cloexec-wrong
same "only=show-*: the parent is left alone" "3 socket" "$got"
named only='cloexec-wrong' cloexec-wrong socket fork "$FDG_BIN/show-fds"
check "only=cloexec-wrong: it is guarded" started cloexec-wrong
refuse "only=cloexec-wrong: its child is not" started show-fds
same "only=cloexec-wrong: the parent is fixed" "" "$got"
named only='cloexec-[w]????,show-?ds' cloexec-wrong socket fork "$FDG_BIN/show-fds"
check "only, two globs: the parent" started cloexec-wrong
check "only, two globs: the child" started show-fds
named skip='cloexec-*' cloexec-wrong socket fork "$FDG_BIN/show-fds"
refuse "skip=cloexec-*: the parent is not guarded" started cloexec-wrong
check "skip=cloexec-*: the child is" started show-fds
same "skip=cloexec-*: the parent is left alone" "3 socket" "$got"
named skip='show-fds' cloexec-wrong socket fork "$FDG_BIN/show-fds"
check "skip=show-fds: the parent is guarded" started cloexec-wrong
refuse "skip=show-fds: the child is not" started show-fds
named only='*':skip='*' cloexec-wrong socket fork "$FDG_BIN/show-fds"
refuse "skip wins over only" started cloexec-wrong

finish
