// SPDX-License-Identifier: MIT
/*
 * closewait-wrong WAY MS [killed]: connections whose peer closes and that nobody closes here, for so many milliseconds. "killed": it ends without a last word. Prints what the connection
 * is good for at the end.
 */
#include "closewait_twin.h"

#include <stdbool.h>

#define THREADS 40
#define PEERS 3

static int keep_ms;

static int one(int host)
{
	struct ends e = connection(host);
	char c;

	must(send(e.here, "x", 1, 0) == 1 && recv(e.there, &c, 1, 0) == 1, "data");
	close(e.there);
	pass(keep_ms);
	return e.here;
}

static int v4(void) { return one(1); }
static int v6(void) { return one(0); }

/* Each thread has a connection to each peer. */
static union name peer[PEERS];
static socklen_t peer_len[PEERS];
static int kept[THREADS][PEERS];

static void *worker(void *mine)
{
	for (int i = 0; i < PEERS; i++)
		((int *)mine)[i] = dial(&peer[i], peer_len[i]);
	return NULL;
}

static int threads(void)
{
	int listener[PEERS];
	pthread_t t[THREADS];

	for (int i = 0; i < PEERS; i++)
		listener[i] = listen_at(i + 1, &peer[i], &peer_len[i]);
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, worker, kept[i]) == 0, "thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < PEERS * THREADS; i++)
		close(answer(listener[i % PEERS]));
	pass(keep_ms);
	return kept[0][0];
}

/* More and more to one peer. */
static int growing(void)
{
	union name at;
	socklen_t len;
	int listener = listen_at(1, &at, &len), fd = -1;
	int64_t end = now_ms() + keep_ms;

	for (int n = 0; n < 24 || now_ms() < end; n++) {
		if (n < 24) {
			fd = dial(&at, len);
			close(answer(listener));
		}
		pass(50);
	}
	return fd;
}

/* A server. */
static int accepted(void)
{
	union name at;
	socklen_t len;
	int listener = listen_at(1, &at, &len), fd = -1;

	for (int i = 0; i < 5; i++) {
		int client = dial(&at, len);

		fd = answer(listener);
		close(client);
	}
	pass(keep_ms);
	return fd;
}

static int duplicate(void)
{
	struct ends e = connection(1);
	int copy = dup(e.here);

	close(e.here);
	close(e.there);
	pass(keep_ms);
	return copy;
}

/* Two numbers of one. */
static int twice(void)
{
	struct ends e = connection(1);

	must(dup(e.here) >= 0, "dup");
	close(e.there);
	pass(keep_ms);
	return e.here;
}

/* What came is not read either. */
static int unread(void)
{
	struct ends e = connection(1);

	must(send(e.there, "twelve bytes", 12, 0) == 12, "send");
	close(e.there);
	pass(keep_ms);
	return e.here;
}

/* What it writes goes to another connection: no call of it waits, or makes anything. */
static int data_only(void)
{
	struct ends old = connection(1), used = connection(2);
	int64_t end = now_ms() + keep_ms;
	char c;

	close(old.there);
	while (now_ms() < end) {
		must(send(used.here, "x", 1, 0) == 1 && recv(used.there, &c, 1, 0) == 1, "data");
		sleep_ms(1);
	}
	return old.here;
}

/* No call at all until the end. */
static int asleep(void)
{
	struct ends e = connection(1);

	close(e.there);
	sleep_ms(keep_ms);
	return e.here;
}

/* Its last call makes it another program. */
static int becomes_another(void)
{
	asleep();
	execl("/bin/true", "true", NULL);
	return -1;
}

/* On a stack as small as there are. */
static void *passes(void *unused)
{
	pass(keep_ms);
	return unused;
}

static int small_stack(void)
{
	struct ends e = connection(1);
	pthread_attr_t small;
	pthread_t t;

	close(e.there);
	must(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 16384) == 0, "stack");
	must(pthread_create(&t, &small, passes, NULL) == 0 && pthread_join(t, NULL) == 0, "thread");
	return e.here;
}

/* A child leaves what it has from its parent to that, and tells of its own. */
static int in_child(void)
{
	int status;
	pid_t child;

	close(connection(1).there);
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		asleep();
		exit(0);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "wait");
	return 0;
}

/* From another process that has it no more. */
static int arrived(void)
{
	struct ends e;
	int pair[2], fd;
	pid_t child;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		e = connection(1);
		hand_over(pair[1], e.here);
		_exit(0);
	}
	must(waitpid(child, NULL, 0) == child, "wait");
	fd = take_over(pair[0]);
	pass(keep_ms);
	return fd;
}

/* A child had it, and ended. */
static int was_shared(void)
{
	struct ends e = connection(1);
	pid_t child = fork();

	must(child >= 0, "fork");
	if (child == 0) {
		pass(100);
		_exit(0);
	}
	close(e.there);
	must(waitpid(child, NULL, 0) == child, "wait");
	pass(keep_ms);
	return e.here;
}

static int by_number(void)
{
	union name at;
	socklen_t len;
	int listener = listen_at(1, &at, &len), fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

	must(syscall(SYS_connect, fd, &at, len) == 0, "connect");
	close((int)syscall(SYS_accept, listener, NULL, NULL));
	pass(keep_ms);
	return fd;
}

static const char *how_it_ends(int fd)
{
	char c;
	ssize_t r = recv(fd, &c, 1, MSG_DONTWAIT);
	const char *read = r == 0 ? "end" : r > 0 ? "byte" : errno == ECONNRESET ? "reset" : errno == EAGAIN ? "nothing" : "error";
	const char *written = send(fd, "x", 1, MSG_NOSIGNAL) == 1 ? "sent" : errno == EPIPE ? "EPIPE" : "error";
	static char text[64];

	snprintf(text, sizeof(text), "%s %s %d", read, written, close(fd));
	return text;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} ways[] = {
		{ "v4", v4 }, { "v6", v6 }, { "threads", threads }, { "growing", growing }, { "accepted", accepted }, { "dup", duplicate }, { "twice", twice }, { "unread", unread },
		{ "data-only", data_only }, { "asleep", asleep }, { "arrived", arrived }, { "was-shared", was_shared }, { "by-number", by_number },
		{ "small-stack", small_stack }, { "becomes-another", becomes_another }, { "in-child", in_child },
	};
	bool found = argc >= 3;

	for (size_t i = 0; found && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			keep_ms = atoi(argv[2]);
			if (argc == 3) {
				int fd = ways[i].run();

				puts("done");
				fflush(stdout);
				(void)fd;
				return 0;
			}
			if (strcmp(argv[3], "ends") == 0) {
				puts(how_it_ends(ways[i].run()));
				return 0;
			}
			ways[i].run();
			puts("killed");
			fflush(stdout);
			kill(getpid(), SIGKILL);
		}
	return 2;
}
