// SPDX-License-Identifier: MIT
/* nonblock-stdio-right WAY: does with stdin what it wants, and leaves it as it was; or changes what nobody else has. */
#include "nonblock_stdio_twin.h"

static int restored(int fd)
{
	turn(fd, 1);
	turn(fd, 0);
	return 3;
}

static int by_copy(int fd)
{
	int copy = dup(fd);

	turn(fd, 1);
	turn_by_ioctl(copy, 0);
	return 3;
}

static int after_close(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	turn(fd, 1);
	close(fd);
	turn(copy, 0);
	return 3;
}

static void restore(void)
{
	turn(0, 0);
}

static int at_exit(int fd)
{
	atexit(restore);
	turn(fd, 1);
	exit(3);
}

static int at_quick(int fd)
{
	at_quick_exit(restore);
	turn(fd, 1);
	quick_exit(3);
}

static void restore_and_leave(int number)
{
	(void)number;
	turn(0, 0);
	_exit(3);
}

static int handled(int fd)
{
	signal(SIGTERM, restore_and_leave);
	turn(fd, 1);
	raise(SIGTERM);
	return 99;
}

static int handled_later(int fd)
{
	turn(fd, 1);
	signal(SIGTERM, restore_and_leave);
	raise(SIGTERM);
	return 99;
}

static int ignored(int fd)
{
	signal(SIGPIPE, SIG_IGN);
	turn(fd, 1);
	raise(SIGPIPE);
	turn(fd, 0);
	return 3;
}

/* No change of this mode. */
static int other_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	must(fcntl(fd, F_SETFL, flags | O_APPEND) == 0, "F_SETFL");
	return 3;
}

/* Another description, and another pipe, at the same number. */
static int reopened(int fd)
{
	must(open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK) >= 0, "open");
	(void)fd;
	return 3;
}

static int own_pipe(int fd)
{
	int p[2];

	must(pipe(p) == 0 && dup2(p[0], fd) == fd, "pipe");
	turn(fd, 1);
	return 3;
}

/* A parent's change is not its child's. */
static int in_parent(int fd)
{
	pid_t child;

	turn(fd, 1);
	child = fork();
	if (child == 0)
		_exit(0);
	collect(child);
	turn(fd, 0);
	return 3;
}

/* What a parent changed may be put back by its child, as libuv does before it execs. */
static int for_parent(int fd)
{
	pid_t child;

	turn(fd, 1);
	child = fork();
	if (child == 0) {
		turn(fd, 0);
		execlp("true", "true", (char *)NULL);
		_exit(99);
	}
	collect(child);
	return 3;
}

/* A child that asks a question, and puts back what it met. */
static int toggled_in_child(int fd)
{
	pid_t child;

	turn(fd, 1);
	child = fork();
	if (child == 0) {
		turn(fd, 0);
		turn(fd, 1);
		_exit(0);
	}
	collect(child);
	must(fcntl(fd, F_GETFL) & O_NONBLOCK, "still as the program set it");
	turn(fd, 0);
	return 3;
}

/* Our way to put it back is to be seen nowhere. */
static int default_actions(int fd)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM };
	struct sigaction now;

	turn(fd, 1);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		must(sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL, "the default action");
	turn(fd, 0);
	return 3;
}

static int vforked(int fd)
{
	pid_t child = vfork();

	if (child == 0) {
		fcntl(fd, F_SETFL, O_RDONLY | O_NONBLOCK);
		_exit(0);
	}
	collect(child);
	turn(fd, 0);
	return 3;
}

static int failed_exec(int fd)
{
	turn(fd, 1);
	execl("/nonexistent/program", "program", (char *)NULL);
	execlp("nonexistent-program", "program", (char *)NULL);
	execl("/proc/self", "folder", (char *)NULL);
	must(fcntl(fd, F_GETFL) & O_NONBLOCK, "still as the program set it");
	turn(fd, 0);
	return 3;
}

int main(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "restored", restored },
		{ "copy", by_copy },
		{ "close", after_close },
		{ "atexit", at_exit },
		{ "at_quick_exit", at_quick },
		{ "handler", handled },
		{ "handler-later", handled_later },
		{ "ignored", ignored },
		{ "other-flags", other_flags },
		{ "reopened", reopened },
		{ "own-pipe", own_pipe },
		{ "parent", in_parent },
		{ "for-parent", for_parent },
		{ "toggle", toggled_in_child },
		{ "signals", default_actions },
		{ "vfork", vforked },
		{ "failed-exec", failed_exec },
	};

	RUN(ways, argc, argv);
}
