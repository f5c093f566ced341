# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Under strace -f: programs work, and the trace shows what we promise: close-on-exec comes in the call that makes the descriptor.
. "$FDG_SRC/tests/harness/lib.sh"
need strace
export PATH="$FDG_BIN:/usr/bin:/bin" LC_ALL=C
need compat-peer

# traced CMD…: CMD guarded under strace -f; the trace goes to "trace".
traced() { strace -f -o trace -E LD_PRELOAD="$FDG_LIB" -E FDGUARD_OPTIONS="format=json:log=$tmp/log" "$@" 2>err; }
covered() { found '"id":"run\.start"'; }
calls() { grep -c -E "^[0-9]+ +$1" "$2"; }

same "compat-peer works" "$(compat-peer | sed 's/^leaked$/not leaked/')" "$(traced compat-peer)"
same "compat-peer: nothing on standard error" "" "$(cat err)"
check "compat-peer: covered" covered
check "compat-peer: nothing to report" quiet
fresh
same "200 subprocess.run calls" "$(/usr/bin/python3 "$FDG_SRC/tests/compat/programs/subprocess_200.py" | cksum)" \
	"$(traced /usr/bin/python3 "$FDG_SRC/tests/compat/programs/subprocess_200.py" | cksum)"
check "200 subprocess.run calls: by vfork" grep -q 'vfork(\|CLONE_VFORK' trace
check "200 subprocess.run calls: covered" covered
check "200 subprocess.run calls: nothing to report" quiet
fresh
same "strace guarded as well" "$(compat-peer | sed 's/^leaked$/not leaked/')" "$(guarded "" strace -f -o trace compat-peer)"
check "strace guarded as well: nothing to report" quiet

# One call each, with the flag in it, and no fcntl beside it.
strace -f -o bare cloexec-wrong socket fork "$FDG_BIN/show-fds" >/dev/null
traced cloexec-wrong socket fork "$FDG_BIN/show-fds" >out
check "bare: the socket is made without the flag" grep -q 'socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3' bare
check "the socket is made with the flag" grep -q 'socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3' trace
same "in one call" "$(calls 'socket\(AF_INET' bare)" "$(calls 'socket\(AF_INET' trace)"
same "without F_SETFD" 0 "$(calls 'fcntl\(3, F_SETFD|ioctl\(3, FIOCLEX' trace)"
traced cloexec-wrong epoll fork "$FDG_BIN/show-fds" >out
check "an epoll is made with the flag" grep -q 'epoll_create1(EPOLL_CLOEXEC) *= 3' trace
traced cloexec-wrong file fork "$FDG_BIN/show-fds" >out
check "a file is opened as the program asked" grep -q 'openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3' trace
traced cloexec-wrong pipe fork "$FDG_BIN/show-fds" >out
check "a pipe is made as the program asked" grep -q 'pipe2\?(\[3, 4\]\(, 0\)\?) *= 0' trace

finish
