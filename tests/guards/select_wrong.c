// SPDX-License-Identifier: MIT
/*
 * The bug: a set of 1,024 bits, and a descriptor above. select-wrong WAY [PORT]
 *   connect PORT  case 1: a non-blocking connect by fd 1045, the timeout behind the set
 *   pselect PORT  the same with pselect and its timespec
 *   number PORT   the same by the number of the system call
 *   sets          two sets, one behind the other
 *   regrown       connect's job after a right select(getdtablesize(), …) at a time when nothing was open
 *   set, clear, ask  FD_SET, FD_CLR, FD_ISSET of fd 1045 (abort in a program that is built with _FORTIFY_SOURCE)
 *   negative      FD_SET of what a failed call returned
 *   early         select while the numbers are low, then a descriptor above: nothing has gone wrong yet
 *   early-forked  the same, and so does a child
 *   early-twins   each of two children does it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "select_twin.h"

/* What the compiler of the day made of `fd_set w; struct timeval tv;`. A bit is set as FD_SET sets it when nobody looks. */
struct frame {
	fd_set w;
	struct timeval tv;
	char rest[512];
};

struct frame_of_two {
	fd_set r, w;
	struct timeval tv;
	char rest[512];
};

static void set_unchecked(fd_set *set, int fd)
{
	((volatile unsigned char *)set)[fd / 8] |= (unsigned char)(1 << fd % 8);
}

static int is_set_unchecked(const fd_set *set, int fd)
{
	return ((const volatile unsigned char *)set)[fd / 8] >> fd % 8 & 1;
}

NAMED int socket_open(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	must(fd == HIGH, "socket");
	return fd;
}

NAMED int wait_select(struct frame *frame, int fd)
{
	int ready;

	frame->tv = (struct timeval){ 5, 0 };
	set_unchecked(&frame->w, fd);
	ready = select(fd + 1, NULL, &frame->w, NULL, &frame->tv);
	return ready;
}

NAMED int wait_pselect(struct frame *frame, int fd)
{
	int ready;

	frame->tv = (struct timeval){ 5, 0 };
	set_unchecked(&frame->w, fd);
	ready = pselect(fd + 1, NULL, &frame->w, NULL, (struct timespec *)(void *)&frame->tv, NULL);
	return ready;
}

NAMED int wait_number(struct frame *frame, int fd)
{
	int ready;

	frame->tv = (struct timeval){ 5, 0 };
	set_unchecked(&frame->w, fd);
	ready = (int)syscall(SYS_pselect6, fd + 1, NULL, &frame->w, NULL, &frame->tv, NULL);
	return ready;
}

static int connect_by(int (*wait_for)(struct frame *, int), const char *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct frame frame;
	int fd, ready, error = 0;

	must(port != NULL, "PORT");
	name.sin_port = htons((uint16_t)atoi(port));
	crowd_open(HIGH);
	fd = socket_open();
	must(connect(fd, (struct sockaddr *)&name, sizeof name) < 0 && errno == EINPROGRESS, "connect");
	memset(&frame, 0, sizeof frame);
	ready = wait_for(&frame, fd);
	if (connect(fd, (struct sockaddr *)&name, sizeof name) < 0)
		error = errno;
	printf("select %d, set %s, connect %s\n", ready, is_set_unchecked(&frame.w, fd) ? "yes" : "no",
	       error ? strerrorname_np(error) : "0");
	return fflush(stdout);
}

NAMED int wait_in_two_sets(struct frame_of_two *frame, int fd, int full)
{
	int ready;

	frame->tv = (struct timeval){ 5, 0 };
	set_unchecked(&frame->w, full);
	set_unchecked(&frame->r, fd);
	ready = select(fd + 1, &frame->r, &frame->w, NULL, &frame->tv);
	return ready;
}

/* A pipe that nobody empties, in writefds, and the speaker in readfds: its bit is that of fd 21 in writefds. */
static int in_two_sets(void)
{
	struct frame_of_two frame;
	int speaker = speaker_start(), full[2], fd, ready;

	must(pipe2(full, O_NONBLOCK) == 0, "pipe2");
	while (write(full[1], &frame, 1) > 0)
		;
	crowd_open(HIGH);
	fd = probe_open(speaker);
	memset(&frame, 0, sizeof frame);
	ready = wait_in_two_sets(&frame, fd, full[1]);
	printf("full %s, ", is_set_unchecked(&frame.w, full[1]) ? "yes" : "no");
	return tell(ready, is_set_unchecked(&frame.r, fd), fd);
}

NAMED void look_around(void)
{
	fd_set set;
	struct timeval at_once = { 0, 0 };

	FD_ZERO(&set);
	FD_SET(0, &set);
	must(select(getdtablesize(), &set, NULL, NULL, &at_once) >= 0, "select");
}

static int regrown(const char *port)
{
	look_around();
	return connect_by(wait_select, port);
}

NAMED int set_one(int fd)
{
	fd_set set[2];

	FD_ZERO(&set[0]);
	FD_SET(fd, &set[0]);
	return is_set_unchecked(set, fd < 0 ? 0 : fd);
}

NAMED int clear_one(int fd)
{
	fd_set set[2];

	memset(set, 0xff, sizeof set);
	FD_CLR(fd, &set[0]);
	return is_set_unchecked(set, fd);
}

NAMED int ask_for_one(int fd)
{
	fd_set set[2];

	memset(set, 0xff, sizeof set);
	return FD_ISSET(fd, &set[0]) != 0;
}

static int fortified(int (*one)(int))
{
	int speaker = speaker_start();

	crowd_open(HIGH);
	printf("%d\n", one(probe_open(speaker)));
	return fflush(stdout);
}

static int negative(void)
{
	volatile int failed = -1;

	printf("%d\n", set_one(failed));
	return fflush(stdout);
}

NAMED void look_below(void)
{
	fd_set set;
	struct timeval at_once = { 0, 0 };

	FD_ZERO(&set);
	FD_SET(0, &set);
	must(select(1, &set, NULL, NULL, &at_once) >= 0, "select");
}

/* 1024 comes from crowd_open itself, and nobody has put it into a set. */
static void outgrow(void)
{
	look_below();
	crowd_open(HIGH);
}

static int in_child(void (*one)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		one();
		_exit(0);
	}
	return waitpid(pid, &status, 0) != pid || status != 0;
}

static int early(int argc, char **argv)
{
	(void)argc;
	if (strcmp(argv[1], "early-twins") == 0)
		return in_child(outgrow) || in_child(outgrow);
	outgrow();
	if (strcmp(argv[1], "early-forked") == 0) {
		crowd_open(HIGH + 10);
		closefrom(3);
		return in_child(outgrow);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "", *port = argc > 2 ? argv[2] : NULL;

	allow_descriptors();
	if (strcmp(way, "connect") == 0)
		return connect_by(wait_select, port);
	if (strcmp(way, "pselect") == 0)
		return connect_by(wait_pselect, port);
	if (strcmp(way, "number") == 0)
		return connect_by(wait_number, port);
	if (strcmp(way, "regrown") == 0)
		return regrown(port);
	if (strcmp(way, "sets") == 0)
		return in_two_sets();
	if (strcmp(way, "set") == 0)
		return fortified(set_one);
	if (strcmp(way, "clear") == 0)
		return fortified(clear_one);
	if (strcmp(way, "ask") == 0)
		return fortified(ask_for_one);
	if (strcmp(way, "negative") == 0)
		return negative();
	if (strncmp(way, "early", 5) == 0)
		return early(argc, argv);
	fprintf(stderr, "no such way: %s\n", way);
	return 99;
}
