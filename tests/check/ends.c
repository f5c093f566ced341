// SPDX-License-Identifier: MIT
/*
 * ends HOW: ends in a way that its library does not see, or after which it cannot say much.
 *   raw     exit_group by its instruction
 *   prctl, syscall, strict  after a seccomp filter went in
 *   forked  when its child entered one
 *   refused a filter that does not go in, then main returns
 *   late    a child that cannot write (chroot), when its parent has had its say
 *   away    where it cannot write, with nothing to tell
 *   jail    the same program (chroot), with a leak to tell of, then raw
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define EXIT_GROUP() __asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11", "memory")
#else
#define EXIT_GROUP() do { register long x8 __asm__("x8") = SYS_exit_group; register long x0 __asm__("x0") = 0; __asm__ volatile("svc 0" : : "r"(x8), "r"(x0) : "memory"); } while (0)
#endif

static int enter_jail(void)
{
	mkdir("jail", 0755);
	return chroot("jail");
}

/* Nobody is there to start: what was tried could not be written down. */
static void try_to_start(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
	execl("/no/such", "such", (char *)0);
}

static int late(void)
{
	char byte;
	int ready[2];

	if (pipe(ready) < 0)
		return 1;
	if (fork() != 0)
		return 0;
	close(ready[1]);
	while (read(ready[0], &byte, 1) > 0)
		;
	if (enter_jail() < 0)
		return 1;
	try_to_start();
	_exit(0);
}

static int filtered(const char *how)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (strcmp(how, "syscall") == 0)
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0;
	if (strcmp(how, "prctl") == 0)
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		return 1;
	return (int)syscall(SYS_exit, 0);
}

static int refused(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 1L) == 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 1L) == 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	socket(AF_INET, SOCK_DGRAM, 0); /* for --leaks */
	if (strcmp(how, "forked") == 0)
		return fork() == 0 ? filtered("prctl") : wait(NULL) < 0;
	if (strcmp(how, "late") == 0)
		return late();
	if (strcmp(how, "refused") == 0)
		return refused();
	if (strcmp(how, "away") == 0)
		return enter_jail() < 0;
	if (strcmp(how, "jail") == 0 && enter_jail() == 0)
		try_to_start();
	else if (strcmp(how, "raw") != 0)
		return filtered(how);
	EXIT_GROUP();
	return 2;
}
