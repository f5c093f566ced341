// SPDX-License-Identifier: MIT
/* posix_spawn and posix_spawnp: file actions, attributes, errors by return value. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static posix_spawn_file_actions_t actions;

static int spawn(char *const argv[])
{
	pid_t pid = -1;

	SAME(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
	return wait_for(pid);
}

static int sh(const char *command)
{
	char *const argv[] = { "/bin/sh", "-c", (char *)command, NULL };

	return spawn(argv);
}

static bool spawned_has(int fd)
{
	char *const argv[] = { (char *)CHILD, "child", "has", (char *)unary(fd), NULL };
	int status = spawn(argv);

	EXPECT(status == 0 || status == 1);
	return status == 0;
}

static void begin(void)
{
	SAME(posix_spawn_file_actions_init(&actions), 0);
}

static void end(void)
{
	SAME(posix_spawn_file_actions_destroy(&actions), 0);
}

static void without_actions(void)
{
	char *const argv[] = { (char *)CHILD, "child", "exit", "51", NULL };
	pid_t pid = -1;

	SAME(posix_spawn(&pid, CHILD, NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 51);
	SAME(posix_spawn(NULL, CHILD, NULL, NULL, argv, environ), 0); /* nobody has to ask for the number */
	SAME(wait_for(-1), 51);
	begin();
	SAME(spawn(argv), 51);
	end();
	SAME(posix_spawn(&pid, CHILD, NULL, NULL, argv, nowhere()), 0); /* no environment at all */
	SAME(wait_for(pid), 51);
}

/* With no descriptor open but the standard ones, and actions that name none: nobody has anything to do but libc. */
static void actions_that_name_nothing(void)
{
	begin();
	SAME(posix_spawn_file_actions_addclose(&actions, 0), 0);
	EXPECT(!spawned_has(0));
	EXPECT(spawned_has(1));
	end();
	begin();
	SAME(posix_spawn_file_actions_addchdir_np(&actions, "/"), 0);
	SAME(sh("test \"$(pwd)\" = /"), 0);
	end();
}

static void addopen(void)
{
	mode_t old = umask(0);
	struct stat st;

	begin();
	write_file("in", "line\n", 0600);
	SAME(posix_spawn_file_actions_addopen(&actions, 0, "in", O_RDONLY, 0), 0);
	SAME(posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0641), 0);
	SAME(posix_spawn_file_actions_addopen(&actions, 9, "/dev/null", O_RDONLY, 0), 0);
	SAME(sh("read x; echo \"$x\"; read y <&9; exit $?"), 1);
	EXPECT(!strcmp(read_file("out"), "line\n"));
	SAME(stat("out", &st), 0);
	SAME(st.st_mode & 07777, 0641);
	EXPECT(spawned_has(9));
	end();
	umask(old);
}

static void adddup2_and_addclose(void)
{
	int file = open("dup", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), other = open("/dev/null", O_RDONLY);

	begin();
	SAME(posix_spawn_file_actions_adddup2(&actions, file, 1), 0);
	SAME(posix_spawn_file_actions_addclose(&actions, other), 0);
	SAME(sh("echo through"), 0);
	EXPECT(!strcmp(read_file("dup"), "through\n"));
	EXPECT(!spawned_has(other));
	EXPECT(!spawned_has(file));
	EXPECT(is_open(other));
	end();
	SAME(close(file), 0);
	SAME(close(other), 0);
}

/* Onto itself: the one way to say "this one the child shall have". */
static void adddup2_onto_itself(void)
{
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC), sock = socket(AF_INET, SOCK_STREAM, 0),
	    marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	begin();
	EXPECT(!spawned_has(file));
	SAME(posix_spawn_file_actions_adddup2(&actions, file, file), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, sock, sock), 0);
	SAME(posix_spawn_file_actions_adddup2(&actions, marked, marked), 0);
	EXPECT(spawned_has(file));
	EXPECT(spawned_has(sock));
	EXPECT(spawned_has(marked));
	end();
	/* The parent's flags are as they were. */
	SAME(fcntl(file, F_GETFD), FD_CLOEXEC);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(marked));
	SAME(close(file), 0);
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}

static void adddup2_elsewhere(void)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	begin();
	SAME(posix_spawn_file_actions_adddup2(&actions, sock, 40), 0);
	EXPECT(spawned_has(40));
	EXPECT(!is_open(40));
	end();
	begin();
	SAME(posix_spawn_file_actions_adddup2(&actions, sock, 0), 0);
	SAME(posix_spawn_file_actions_addclose(&actions, sock), 0);
	EXPECT(spawned_has(0));
	EXPECT(!spawned_has(sock));
	end();
	SAME(close(sock), 0);
}

static void addclosefrom_and_addchdir(void)
{
	int null = open("/dev/null", O_RDONLY), root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	begin();
	SAME(posix_spawn_file_actions_addclosefrom_np(&actions, 3), 0);
	EXPECT(!spawned_has(null));
	EXPECT(spawned_has(2));
	end();
	SAME(mkdir("sub", 0700), 0);
	begin();
	SAME(posix_spawn_file_actions_addchdir_np(&actions, "sub"), 0);
	SAME(posix_spawn_file_actions_addopen(&actions, 1, "where", O_WRONLY | O_CREAT, 0600), 0);
	SAME(sh("pwd"), 0);
	EXPECT(strstr(read_file("sub/where"), "/sub\n") != NULL);
	end();
	begin();
	SAME(posix_spawn_file_actions_addfchdir_np(&actions, root), 0);
	SAME(sh("test \"$(pwd)\" = /"), 0);
	end();
	SAME(close(root), 0);
	SAME(close(null), 0);
}

static void attributes(void)
{
	posix_spawnattr_t attr;
	sigset_t set;
	char *const ask[] = { (char *)CHILD, "child", "signals", NULL }, *const groups[] = {
		"/bin/sh", "-c", "test \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$", NULL
	};
	pid_t pid;

	SAME(posix_spawnattr_init(&attr), 0);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SAME(posix_spawn(&pid, CHILD, NULL, &attr, ask, environ), 0);
	SAME(wait_for(pid), 1); /* inherited: ignored and blocked */
	sigaddset(&set, SIGINT);
	SAME(posix_spawnattr_setsigdefault(&attr, &set), 0);
	sigemptyset(&set);
	SAME(posix_spawnattr_setsigmask(&attr, &set), 0);
	SAME(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_USEVFORK), 0);
	SAME(posix_spawn(&pid, CHILD, NULL, &attr, ask, environ), 0);
	SAME(wait_for(pid), 0);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &set, NULL);
	SAME(posix_spawnattr_setpgroup(&attr, 0), 0);
	SAME(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP), 0);
	SAME(posix_spawn(&pid, "/bin/sh", NULL, &attr, groups, environ), 0);
	SAME(wait_for(pid), 0);
	SAME(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_RESETIDS), 0);
	SAME(posix_spawn(&pid, "/bin/sh", NULL, &attr, groups, environ), 0);
	SAME(wait_for(pid), 0);
	SAME(posix_spawnattr_destroy(&attr), 0);
}

static void errors_are_returned(void)
{
	char *const argv[] = { "x", NULL };
	pid_t pid = 4711;
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	errno = 4712;
	SAME(posix_spawn(&pid, "missing", NULL, NULL, argv, environ), ENOENT);
	SAME(posix_spawn(&pid, "in", NULL, NULL, argv, environ), EACCES);
	SAME(posix_spawn(&pid, "script", NULL, NULL, argv, environ), ENOEXEC);
	SAME(posix_spawnp(&pid, "./script", NULL, NULL, argv, environ), ENOEXEC);
	SAME(posix_spawnp(&pid, "there-is-no-such-program", NULL, NULL, argv, environ), ENOENT);
	SAME(posix_spawn(&pid, nowhere(), NULL, NULL, argv, environ), EFAULT);
	SAME(pid, 4711);
	begin();
	SAME(posix_spawn_file_actions_addopen(&actions, 5, "missing", O_RDONLY, 0), 0);
	SAME(posix_spawn(&pid, CHILD, &actions, NULL, argv, environ), ENOENT);
	end();
	begin();
	SAME(posix_spawn_file_actions_adddup2(&actions, 4711, 5), 0);
	SAME(posix_spawn(&pid, CHILD, &actions, NULL, argv, environ), EBADF);
	end();
	SAME(pid, 4711);
	SAME(fcntl(sock, F_GETFD), 0);
	FAILS(waitpid(-1, NULL, WNOHANG), ECHILD); /* no child was left behind */
	SAME(close(sock), 0);
}

static void path_is_searched(void)
{
	char *const argv[] = { "tool", "child", "exit", "52", NULL };
	char *old = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin");
	pid_t pid;

	SAME(mkdir("bin", 0700), 0);
	SAME(symlink(CHILD, "bin/calls-tool"), 0);
	setenv("PATH", "/nonexistent:bin", 1);
	SAME(posix_spawnp(&pid, "calls-tool", NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 52);
	SAME(posix_spawn(&pid, "calls-tool", NULL, NULL, argv, environ), ENOENT); /* without p: no search */
	setenv("PATH", old, 1);
	free(old);
}

static void the_environment_is_the_given_one(void)
{
	char *const argv[] = { "/bin/sh", "-c", "test \"$CALLS_WORD\" = given && test -z \"$HIDDEN\"", NULL };
	char *const environment[] = { "CALLS_WORD=given", NULL };
	pid_t pid;

	setenv("HIDDEN", "x", 1);
	SAME(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environment), 0);
	SAME(wait_for(pid), 0);
	SAME(posix_spawnp(&pid, "sh", NULL, NULL, argv, environment), 0);
	SAME(wait_for(pid), 0);
	unsetenv("HIDDEN");
}

/* Everything at once: an environment of its own, actions and attributes. */
static void all_arguments_together(void)
{
	char *const argv[] = {
		"/bin/sh", "-c",
		"read x <&7; test \"$x\" = line && test \"$W\" = 1 && test \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$",
		NULL
	};
	char *const environment[] = { "W=1", "PATH=/bin:/usr/bin", NULL };
	int (*const spawns[])(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
			      char *const *, char *const *) = { posix_spawn, posix_spawnp };
	posix_spawnattr_t attr;
	pid_t pid;

	write_file("in", "line\n", 0600);
	begin();
	SAME(posix_spawn_file_actions_addopen(&actions, 7, "in", O_RDONLY, 0), 0);
	SAME(posix_spawnattr_init(&attr), 0);
	SAME(posix_spawnattr_setpgroup(&attr, 0), 0);
	SAME(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP), 0);
	for (int i = 0; i < 2; i++) {
		SAME(spawns[i](&pid, "/bin/sh", &actions, &attr, argv, environment), 0);
		SAME(wait_for(pid), 0);
	}
	SAME(posix_spawnattr_destroy(&attr), 0);
	end();
}

static void errno_stays(void)
{
	char *const argv[] = { (char *)CHILD, "child", "exit", "0", NULL };
	pid_t pid;

	errno = 4711;
	SAME(posix_spawn(&pid, CHILD, NULL, NULL, argv, environ), 0);
	SAME(errno, 4711);
	SAME(wait_for(pid), 0);
}

void body(void)
{
	write_file("script", "exit 53\n", 0700);
	RUN(without_actions);
	RUN(actions_that_name_nothing);
	RUN(addopen);
	RUN(adddup2_and_addclose);
	RUN(adddup2_onto_itself);
	RUN(adddup2_elsewhere);
	RUN(addclosefrom_and_addchdir);
	RUN(attributes);
	RUN(errors_are_returned);
	RUN(path_is_searched);
	RUN(the_environment_is_the_given_one);
	RUN(all_arguments_together);
	RUN(errno_stays);
}
