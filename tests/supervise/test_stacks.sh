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
check "C within Go" found '"symbol":"\(in_c\|_cgo_[0-9a-f]*_Cfunc_in_c\)+0x'

finish
