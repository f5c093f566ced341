// SPDX-License-Identifier: MIT
/*
 * reuseport-wrong HOW [6]: a group of four, clients in its queues, and one listener (of exit, _exit and exec: the two that a child made) ends by HOW. Prints how many
 * connections were queued there and how many were reset. HOW "each": all are closed, one after the other. "leave": one
 * is closed, and the others end with the process, which accepted nothing; else it does so in the end. "many": all but five of each of two groups of MANY are closed by one call.
 */
#include "reuseport_twin.h"

#include <linux/close_range.h>

static int listener[GROUP];

__attribute__((noinline)) static int close_by(const char *how, int fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (strcmp(how, "close") == 0 || strcmp(how, "leave") == 0)
		return close(fd);
	if (strcmp(how, "dup2") == 0)
		return dup2(null, fd) < 0;
	if (strcmp(how, "dup3") == 0)
		return dup3(null, fd, O_CLOEXEC) < 0;
	if (strcmp(how, "range") == 0)
		return close_range((unsigned)fd, (unsigned)fd, 0);
	if (strcmp(how, "range-of-copies") == 0) {
		dup2(fd, 501);
		dup2(fd, 502);
		dup2(fd, 503);
		close(fd);
		return close_range(501, 503, 0);
	}
	if (strcmp(how, "from") == 0) /* the other three are below */
		return closefrom(fd), 0;
	if (strcmp(how, "number") == 0)
		return (int)syscall(SYS_close, fd);
	if (strcmp(how, "number-dup3") == 0)
		return syscall(SYS_dup3, null, fd, 0) < 0;
	if (strcmp(how, "number-range") == 0)
		return (int)syscall(SYS_close_range, fd, fd, 0);
	if (strcmp(how, "shutdown") == 0)
		return shutdown(fd, SHUT_RD);
	if (strcmp(how, "shutdown-both") == 0)
		return shutdown(fd, SHUT_RDWR);
	if (strcmp(how, "number-shutdown") == 0)
		return (int)syscall(SYS_shutdown, fd, SHUT_RD);
	return -1;
}

__attribute__((noinline)) static void end_by(const char *how)
{
	if (strcmp(how, "exit") == 0)
		exit(0);
	if (strcmp(how, "_exit") == 0)
		_exit(0);
	execl("/bin/true", "true", NULL);
	_exit(4);
}

/* A worker that made two of its own ends when it is told to. */
static void by_worker(const char *how)
{
	int up[2], down[2], child, was = 0;
	char c = 0;

	add_listener();
	add_listener();
	if (pipe2(up, O_CLOEXEC) != 0 || pipe2(down, O_CLOEXEC) != 0)
		fail("pipe");
	child = fork();
	if (child == 0) {
		listener[0] = add_listener();
		listener[1] = add_listener();
		if (write(up[1], "", 1) != 1 || read(down[0], &c, 1) != 1)
			_exit(5);
		was = queued(listener[0]) + queued(listener[1]);
		if (write(up[1], &was, sizeof(was)) != sizeof(was))
			_exit(5);
		end_by(how);
	}
	if (read(up[0], &c, 1) != 1)
		fail("read");
	connect_clients();
	if (write(down[1], "", 1) != 1 || read(up[0], &was, sizeof(was)) != sizeof(was))
		fail("read");
	end(child);
	printf("queued %d reset %d\n", was, resets());
}

#define MANY 90
#define CALLERS 360

static void close_many(void)
{
	static int member[2 * MANY], caller[2][CALLERS];
	struct sockaddr_in6 of[2] = { address, address };
	int was[2] = { 0, 0 };

	for (int i = 0; i < 2 * MANY; i++) { /* in turns: each number of the one beside one of the other */
		address = of[i % 2];
		member[i] = add_listener();
		of[i % 2] = address;
	}
	for (int i = 0; i < 2; i++) {
		address = of[i];
		connect_each(caller[i], CALLERS);
	}
	for (int i = 0; i < 2 * MANY - 10; i++)
		was[i % 2] += queued(member[i]);
	if (close_range((unsigned)member[0], (unsigned)member[2 * MANY - 11], 0) != 0)
		fail("close_range");
	printf("queued %d %d reset %d %d\n", was[0], was[1], resets_of(caller[0], CALLERS), resets_of(caller[1], CALLERS));
	for (int i = 2 * MANY - 10; i < 2 * MANY; i++)
		drain(member[i]);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int closing = 0, was;

	use_family(argc > 2);
	if (strstr(how, "exit") || strcmp(how, "exec") == 0) {
		by_worker(how);
		return 0;
	}
	if (strcmp(how, "many") == 0) {
		close_many();
		return 0;
	}
	for (int i = 0; i < GROUP; i++)
		listener[i] = add_listener();
	connect_clients();
	if (strcmp(how, "from") == 0) {
		for (int i = 0; i < CLIENTS; i++) /* below what is closed */
			client[i] = dup2(client[i], 300 + i);
		closing = fcntl(listener[0], F_DUPFD_CLOEXEC, 400);
		close(listener[0]);
		listener[0] = closing;
	}
	was = queued(listener[0]);
	if (strcmp(how, "each") == 0) {
		for (int i = 0; i < GROUP; i++)
			close_by("close", listener[i]);
		printf("queued %d reset %d\n", was, resets());
		return 0;
	}
	if (close_by(how, listener[0]) != 0)
		fail(how);
	printf("queued %d reset %d\n", was, resets());
	for (int i = 1; i < GROUP && strcmp(how, "leave") != 0; i++)
		drain(listener[i]);
	return 0;
}
