// SPDX-License-Identifier: MIT
/*
 * cloexec-again exec|fork|spawn HOW-OFTEN PROGRAM…: a server that starts itself as often as there are x in HOW-OFTEN (a number would name a descriptor), its listener in hand by convention (the first descriptor after standard error), and then
 * PROGRAM, which has nothing to do with it. Each image but the first looks whether the listener is there, and not close-on-exec as far as it can see.
 */
#include "children.h"

#include <fcntl.h>
#include <sys/socket.h>

__attribute__((noinline)) static int listener_new(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 || listen(fd, 1) ? -1 : fd;
}

static int has_listener(void)
{
	int yes = 0;
	socklen_t n = sizeof yes;

	return getsockopt(3, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes && fcntl(3, F_GETFD) == 0;
}

int main(int argc, char **argv)
{
	const char *again = getenv("AGAIN");
	char left[16], *self[64] = { (char *)"/proc/self/exe" };
	int times = again ? atoi(again) : argc > 2 ? (int)strspn(argv[2], "x") : 0;

	if (argc < 4 || argc > 60)
		return 99;
	if (again ? !has_listener() : listener_new() != 3) {
		printf("no listener\n");
		return 99;
	}
	if (times == 0)
		return child_run("fork", argv + 3);
	snprintf(left, sizeof left, "%d", times - 1);
	setenv("AGAIN", left, 1);
	for (int i = 1; i < argc; i++)
		self[i] = argv[i];
	/* Twice, where it can: what was said once is not forgotten the second time. */
	return (strcmp(argv[1], "exec") ? child_run(argv[1], self) : 0) + child_run(argv[1], self);
}
