// SPDX-License-Identifier: MIT
/* Programs linked before glibc 2.15 bind posix_spawn@GLIBC_2.2.5, which hands what the kernel cannot run to /bin/sh. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

typedef int spawn_type(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
		       char *const[], char *const[]);

#if defined(__x86_64__)
spawn_type old_spawn, old_spawnp;
__asm__(".symver old_spawn, posix_spawn@GLIBC_2.2.5");
__asm__(".symver old_spawnp, posix_spawnp@GLIBC_2.2.5");
#else
#error "no other architecture of ours is that old"
#endif

extern char **environ;

static char *argv[] = { "word", "child", "exit", "61", NULL };

static void programs_run(void)
{
	pid_t pid;

	SAME(old_spawn(&pid, CHILD, NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 61);
	SAME(old_spawnp(&pid, "true", NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 0);
	SAME(old_spawn(&pid, "missing", NULL, NULL, argv, environ), ENOENT);
}

static void scripts_run_in_the_old_version_alone(void)
{
	pid_t pid;

	write_file("script", "exit 62\n", 0700);
	SAME(old_spawn(&pid, "./script", NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 62);
	SAME(old_spawnp(&pid, "./script", NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 62);
	SAME(posix_spawn(&pid, "./script", NULL, NULL, argv, environ), ENOEXEC);
	SAME(posix_spawnp(&pid, "./script", NULL, NULL, argv, environ), ENOEXEC);
}

static void file_actions_are_obeyed(void)
{
	posix_spawn_file_actions_t actions;
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	char *const has[] = { "calls-child", "child", "has", (char *)unary(sock), NULL };
	pid_t pid;

	SAME(posix_spawn_file_actions_init(&actions), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, sock, sock), 0);
	SAME(old_spawn(&pid, CHILD, &actions, NULL, has, environ), 0);
	SAME(wait_for(pid), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(posix_spawn_file_actions_destroy(&actions), 0);
	SAME(close(sock), 0);
}

void body(void)
{
	RUN(programs_run);
	RUN(scripts_run_in_the_old_version_alone);
	RUN(file_actions_are_obeyed);
}
