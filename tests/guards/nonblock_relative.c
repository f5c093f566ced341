// SPDX-License-Identifier: MIT
/*
 * Two processes that share a description by fork: one changes its mode, and the other only reads or writes. nonblock-relative WAY WHO MODE [DATA [KIND [CALL]]]
 * WHO is the one that only reads: parent or child. MODE is what the other makes it: blocks or wakes. DATA: read (the default), recv, readv, number (read by number), write.
 * Wrong:
 *   used      and that is all
 *   asked     who reads asked for its own mode after the fork
 *   copy      … reads from a duplicate that it made after the fork
 *   ended     … reads when the other has ended
 *   crowded   … reads after 20 changes that are nothing to it, too
 *   sent      the description was made after the fork, and who reads got it by SCM_RIGHTS
 *   fetched   … and who changes it got it so
 *   left      … and ended
 * Right:
 *   back      the mode is put back before the other reads
 *   ready     there is something to read
 *   flags     who reads asked for the flags first
 *   same      both ask for the same
 *   closed    what is read has the number that the description had
 *   own       what is changed has the number of what is read
 *   kept      who reads has it still, and reads something else
 * They wait for each other without a call that fdguard looks at. Prints how the read goes, and the mode that it sees then.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "nonblock_twin.h"

enum { CROWD = 20 };

static const char *way, *data, *kind, *call;
static int wakes, channel[2], crowd[CROWD];
static _Atomic int *step;

static void reach(int n)
{
	atomic_store(step, n);
}

static void await(int n)
{
	while (atomic_load(step) < n)
		pause_ms(1);
}

static int is(const char *name)
{
	return strcmp(way, name) == 0;
}

static int writes(void)
{
	return strcmp(data, "write") == 0;
}

static ssize_t move_one(int fd)
{
	char c = 'x';
	struct iovec part = { &c, 1 };

	if (writes())
		return write(fd, &c, 1);
	if (strcmp(data, "recv") == 0)
		return recv(fd, &c, 1, 0);
	if (strcmp(data, "readv") == 0)
		return readv(fd, &part, 1);
	return strcmp(data, "number") == 0 ? syscall(SYS_read, fd, &c, 1) : read(fd, &c, 1);
}

static const char *how_it_goes(int fd)
{
	struct sigaction on = { .sa_handler = ring };
	struct itimerspec soon = { .it_value = { 0, 20000000 }, .it_interval = { 0, 20000000 } };
	timer_t timer = NULL;
	ssize_t n;
	int error;

	must(sigaction(SIGALRM, &on, NULL) == 0 && timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0, "timer");
	n = move_one(fd);
	error = errno;
	timer_delete(timer);
	if (n > 0)
		return "moved";
	return error == EAGAIN ? "EAGAIN" : error == EINTR ? "waits" : "error";
}

static void fill(int fd)
{
	static const char block[65536];

	if (strcmp(kind, "pipe") == 0)
		must(write(fd, block, sizeof(block)) == sizeof(block), "write");
	else
		while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
			continue;
}

/* What would wait, and has the mode that the other is about to change. */
NAMED int opened(int *ret_there)
{
	struct ends e = ends_open(kind);
	int fd = writes() ? e.there : e.here;

	*ret_there = writes() ? e.here : e.there;
	if (writes())
		fill(fd);
	if (!wakes)
		set_nonblocking("F_SETFL", fd, 1);
	return fd;
}

/* By the number of another. */
static void open_in_place_of(int fd)
{
	int there;

	close(fd);
	must(opened(&there) == fd, "the number");
}

static void change(int fd)
{
	if (is("sent") || is("own"))
		open_in_place_of(fd);
	if (is("sent"))
		hand_over(channel[0], fd);
	if (is("fetched") || is("left"))
		fd = take_over(channel[0]);
	await(1);
	for (int i = 0; is("crowded") && i < CROWD; i++)
		set_nonblocking(call, crowd[i], 1);
	set_nonblocking(call, fd, wakes);
	if (is("back"))
		set_nonblocking(call, fd, !wakes);
	reach(2);
	if (!is("ended") && !is("left"))
		await(3);
}

NAMED int prepared(int fd)
{
	if (is("fetched") || is("left") || is("closed"))
		open_in_place_of(fd);
	if (is("fetched") || is("left"))
		hand_over(channel[1], fd);
	if (is("sent"))
		fd = take_over(channel[1]);
	if (is("asked"))
		set_nonblocking(call, fd, !wakes);
	return is("copy") ? dup(fd) : fd;
}

static void use(int fd, int there, pid_t other)
{
	int there_too;

	fd = prepared(fd);
	reach(1);
	await(2);
	if (is("ended") || is("left"))
		must(waitpid(other, NULL, 0) == other, "waitpid");
	if (is("same"))
		set_nonblocking(call, fd, wakes);
	if (is("flags"))
		is_nonblocking(fd);
	if (is("ready"))
		must(write(there, "x", 1) == 1, "write");
	if (is("kept"))
		fd = opened(&there_too);
	printf("%s", how_it_goes(fd));
	printf(" %d\n", is_nonblocking(fd));
	reach(3);
}

int main(int argc, char **argv)
{
	int fd, there, is_user;
	pid_t pid;

	if (argc < 4)
		return 2;
	way = argv[1];
	wakes = strcmp(argv[3], "wakes") == 0;
	data = argc > 4 ? argv[4] : "read";
	kind = argc > 5 ? argv[5] : "socket";
	call = argc > 6 ? argv[6] : "F_SETFL";
	step = mmap(NULL, sizeof(*step), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(step != MAP_FAILED && socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0, "begin");
	fd = opened(&there);
	for (int i = 0; i < CROWD; i += 2)
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, &crowd[i]) == 0, "socketpair");
	pid = fork();
	must(pid >= 0, "fork");
	is_user = (strcmp(argv[2], "parent") == 0) == (pid > 0);
	if (is_user)
		use(fd, there, pid);
	else
		change(fd);
	if (pid == 0)
		exit(0);
	if (!is("ended") && !is("left"))
		must(waitpid(pid, NULL, 0) == pid, "waitpid");
	return 0;
}
