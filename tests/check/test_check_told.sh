# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What kind of program a file is, as the one who starts it sees it: by its user, in its namespaces, at that moment.
. "$FDG_SRC/tests/check/lib.sh"
supervision=--no-supervise
need unshare setpriv setcap ldd valgrind
chmod 755 .
mkdir static dynamic
cp "$FDG_BIN/check-static" static/app
cp "$FDG_BIN/check-starts" dynamic/app

exits 'a static program that becomes a dynamic one of its name' 98 -- sh -c './static/app exec ./dynamic/app; :'
says 'is not taken for that one' 'app (pid [0-9]*), started by .* ran unguarded: it is statically linked'
says 'both are counted' '^Covered: 2 programs ran guarded, 1 did not$'
exits 'one that is replaced before anybody looks' 98 -- sh -c 'cp static/app app; ./app; cp dynamic/app new; mv new app; exec sleep 0'
says 'is told as what it was' 'app (pid [0-9]*).* is statically linked'
name=$(printf 'odd\377')
cp static/app "$name"
exits 'a name that is no UTF-8' 98 -- sh -c './odd*; :'
says 'is no obstacle' 'is statically linked'

cat >starts.c <<'EOF'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a copy of file that has no name but its descriptor's. */
static void nameless(char *file)
{
	int from = open(file, O_RDONLY | O_CLOEXEC), to = memfd_create("copy", MFD_CLOEXEC);
	char path[64], *argv[] = { file, NULL };

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	execv(path, argv);
}

/* As much as the kernel takes, and no environment: no room for another variable. An empty file of the same length of name tells how much that is. */
static void crowded(char *file)
{
	enum { LONG = 131000, COUNT = 17 };
	char *argv[COUNT + 2] = { file }, *none[] = { NULL };
	size_t fits = 1, n = LONG;

	for (int i = 1; i <= COUNT; i++)
		argv[i] = memset(calloc(LONG + 1, 1), 'x', LONG);
	while (n - fits > 1) {
		size_t middle = fits + (n - fits) / 2;

		argv[COUNT][middle] = '\0';
		execve("./none", argv, none);
		argv[COUNT][middle] = 'x';
		*(errno == E2BIG ? &n : &fits) = middle;
	}
	argv[COUNT][fits] = '\0';
	execve(file, argv, none);
}

int main(int argc, char **argv)
{
	FILE *f;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "nameless") == 0)
		nameless(argv[2]);
	if (strcmp(argv[1], "crowded") == 0)
		crowded(argv[2]);
	if (strcmp(argv[1], "chroot") == 0 && chroot(".") == 0)
		execlp(argv[2], argv[2], NULL);
	if (strcmp(argv[1], "popen") == 0 && (f = popen(argv[2], "w")))
		return fputs("x", f) == EOF; /* and no pclose */
	return 1;
}
EOF
cc -o starts starts.c
exits 'a file without a name' 98 -- ./starts nameless static/app
says 'is what its starter saw' 'memfd:copy (deleted) (pid [0-9]*), started by starts, ran unguarded: it is statically linked'
exits 'the same, dynamic' 0 -- ./starts nameless dynamic/app
cp dynamic/app full
: >none
chmod +x none
exits 'no room for what we add' 98 -- sh -c 'ulimit -s 8192; ./starts crowded ./full 2>/dev/null; :'
says 'is told' 'full (pid [0-9]*), started by starts, ran unguarded: it was started with arguments and environment so long that nothing could be added'

# popen's child outlives its parent, as often as not.
for i in 1 2 3 4 5; do
	exits "popen without pclose, $i" 0 -- ./starts popen 'cat >/dev/null'
done

exits 'ldd' 0 -- ldd /bin/true
says 'runs nothing but itself' '^Covered: [0-9]* programs\? ran guarded, 0 did not$'
says_not 'and nothing is missed' 'Not in these counts'
exits 'valgrind' 0 -- valgrind -q "$PWD/dynamic/app"
says 'runs a guarded program' ' guarded, 0 did not$'
says_not 'whole' 'Not in these counts'

printf '#!/bin/sh\nexit 127\n' >script
cat >fails.c <<'EOF'
int main(void) { return 127; }
EOF
cc -static -o fails fails.c
exits 'no command' 127 -- ./nowhere
says 'is that, and nothing else' 'the command could not be started (127); 0 findings (exit'
says 'and no program ran' 'no program at all\|^Covered: 0 programs ran guarded, 0 did not$'
exits 'a static command that ends with 127' 127 -- ./fails
says 'was started' 'the command exited with 127; 0 findings, 1 program ran unguarded'

if [ "$(id -u)" -eq 0 ]; then
	as_nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
	for program in suid sgid capable; do
		cp dynamic/app $program
	done
	chmod u+s suid
	chmod g+s sgid
	setcap cap_net_bind_service+ep capable
	exits 'root may run them' 0 -- sh -c './suid; ./sgid; ./capable; :'
	# shellcheck disable=SC2086 # words
	exits 'root who becomes another user' 98 -- $as_nobody sh -c './suid; ./sgid; ./capable; :'
	says 'set-user-ID' 'suid .* is set-user-ID'
	says 'set-group-ID' 'sgid .* is set-group-ID'
	says 'file capabilities' 'capable .* has file capabilities'
	# shellcheck disable=SC2086 # words
	exits 'who can gain nothing' 0 -- $as_nobody --no-new-privs sh -c './suid; ./sgid; :'

	exits 'one that hides another' 98 -- unshare -m sh -c 'mount --bind static/app dynamic/app; ./dynamic/app; :'
	says 'is the one that ran' 'app (pid [0-9]*).* is statically linked'
	exits 'equal numbers in many namespaces' 0 -- sh -c 'for i in 1 2 3 4 5 6; do unshare -pf --mount-proc sh -c "true; ls; true" & done; wait'
	says 'are different programs' '^Covered: 19 programs ran guarded, 0 did not$'
	says_not 'each with its end' 'proper end\|Not in these counts'
	exits 'an unguarded one there' 98 -- unshare -pf --mount-proc sh -c './static/app; :'
	says 'has its number there' 'app (pid 2), started by'
	exits 'an unguarded one in a chroot' 98 -- sh -c './starts chroot /static/app; :'
	says 'is named' "/static/app was started out of the log's reach (in a chroot"
	exits 'one that was looked for there' 98 -- env PATH="/no/such:/static:$PATH" ./starts chroot app
	says 'is named by where it was' '/static/app was started out'
fi
finish
