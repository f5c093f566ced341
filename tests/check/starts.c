// SPDX-License-Identifier: MIT
/* starts HOW [PROGRAM [ARG…]]: starts a program by exec, fork, vfork, spawn, spawnp, system or popen; with no PROGRAM it ends. Also linked statically, as one that no
 * library gets into. */
#include "../guards/children.h"

static int spawn_by_name(char **argv)
{
	pid_t pid;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) ? 99 : child_wait(pid);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 0;
	return strcmp(argv[1], "spawnp") == 0 ? spawn_by_name(argv + 2) : child_run(argv[1], argv + 2);
}
