// SPDX-License-Identifier: MIT
/* poll-wrong WAY [NAME]: the loop of poll_twin.h, which waits with NAME: poll, ppoll, poll-chk, ppoll-chk, number-poll, number-ppoll. */
#include "poll_twin.h"

#include <netinet/in.h>
#include <sys/socket.h>

NAMED void open_hup(void)
{
	int ends[2];

	must(pipe(ends) == 0, "pipe");
	close(ends[1]);
	ask(ends[0], POLLIN);
}

static void hup(void)
{
	ask(quiet(), POLLIN);
	open_hup();
}

/* It does read, and does not take the end for an end. */
static void read_on(void)
{
	char c;

	must(read(fds[0].fd, &c, 1) == 0, "read");
}

static void end_of_file(void)
{
	open_hup();
	each = read_on;
}

NAMED void open_err(void)
{
	int ends[2];

	must(pipe(ends) == 0, "pipe");
	close(ends[0]);
	ask(ends[1], 0);
}

static void err(void)
{
	open_err();
}

static void nval_alone(void)
{
	ask(closed_number(), 0);
}

static void try_to_read(void)
{
	char c;

	must(read(fds[1].fd, &c, 1) < 0 && errno == EBADF, "read");
}

static void nval_read(void)
{
	nval();
	each = try_to_read;
}

static void both_told(void)
{
	must(last == 2 && fds[0].revents == POLLNVAL && fds[2].revents == POLLIN && fds[1].revents == 0 && fds[0].fd >= 0, "both are told");
}

/* Something is ready all the time, and the closed number is told with it. */
static void nval_told(void)
{
	int ends[2];

	must(pipe(ends) == 0 && write(ends[1], "x", 1) == 1, "pipe");
	ask(-1, POLLIN);
	ask(quiet(), POLLIN);
	ask(ends[0], POLLIN);
	fds[0].fd = closed_number();
	each = both_told;
}

/* The loop's own timeout passes. */
static void nval_timeout(void)
{
	nval();
	timeout_ms = 20;
}

static void nval_long_timeout(void)
{
	nval();
	timeout_ms = 60000;
}

NAMED void open_in(void)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && write(pair[1], "x", 1) == 1, "socketpair");
	ask(pair[0], POLLIN);
}

static void in(void)
{
	ask(quiet(), POLLIN);
	open_in();
}

static void out(void)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	ask(pair[0], POLLIN | POLLOUT);
}

static void no_room(void)
{
	must(accept(fds[0].fd, NULL, NULL) < 0 && errno == EMFILE, "accept");
}

static void emfile(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&at, &len) == 0, "listen");
	must(connect(client, (struct sockaddr *)&at, len) == 0, "connect");
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)client + 1, (rlim_t)client + 1 }) == 0, "setrlimit");
	ask(listener, POLLIN);
	each = no_room;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} ways[] = {
		{ "hup", hup }, { "end-of-file", end_of_file }, { "err", err }, { "nval", nval }, { "nval-alone", nval_alone }, { "nval-read", nval_read },
		{ "nval-many", nval_many }, { "nval-told", nval_told }, { "nval-timeout", nval_timeout }, { "nval-long-timeout", nval_long_timeout }, { "in", in },
		{ "out", out }, { "emfile", emfile },
	};

	if (argc > 2)
		name = argv[2];
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].make();
			run(NULL);
			return putchar('\n') == EOF;
		}
	fprintf(stderr, "no such way\n");
	return 99;
}
