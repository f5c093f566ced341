# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Where in a C program a mode was changed: static and not, with and without frame pointers, stripped, within Go. (Go's own: test_go.sh.)
. "$FDG_SRC/tests/supervise/lib.sh"
need go readelf

cat >flip.c <<'P'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
__attribute__((noinline)) void tune(int fd) { fcntl(fd, F_SETFL, 0); __asm__ volatile(""); }
__attribute__((noinline)) void once(int fd) { tune(fd); __asm__ volatile(""); }
__attribute__((noinline)) void again(int fd) { tune(fd); __asm__ volatile(""); }
int main(int argc, char **argv)
{
	for (int i = 0; argc && i < atoi(argv[1]); i++) {
		int pair[2], copy;

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
			return 1;
		copy = dup(pair[0]);
		if (i % 2)
			again(copy);
		else
			once(copy);
	}
	return 0;
}
P
# sites: "symbol symbol …" of each finding, without offsets
sites() { findings nonblock.shared | sed 's/.*"site":\[\(.*\)\],"fix".*/\1/; s/"symbol":"\([^+"]*\)[^"]*"/\n\1\n/g' | grep -v '["}]' | tr '\n' ' '; }
# run OPTIONS PROGRAM ARGUMENT…
run() {
	fresh
	options=$1
	shift
	FDGUARD_OPTIONS="format=json:log=$tmp/log:$options" "$supervise" "$1" "$@" >/dev/null || bad "$* failed"
}

for how in "-O2" "-O2 -static" "-O2 -static-pie" "-O0 -static" "-O2 -fno-omit-frame-pointer -static"; do
	# shellcheck disable=SC2086
	"$FDG_CC" $how -o flip flip.c || bad "flip.c does not compile: $how"
	run '' ./flip 1
	same "$how: the function that called fcntl" "tune " "$(sites)"
	run stacks=3 ./flip 1
	same "$how: and its callers" "tune once main " "$(sites)"
done

run stacks=2 ./flip 40
same "two callers of one function are two places" " tune again tune once" "$(sites | sed 's/ tune/\ntune/g' | sed 's/ *$//' | sort -u | tr '\n' ' ' | sed 's/^/ /; s/ $//')"
eventually found '"count":20,'
same "each is counted" 2 "$(findings nonblock.shared | grep -c '"count":20,')"

"$FDG_CC" -O2 -static -s -o bare flip.c
run '' ./bare 1
place=$(findings nonblock.shared | sed 's/.*"site":\[{"object":"\([^"]*\)","offset":"\(0x[0-9a-f]*\)"}\].*/\2/')
"$FDG_CC" -O2 -static -o named flip.c
want=$(readelf -Ws named | awk '$8 == "tune" { print $2, $3 }')
same "stripped: the place without a name" yes "$(python3 -c 'import sys; at, first, n = int(sys.argv[1], 16), int(sys.argv[2], 16), int(sys.argv[3]); print("yes" if first <= at < first + n else "no")' "$place" $want)"

# A program that has no name any more, one that never had one, and a library that is gone.
cat >leave.c <<'P'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
static char piece[1 << 20];
int main(int argc, char **argv, char **envp)
{
	int from = open(argv[2], O_RDONLY), to = memfd_create("flip", MFD_CLOEXEC);
	long n;

	while ((n = read(from, piece, sizeof(piece))) > 0)
		if (write(to, piece, n) != n)
			return 1;
	if (argv[1][0] == 'd')
		to = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (argc < 3 || (argv[1][0] == 'd' && unlink(argv[2])))
		return 1;
	return fexecve(to, argv + 2, envp);
}
P
"$FDG_CC" -O2 -static -o leave leave.c && cp named gone || bad "leave.c does not compile"
run '' ./leave deleted ./gone 1
check "a deleted program" found '"exe":"[^"]*/gone",.*"site":\[{"object":"[^"]*/gone (deleted)","offset":"0x[0-9a-f]*","symbol":"tune+0x'
run '' ./leave memory ./named 1
check "a program in memory" found '"object":"/memfd:flip (deleted)","offset":"0x[0-9a-f]*","symbol":"tune+0x'
sed 's/int main(int argc, char \*\*argv)/int flip(int argc, char **argv)/' flip.c >part.c
cat >whole.c <<'P'
#include <unistd.h>
int flip(int argc, char **argv);
int main(int argc, char **argv) { return unlink("libpart.so") || flip(argc, argv); }
P
"$FDG_CC" -O2 -fPIC -shared -o libpart.so part.c && "$FDG_CC" -O2 -o whole whole.c -L. -lpart -Wl,-rpath,"$tmp" || bad "whole.c does not compile"
run '' ./whole 1
check "a deleted library" found '"object":"[^"]*/libpart.so (deleted)","offset":"0x[0-9a-f]*","symbol":"tune+0x'

export HOME="$tmp" GOCACHE="$tmp/cache" GO111MODULE=off GOFLAGS=-p=2 CGO_ENABLED=1
mkdir within && cat >within/main.go <<'P'
package main

// #include <fcntl.h>
// static void in_c(int fd) { fcntl(fd, F_SETFL, 0); __asm__ volatile(""); }
import "C"
import "syscall"

func main() {
	p, _ := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	d, _ := syscall.Dup(p[0])
	C.in_c(C.int(d))
}
P
(cd within && go build -o ../mixed) || bad "the program with Go and C does not compile"
run '' ./mixed
check "C within Go" found '"symbol":"\(in_c+0x\|main.main+0x[0-9a-f]*","file":"[^"]*/main.go","line":[0-9]*,"calls":"C.in_c"\)'

finish
