// SPDX-License-Identifier: MIT
/* closewait-right WAY MS: connections whose peer has closed, and that are in order: in use, somebody else's, or closed soon; and sockets that are none. For so many milliseconds. */
#include <stdbool.h>

#include "closewait_twin.h"

static int keep_ms;

/* The peer has said all that it had to say, and listens. */
static void half_close(void)
{
	struct ends e = connection(1);
	int64_t end = now_ms() + keep_ms;
	char c;

	shutdown(e.there, SHUT_WR);
	while (now_ms() < end) {
		must(send(e.here, "x", 1, 0) == 1 && recv(e.there, &c, 1, 0) == 1, "data");
		pass(100);
	}
	close(e.here);
}

/* The same by the kernel's door: nothing of it is seen but what the kernel tells. */
static long bare_call(long nr, long a, long b, long c)
{
#if defined(__x86_64__)
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
#else
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#endif
}

static void half_close_unseen(void)
{
	struct ends e = connection(1);
	int64_t end = now_ms() + keep_ms;
	char c;

	shutdown(e.there, SHUT_WR);
	while (now_ms() < end) {
		must(bare_call(SYS_write, e.here, (long)"x", 1) == 1 && recv(e.there, &c, 1, 0) == 1, "data");
		pass(100);
	}
	bare_call(SYS_close, e.here, 0, 0);
}

static void fill(int fd)
{
	static char bytes[20000];

	must(send(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes), "send");
}

/* There is a lot to be read, and it is being read. */
static void reader(void)
{
	struct ends e = connection(1);
	int64_t end = now_ms() + keep_ms;
	char bytes[100];

	fill(e.there);
	close(e.there);
	while (now_ms() < end) {
		must(recv(e.here, bytes, sizeof(bytes), 0) > 0, "recv");
		pass(100);
	}
	close(e.here);
}

static void reader_unseen(void)
{
	struct ends e = connection(1);
	int64_t end = now_ms() + keep_ms;
	char bytes[100];

	fill(e.there);
	close(e.there);
	while (now_ms() < end) {
		must(bare_call(SYS_read, e.here, (long)bytes, sizeof(bytes)) > 0, "read");
		pass(100);
	}
	bare_call(SYS_close, e.here, 0, 0);
}

/* Looks at its idle connections now and then, and closes what has ended. */
static void pool(void)
{
	int64_t end = now_ms() + keep_ms;
	struct ends e[4];
	char c;

	for (int i = 0; i < 4; i++)
		e[i] = connection(1);
	for (int i = 0; now_ms() < end; i++) {
		close(e[i % 4].there);
		pass(200);
		if (recv(e[i % 4].here, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0) {
			close(e[i % 4].here);
			close(e[i % 4].listener);
			e[i % 4] = connection(1);
		}
	}
}

static void idle(void)
{
	struct ends e = connection(1);

	pass(keep_ms);
	close(e.here);
	close(e.there);
}

/* Closed on the way, many times, and the number is another connection's at once. */
static void churn(void)
{
	int64_t end = now_ms() + keep_ms;
	union name at;
	socklen_t len;
	int listener = listen_at(1, &at, &len);

	while (now_ms() < end) {
		int fd = dial(&at, len);

		close(answer(listener));
		pass(20);
		close(fd);
	}
}

static void listeners(void)
{
	union name at;
	socklen_t len;
	int fd = listen_at(1, &at, &len), client = dial(&at, len);

	listen_at(0, &at, &len);
	close(client); /* the one in its queue has ended */
	pass(keep_ms);
	close(fd);
}

/* Sent to another process, which works with it. */
static void passed_away(void)
{
	struct ends e = connection(1);
	int pair[2];
	pid_t child;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		close(e.here);
		close(e.there);
		take_over(pair[1]);
		sleep_ms(keep_ms);
		syscall(SYS_exit_group, 0);
	}
	hand_over(pair[0], e.here);
	close(e.there);
	pass(keep_ms);
	waitpid(child, NULL, 0);
	close(e.here);
}

/* It came from one process, and went to another. */
static void passed_on(void)
{
	int from[2], to[2];
	struct ends e;
	pid_t maker, user;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, from) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0, "socketpair");
	maker = fork();
	must(maker >= 0, "fork");
	if (maker == 0) {
		e = connection(1);
		hand_over(from[1], e.here);
		_exit(0);
	}
	user = fork();
	must(user >= 0, "fork");
	if (user == 0) {
		must(dup(to[1]) >= 0 && dup(to[1]) >= 0, "dup"); /* it has another number here */
		take_over(to[1]);
		sleep_ms(keep_ms + 500);
		syscall(SYS_exit_group, 0);
	}
	waitpid(maker, NULL, 0);
	e.here = take_over(from[0]);
	hand_over(to[0], e.here);
	pass(keep_ms);
	close(e.here);
	waitpid(user, NULL, 0);
}

/* A child serves it. */
static void shared(void)
{
	struct ends e = connection(1);
	int go[2];
	pid_t child;
	char c;

	must(pipe(go) == 0, "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		close(e.there);
		close(go[1]);
		must(read(go[0], &c, 1) == 0, "go");
		close(e.here);
		_exit(0);
	}
	close(go[0]);
	close(e.there);
	pass(keep_ms);
	close(e.here);
	close(go[1]);
	waitpid(child, NULL, 0);
}

static void refused(void)
{
	union name at;
	socklen_t len;
	int fd, listener = listen_at(1, &at, &len);

	close(listener);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(fd, &at.any, len) < 0 && errno == ECONNREFUSED, "connect");
	pass(keep_ms);
}

static void reset(void)
{
	struct linger hard = { 1, 0 };
	struct ends e = connection(1);

	setsockopt(e.there, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(e.there);
	pass(keep_ms);
}

/* Its own reading end. */
static void shut_here(void)
{
	struct ends e = connection(1);

	shutdown(e.here, SHUT_RD);
	pass(keep_ms);
	close(e.there);
}

/* It has ended from both ends, and is a number, no more. */
static void shut_both(void)
{
	struct ends e = connection(1);

	close(e.there);
	shutdown(e.here, SHUT_RDWR);
	pass(keep_ms);
}

static void others(void)
{
	int pair[2], udp = socket(AF_INET, SOCK_DGRAM, 0), pipes[2];
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipes) == 0, "pairs");
	must(connect(udp, (struct sockaddr *)&at, sizeof(at)) == 0, "connect");
	close(pair[1]);
	close(pipes[1]);
	must(socket(AF_INET, SOCK_STREAM, 0) >= 0, "socket");
	pass(keep_ms);
}

/* Long after the peer: but not for the age. */
static void late(void)
{
	struct ends e = connection(1);

	close(e.there);
	pass(keep_ms / 4);
	close(e.here);
	pass(keep_ms);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} ways[] = {
		{ "half-close", half_close }, { "half-close-unseen", half_close_unseen }, { "reader", reader }, { "reader-unseen", reader_unseen }, { "pool", pool }, { "idle", idle },
		{ "churn", churn }, { "listeners", listeners }, { "passed-away", passed_away }, { "passed-on", passed_on }, { "shared", shared }, { "refused", refused }, { "reset", reset }, { "shut-here", shut_here },
		{ "shut-both", shut_both }, { "others", others }, { "late", late },
	};

	for (size_t i = 0; argc == 3 && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			keep_ms = atoi(argv[2]);
			ways[i].run();
			puts("done");
			return 0;
		}
	return 2;
}
