// SPDX-License-Identifier: MIT
/*
 * hands list             what is open above 2
 * hands HOW CHILD ARG…   makes three UDP sockets, and what else HOW says, and starts CHILD; `@` in an argument becomes the first one's number
 * hands select HOW       a select beyond FD_SETSIZE
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define SOCKETS 3
#define CHOSEN 20

static int sockets[SOCKETS];

static int list(void)
{
	for (int fd = 3; fd < 2000; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	puts("open");
	return 0;
}

static void name(char *argv[])
{
	for (; *argv; argv++)
		if (strchr(*argv, '@')) {
			char text[64];

			snprintf(text, sizeof(text), "%.*s%d", (int)strcspn(*argv, "@"), *argv, sockets[0]);
			*argv = strdup(text);
		}
}

static void *wait_for_ever(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
	return NULL;
}

static int finish(pid_t child)
{
	int status;

	return child < 0 || waitpid(child, &status, 0) != child ? 1 : WEXITSTATUS(status);
}

static int by_fork(char *argv[])
{
	pid_t child = fork();

	if (child == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return finish(child);
}

static int by_vfork(char *argv[])
{
	pid_t child = vfork();

	if (child == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return finish(child);
}

static int by_spawn(char *argv[])
{
	pid_t child = -1;

	posix_spawn(&child, argv[0], NULL, NULL, argv, environ);
	return finish(child);
}

static int by_exec(char *argv[])
{
	execv(argv[0], argv);
	return 127;
}

/* A child that only forks another one. */
static int by_grandchild(char *argv[])
{
	pid_t child = fork();

	if (child == 0)
		_exit(by_fork(argv));
	return finish(child);
}

/* execvp's way: files that are not there come first. */
static int by_search(char *argv[])
{
	pid_t child = fork();

	if (child == 0) {
		execv("/nonexistent/program", argv);
		execv("/etc", argv);
		execv(argv[0], argv);
		_exit(127);
	}
	return finish(child);
}

static int by_threads(char *argv[])
{
	pthread_t thread;

	pthread_create(&thread, NULL, wait_for_ever, NULL);
	return by_exec(argv);
}

/* A file that somebody has open for writing: execve fails late, with ETXTBSY. */
static void be_refused(void)
{
	char *path = getenv("REFUSED"), *argv[] = { path, (char *)"list", NULL };
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		_exit(99);
	execv(path, argv);
	close(fd);
}

static int by_refused(char *argv[])
{
	pid_t child = fork();

	if (child == 0) {
		be_refused();
		execv(argv[0], argv);
		_exit(127);
	}
	return finish(child);
}

static int by_refused_parent(char *argv[])
{
	be_refused();
	return by_fork(argv);
}

/* By its own wish, after the failure. */
static int by_undone(char *argv[])
{
	pid_t child = fork();

	if (child == 0) {
		be_refused();
		for (int i = 0; i < SOCKETS; i++)
			fcntl(sockets[i], F_SETFD, FD_CLOEXEC);
		execv(argv[0], argv);
		_exit(127);
	}
	return finish(child);
}

static void mark(const char *how)
{
	int listener;

	for (int i = 0; i < SOCKETS; i++) {
		if (strcmp(how, "dup2") == 0)
			dup2(sockets[i], CHOSEN + i);
		else if (strcmp(how, "setfd") == 0)
			fcntl(sockets[i], F_SETFD, 0);
		else if (strcmp(how, "itself") == 0)
			dup2(sockets[i], sockets[i]);
		else if (strcmp(how, "dup") == 0)
			dup(sockets[i]);
		else if (strcmp(how, "dupfd") == 0)
			fcntl(sockets[i], F_DUPFD, CHOSEN);
		else if (strcmp(how, "dupfd-cloexec") == 0)
			fcntl(sockets[i], F_DUPFD_CLOEXEC, CHOSEN);
		else if (strcmp(how, "fionclex") == 0)
			ioctl(sockets[i], FIONCLEX);
		else if (strcmp(how, "cloexec") == 0)
			fcntl(sockets[i], F_SETFD, FD_CLOEXEC);
	}
	if (strcmp(how, "stream") == 0) {
		dup2(sockets[0], 2);
	} else if (strcmp(how, "listen") == 0) {
		listener = socket(AF_INET, SOCK_STREAM, 0);
		listen(listener, 1);
	} else if (strcmp(how, "others") == 0) {
		if (open("/etc/passwd", O_RDONLY) < 0 || epoll_create1(0) < 0)
			_exit(99);
	} else if (strcmp(how, "stale") == 0) { /* the number was meant, and is another one's by now */
		dup2(sockets[0], CHOSEN);
		close(CHOSEN);
		for (int fd = 0; fd < CHOSEN;)
			if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0)
				_exit(99);
	}
}

static int start(const char *how, char *argv[])
{
	static const struct { const char *how; int (*start)(char *argv[]); } ways[] = {
		{ "vfork", by_vfork }, { "spawn", by_spawn }, { "exec", by_exec }, { "grandchild", by_grandchild }, { "search", by_search }, { "threads", by_threads }, { "listen", by_exec },
		{ "refused", by_refused }, { "refused-parent", by_refused_parent }, { "undone", by_undone },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(how, ways[i].how) == 0)
			return ways[i].start(argv);
	return by_fork(argv);
}

/* fd 1500, and no time. */
static int wait_with(const char *how)
{
	static struct { fd_set set, next; char room[128]; } small;
	static struct { fd_set set; struct timespec time; char room[128]; } raw;
	static union { fd_set set; char room[512]; } large;
	struct rlimit files = { 2000, 2000 };
	struct timeval none = { 0, 0 };
	int fd;

	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || (fd = fcntl(sockets[0], F_DUPFD, 1500)) != 1500)
		return 99;
	large.room[fd / 8] = (char)(1 << fd % 8);
	if (strcmp(how, "small") == 0) { /* it is the bit of fd 476 in the next one */
		((char *)&small)[fd / 8] = (char)(1 << fd % 8);
		return dup2(sockets[0], fd - FD_SETSIZE) < 0 || select(fd + 1, &small.set, &small.next, NULL, &none) < 0;
	}
	if (strcmp(how, "raw") == 0) {
		((char *)&raw)[fd / 8] = (char)(1 << fd % 8);
		return syscall(SYS_pselect6, fd + 1, NULL, &raw.set, NULL, &raw.time, NULL) < 0;
	}
	if (strcmp(how, "empty") == 0)
		return select(fd + 1, NULL, NULL, NULL, &none) < 0;
	if (strcmp(how, "many") == 0)
		for (int i = 0; i < 100; i++)
			select(fd + 1, NULL, &large.set, NULL, &none);
	return select(strcmp(how, "below") == 0 ? FD_SETSIZE : fd + 1, NULL, &large.set, NULL, &none) < 0;
}

static int is_closed_first(const char *how)
{
	return strcmp(how, "setfd") == 0 || strcmp(how, "dup") == 0 || strcmp(how, "dupfd") == 0;
}

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return list();
	for (int i = 0; i < SOCKETS; i++)
		sockets[i] = socket(AF_INET, SOCK_DGRAM | (argc > 1 && is_closed_first(argv[1]) ? SOCK_CLOEXEC : 0), 0);
	if (argc > 2 && strcmp(argv[1], "select") == 0)
		return wait_with(argv[2]);
	if (argc < 3)
		return 2;
	name(argv + 2);
	mark(argv[1]);
	fflush(NULL);
	return start(argv[1], argv + 2);
}
