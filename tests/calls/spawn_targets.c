// SPDX-License-Identifier: MIT
/*
 * posix_spawn with file actions of every sort between those that name a descriptor for the child. Who wants to know what is named has to read libc's own
 * list, and must not lose his place in it; spawn_targets.sh asks the log.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static int socks[4], root;

static int has(const posix_spawn_file_actions_t *actions, int fd)
{
	char *argv[] = { (char *)CHILD, "child", "has", (char *)unary(fd), NULL };
	pid_t pid = -1;

	SAME(posix_spawn(&pid, CHILD, actions, NULL, argv, environ), 0);
	return wait_for(pid) == 0;
}

static void each_named_one_arrives(void)
{
	posix_spawn_file_actions_t actions;
	int null = open("/dev/null", O_RDONLY);

	SAME(posix_spawn_file_actions_init(&actions), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, socks[0], socks[0]), 0);
	SAME(posix_spawn_file_actions_addclose(&actions, null), 0);
	SAME(posix_spawn_file_actions_addopen(&actions, 60, "/dev/null", O_RDONLY, 0), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, socks[1], socks[1]), 0);
	SAME(posix_spawn_file_actions_addchdir_np(&actions, "/"), 0);
	SAME(posix_spawn_file_actions_addfchdir_np(&actions, root), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, socks[2], socks[2]), 0);
	SAME(posix_spawn_file_actions_addclosefrom_np(&actions, 100), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, socks[3], socks[3]), 0);
	for (int i = 0; i < 4; i++)
		EXPECT(has(&actions, socks[i]));
	EXPECT(has(&actions, 60));
	EXPECT(!has(&actions, null));
	SAME(close(null), 0);
	SAME(posix_spawn_file_actions_destroy(&actions), 0);
}

static void many_arrive(void)
{
	enum { MANY = 30 };
	posix_spawn_file_actions_t actions;
	int fds[MANY];

	SAME(posix_spawn_file_actions_init(&actions), 0);
	for (int i = 0; i < MANY; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		SAME(posix_spawn_file_actions_adddup2(&actions, fds[i], fds[i]), 0);
	}
	EXPECT(has(&actions, fds[0]));
	EXPECT(has(&actions, fds[MANY / 2]));
	EXPECT(has(&actions, fds[MANY - 1]));
	for (int i = 0; i < MANY; i++) {
		SAME(fcntl(fds[i], F_GETFD), 0);
		SAME(close(fds[i]), 0);
	}
	SAME(posix_spawn_file_actions_destroy(&actions), 0);
}

void body(void)
{
	for (int i = 0; i < 4; i++)
		socks[i] = socket(AF_INET, SOCK_STREAM, 0);
	root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	RUN(each_named_one_arrives);
	RUN(many_arrive);
	for (int i = 0; i < 4; i++) {
		SAME(fcntl(socks[i], F_GETFD), 0);
		SAME(close(socks[i]), 0);
	}
	SAME(close(root), 0);
}
