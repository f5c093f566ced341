// SPDX-License-Identifier: MIT
/*
 * poll-right WAY: programs that poll, wake up a thousand times a second or meet errors, and do something about it, or poll without waiting. Prints how it went: nothing here
 * is to be reported, and nothing is to go another way.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONG_MS = 1300 };

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct pollfd wait_for(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	must(poll(&p, 1, 5000) == 1, "poll");
	return p;
}

/* ---- errors that are handled ---- */

/* A writer comes and goes, again and again; the end is read, and the descriptor closed. */
static int hup_is_read(void)
{
	int64_t end = now_ms() + LONG_MS;
	char c[4];

	while (now_ms() < end) {
		int ends[2];

		must(pipe(ends) == 0 && write(ends[1], "xyz", 3) == 3, "pipe");
		close(ends[1]);
		for (int i = 0; i < 3; i++) {
			must(wait_for(ends[0], POLLIN).revents == (POLLIN | POLLHUP), "POLLIN and POLLHUP");
			must(read(ends[0], c, 1) == 1, "read");
		}
		must(wait_for(ends[0], POLLIN).revents == POLLHUP && read(ends[0], c, 1) == 0, "the end");
		close(ends[0]);
	}
	return 0;
}

/* A large amount is left behind, and read bit by bit, not each time: for a second and more it is POLLIN and POLLHUP. */
static int hup_partial(void)
{
	int64_t end = now_ms() + LONG_MS;
	char much[4096] = { 0 };

	while (now_ms() < end) {
		int ends[2];

		must(pipe(ends) == 0, "pipe");
		for (int i = 0; i < 15; i++)
			must(write(ends[1], much, sizeof much) == sizeof much, "write");
		close(ends[1]);
		for (int i = 0; i < 10000; i++) {
			must(wait_for(ends[0], POLLIN).revents == (POLLIN | POLLHUP), "POLLIN and POLLHUP");
			if (i % 4 == 0)
				must(read(ends[0], much, 8) == 8, "read");
		}
		close(ends[0]);
	}
	return 0;
}

static int err_is_asked_for(void)
{
	for (int i = 0; i < 100; i++) {
		struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t len = sizeof at, size = sizeof(int);
		int s = socket(AF_INET, SOCK_DGRAM, 0), none = socket(AF_INET, SOCK_DGRAM, 0), error = 0;

		must(bind(none, (struct sockaddr *)&at, len) == 0 && getsockname(none, (struct sockaddr *)&at, &len) == 0, "bind");
		close(none);
		must(connect(s, (struct sockaddr *)&at, len) == 0 && send(s, "x", 1, 0) == 1, "send");
		must(wait_for(s, POLLIN).revents & POLLERR, "POLLERR");
		must(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED, "SO_ERROR");
		close(s);
	}
	return 0;
}

/* Closed numbers are told, and taken out. */
static int nval_is_taken_out(void)
{
	for (int i = 0; i < 2000; i++) {
		int fd = dup(0);
		struct pollfd p[2] = { { fd, POLLIN, 0 }, { eventfd(1, 0), POLLIN, 0 } };

		close(fd);
		must(poll(p, 2, -1) == 2 && p[0].revents == POLLNVAL, "POLLNVAL");
		p[0].fd = -1;
		must(poll(p, 2, -1) == 1, "poll");
		close(p[1].fd);
	}
	return 0;
}

/* A thread that waits hands over to another one, which takes its time. */
static void *end_it(void *fd)
{
	char c;

	usleep(20000);
	must(read(*(int *)fd, &c, 1) == 0, "read");
	return NULL;
}

static int other_thread_acts(void)
{
	for (int i = 0; i < 30; i++) {
		struct pollfd p;
		pthread_t t;
		int ends[2];

		must(pipe(ends) == 0, "pipe");
		close(ends[1]);
		p = (struct pollfd){ ends[0], POLLIN, 0 };
		must(pthread_create(&t, NULL, end_it, &ends[0]) == 0, "pthread_create");
		for (int64_t end = now_ms() + 25; now_ms() < end;)
			must(poll(&p, 1, -1) == 1, "poll");
		pthread_join(t, NULL);
		close(ends[0]);
	}
	return 0;
}

/* ---- no wait ---- */

static int busy(void)
{
	int64_t end = now_ms() + LONG_MS;
	int ends[2], closed = dup(0);
	struct timespec none = { 0, 0 };

	must(pipe(ends) == 0, "pipe");
	close(ends[1]);
	close(closed);
	while (now_ms() < end) {
		struct pollfd p[3] = { { ends[0], POLLIN, 0 }, { 9999, POLLIN, 0 }, { eventfd(0, 0), POLLOUT, 0 } };

		must(poll(p, 3, 0) == 3, "poll");
		must(ppoll(p, 3, &none, NULL) == 3, "ppoll");
		must(syscall(SYS_ppoll, p, 3L, &none, NULL, 8L) == 3, "SYS_ppoll");
		close(p[2].fd);
	}
	return 0;
}

/* ---- a thousand wake-ups a second, and something is done each time ---- */

static int events_are_taken(void)
{
	int64_t end = now_ms() + LONG_MS;
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t n;

	while (now_ms() < end) {
		must(eventfd_write(fd, 1) == 0, "eventfd_write");
		must(wait_for(fd, POLLIN).revents == POLLIN, "POLLIN");
		must(read(fd, &n, sizeof n) == sizeof n, "read");
	}
	return 0;
}

/* Each hundredth time alone: there is always something, and it is not read at once. */
static int lazy_reader(void)
{
	int64_t end = now_ms() + LONG_MS;
	int pair[2];
	char c;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[1], "xx", 2) == 2, "socketpair");
	for (unsigned i = 0; now_ms() < end; i++) {
		must(wait_for(pair[0], POLLIN).revents == POLLIN, "POLLIN");
		if (i % 100 == 0)
			must(recv(pair[0], &c, 1, 0) == 1 && send(pair[1], "x", 1, 0) == 1, "recv");
	}
	return 0;
}

static int writer(void)
{
	int64_t end = now_ms() + LONG_MS;
	int null = open("/dev/null", O_WRONLY), ends[2];
	char c;

	must(pipe(ends) == 0, "pipe");
	while (now_ms() < end) {
		must(wait_for(ends[1], POLLOUT).revents == POLLOUT && write(ends[1], "x", 1) == 1, "write");
		must(read(ends[0], &c, 1) == 1, "read");
		must(wait_for(null, POLLOUT).revents == POLLOUT && write(null, "x", 1) == 1, "write"); /* always ready */
	}
	return 0;
}

/* Its transmit timestamps fill the error queue, and nobody reads them: it sends all the same, and would be woken without them. */
static int sender(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int64_t end = now_ms() + LONG_MS;
	int to = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0), stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, errors = 0;

	must(bind(to, (struct sockaddr *)&at, len) == 0 && getsockname(to, (struct sockaddr *)&at, &len) == 0 && connect(s, (struct sockaddr *)&at, len) == 0, "socket");
	must(setsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) == 0, "SO_TIMESTAMPING");
	while (now_ms() < end) {
		errors += (wait_for(s, POLLOUT).revents & POLLERR) != 0;
		send(s, "x", 1, 0);
		while (recv(to, &(char){ 0 }, 1, MSG_DONTWAIT) > 0)
			;
	}
	return errors < 1000;
}

/* A listener that several processes have: the others are faster. */
static int herd(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), status;
	pid_t child[3];

	must(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 100) == 0 && getsockname(listener, (struct sockaddr *)&at, &len) == 0, "listen");
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			for (;;) {
				struct pollfd p = { listener, POLLIN, 0 };
				int fd;

				if (poll(&p, 1, 300) == 0)
					_exit(0);
				fd = accept(listener, NULL, NULL);
				if (fd >= 0)
					close(fd);
			}
		}
	}
	for (int i = 0; i < 3000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		char c;

		must(connect(fd, (struct sockaddr *)&at, len) == 0 && read(fd, &c, 1) == 0, "connect");
		close(fd);
	}
	for (int i = 0; i < 3; i++)
		must(waitpid(child[i], &status, 0) == child[i] && status == 0, "child");
	return 0;
}

/* ---- what is read where nobody sees it ---- */

static int by_stdio(void)
{
	int64_t end = now_ms() + LONG_MS;
	int ends[2];
	FILE *f;

	must(pipe(ends) == 0, "pipe");
	for (int i = 0; i < 16; i++)
		must(write(ends[1], "0123456789012345678901234567890\n", 32) == 32, "write");
	close(ends[1]);
	f = fdopen(ends[0], "r");
	setvbuf(f, NULL, _IONBF, 0);
	for (int i = 0; now_ms() < end; i++) {
		wait_for(ends[0], POLLIN);
		if (i % 50 == 0 && i < 500 * 50)
			must(fgetc(f) != EOF, "fgetc");
		usleep(200);
	}
	return fclose(f);
}

/* A closed number that is opened and closed between the waits: another one each time. */
static int number_again(void)
{
	int64_t end = now_ms() + LONG_MS;
	int free_one = dup(0), quiet[2];

	must(pipe(quiet) == 0, "pipe");
	close(free_one);
	while (now_ms() < end) {
		struct pollfd p[2] = { { free_one, POLLIN, 0 }, { quiet[0], POLLIN, 0 } };

		must(poll(p, 2, -1) == 1 && p[0].revents == POLLNVAL, "POLLNVAL");
		must(eventfd(1, 0) == free_one, "eventfd");
		must(poll(p, 2, -1) == 1 && p[0].revents == POLLIN, "POLLIN");
		close(free_one);
	}
	return 0;
}

/* Now and then, with a sleep of its own: no spin. */
static int seldom(void)
{
	int ends[2];

	must(pipe(ends) == 0, "pipe");
	close(ends[1]);
	for (int i = 0; i < 6; i++) {
		must(wait_for(ends[0], POLLIN).revents == POLLHUP, "POLLHUP");
		usleep(200000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
		{ "hup-is-read", hup_is_read }, { "hup-partial", hup_partial }, { "err-is-asked-for", err_is_asked_for }, { "nval-is-taken-out", nval_is_taken_out },
		{ "other-thread", other_thread_acts }, { "busy", busy }, { "events", events_are_taken }, { "lazy-reader", lazy_reader }, { "writer", writer }, { "sender", sender }, { "herd", herd },
		{ "stdio", by_stdio }, { "number-again", number_again }, { "seldom", seldom },
	};

	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			int failed = ways[i].go();

			printf("%s\n", failed ? "failed" : "done");
			return failed;
		}
	fprintf(stderr, "no such way\n");
	return 99;
}
