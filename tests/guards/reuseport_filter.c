// SPDX-License-Identifier: MIT
/*
 * reuseport-filter WAY: a listener of two is closed, with clients in its queue; then the program enters a seccomp filter, one that allows all, and accepts on the other. WAY is
 * prctl, number (of seccomp), or none. Prints how many connections were queued there, how many clients were reset, and whether the others were served.
 */
#include "reuseport_twin.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

static void enter(const char *way)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fail("prctl");
	if (strcmp(way, "prctl") == 0 ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		fail("seccomp");
}

/* Those that were not reset by their clients' end; a stand-in was. */
static int serve(int listener)
{
	int n = 0, fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		n += send(fd, "!", 1, MSG_NOSIGNAL) == 1;
		close(fd);
	}
	return n;
}

int main(int argc, char **argv)
{
	int a, b, was, reset, served;

	if (argc != 2)
		return 2;
	use_family(false);
	a = add_listener();
	b = add_listener();
	connect_clients();
	was = queued(a);
	close(a);
	if (strcmp(argv[1], "none") != 0)
		enter(argv[1]);
	reset = resets();
	served = serve(b);
	printf("queued %d reset %d%s\n", was, reset, served == CLIENTS - reset ? "" : " and others were not served, or strangers were");
	return 0;
}
