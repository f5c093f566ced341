// SPDX-License-Identifier: MIT
/*
 * cloexec-cover WAY CMD [ARG…]: starts CMD with an environment that knows nothing of us.
 *   execve      an envp of its own        empty       an empty envp          null      envp NULL
 *   preload     an envp with a LD_PRELOAD of its own (the variable COVER_PRELOAD)
 *   spawn       posix_spawn, own envp     vfork       vfork and execve       fexecve   by descriptor
 *   clearenv    clearenv and system       popen       unsetenv and popen
 */
#include "children.h"

#include <fcntl.h>

static int by_descriptor(char **argv, char **envp)
{
	int fd = open(argv[0], O_PATH | O_CLOEXEC);
	if (fd >= 0)
		fexecve(fd, argv, envp);
	return 99;
}

static int with_envp(const char *way, char **argv, char **envp)
{
	pid_t pid;
	if (!strcmp(way, "fexecve"))
		return by_descriptor(argv, envp);
	if (!strcmp(way, "spawn"))
		return posix_spawn(&pid, argv[0], NULL, NULL, argv, envp) ? 99 : child_wait(pid);
	pid = !strcmp(way, "vfork") ? vfork() : fork();
	if (!pid) {
		execve(argv[0], argv, envp);
		_exit(127);
	}
	return child_wait(pid);
}

int main(int argc, char **argv)
{
	char preload[512];
	char *own[] = { "PATH=/usr/bin:/bin", "COLOUR=blue", NULL }, *empty[] = { NULL };
	char *loaded[] = { "PATH=/usr/bin:/bin", preload, NULL };
	if (argc < 3)
		return 99;
	const char *way = argv[1];
	if (!strcmp(way, "clearenv"))
		return clearenv() ? 99 : child_run("system", argv + 2);
	if (!strcmp(way, "popen"))
		return unsetenv("LD_PRELOAD") || unsetenv("FDGUARD_OPTIONS") ? 99 : child_run("popen", argv + 2);
	if (!strcmp(way, "null"))
		return with_envp(way, argv + 2, NULL);
	if (!strcmp(way, "empty"))
		return with_envp(way, argv + 2, empty);
	if (!strcmp(way, "preload")) {
		snprintf(preload, sizeof preload, "LD_PRELOAD=%s", getenv("COVER_PRELOAD") ? getenv("COVER_PRELOAD") : "");
		return with_envp(way, argv + 2, loaded);
	}
	return with_envp(way, argv + 2, own);
}
