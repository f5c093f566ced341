// SPDX-License-Identifier: MIT
/*
 * listens HOW: SO_REUSEPORT listeners on loopback, of a program that no preload gets into, and clients in their queues. Says "ready", waits for a line, does HOW, says what came of it, and goes on until its input ends:
 * who watches from outside looks from time to time.
 */
#include "../guards/reuseport_twin.h"

#include <linux/filter.h>
#include <signal.h>
#include <sys/resource.h>

static int listener[GROUP + 1], worker, steps[2];

static void hear(int from)
{
	char c;

	if (read(from, &c, 1) != 1)
		exit(4);
}

static void go_on(void)
{
	puts("ready");
	fflush(stdout);
	hear(STDIN_FILENO);
}

/* Until the queues have been looked at: by the clock, of "close"; else at once, before an execve that fails, if the last look was not just now. */
static void be_seen(const char *how)
{
	if (strcmp(how, "close") == 0) {
		usleep(1500000);
		return;
	}
	for (int i = 0; i < 3; i++) {
		usleep(150000);
		execl("/proc/none", "none", NULL);
	}
	usleep(150000);
}

static void make_group(int n)
{
	for (int i = 0; i < n; i++)
		listener[i] = add_listener();
}

/* More than the supervisor remembers: sockets that will never listen, as those that connect… */
#define MANY 1024
static void make_many_others(void)
{
	int one = 1;

	for (int i = 0; i < MANY + 100; i++) {
		int fd = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
			fail("socket");
	}
}

/* … and listeners. */
static void make_many(void)
{
	for (int i = 0; i < MANY - GROUP; i++)
		add_listener();
}

static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		fail("RLIMIT_NOFILE");
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		fail("RLIMIT_NOFILE");
}

/* steered: by a program of ours, which always takes the first. */
static void make_udp(int steered)
{
	struct sock_filter first = { BPF_RET | BPF_K, 0, 0, 0 };
	const struct sock_fprog program = { 1, &first };

	for (int i = 0; i < GROUP; i++)
		listener[i] = bound(SOCK_DGRAM);
	if (steered && setsockopt(listener[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) != 0)
		fail("SO_ATTACH_REUSEPORT_CBPF");
}

/* The first two are a child's own, which ends as HOW says when it is told to; inherited: it has ours. */
static void make_worker(const char *how, int inherited)
{
	int ready[2];

	if (pipe2(steps, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0)
		fail("pipe");
	worker = fork();
	if (worker == 0) {
		for (int i = 0; i < 2 && !inherited; i++)
			listener[i] = add_listener();
		if (write(ready[1], "", 1) != 1)
			_exit(5);
		hear(steps[0]);
		if (strcmp(how, "exec") == 0)
			execl("/bin/sleep", "sleep", "60", NULL);
		_exit(0);
	}
	hear(ready[0]);
}

static void end_worker(const char *how)
{
	int status;

	if (strcmp(how, "kill") == 0)
		kill(worker, SIGKILL);
	else if (write(steps[1], "", 1) != 1)
		fail("write");
	if (strcmp(how, "exec") != 0)
		waitpid(worker, &status, 0);
}

static int elsewhere(struct sockaddr_in6 *ret, socklen_t *n)
{
	int fd = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(ret, 0, sizeof(*ret));
	ret->sin6_family = address.sin6_family;
	*n = sizeof(*ret);
	if (bind(fd, (struct sockaddr *)ret, address_len) != 0 || getsockname(fd, (struct sockaddr *)ret, n) != 0)
		fail("bind");
	return fd;
}

/* Resets that have nothing to do with our listeners: of connections that others refuse… */
static void be_refused(int times)
{
	struct sockaddr_in6 nobody;
	socklen_t n;
	int other = elsewhere(&nobody, &n);

	for (int i = 0; i < times; i++) {
		int fd = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&nobody, n) == 0)
			fail("connect");
		close(fd);
	}
	close(other);
}

/* … and of some that others end so. */
static void be_reset(int times)
{
	const struct linger at_once = { 1, 0 };
	struct sockaddr_in6 somebody;
	socklen_t n;
	int other = elsewhere(&somebody, &n);

	if (listen(other, 1) != 0)
		fail("listen");
	for (int i = 0; i < times; i++) {
		int fd = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0), end;

		if (connect(fd, (struct sockaddr *)&somebody, n) != 0)
			fail("connect");
		end = accept4(other, NULL, NULL, SOCK_CLOEXEC);
		setsockopt(end, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(end);
		close(fd);
	}
	close(other);
}

/* All are accepted, and closed by the client first: nothing is left of them here. */
static void serve_all(int from)
{
	int fd[CLIENTS], n = 0;

	while (n < CLIENTS && (fd[n] = accept4(from, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		n++;
	for (int i = 0; i < CLIENTS; i++)
		close(client[i]);
	while (n > 0)
		close(fd[--n]);
	be_refused(CLIENTS);
}

/* A server that answers all that waits, and stops: the kernel resets those whose question it has not read, or whom it wants to be rid of at once. */
static void answer_all(int from, int at_once)
{
	const struct linger linger = { 1, 0 };
	int fd;

	for (int i = 0; i < CLIENTS; i++)
		if (write(client[i], "GET", 3) != 3)
			fail("write");
	while ((fd = accept4(from, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (at_once)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		else if (write(fd, "503", 3) != 3)
			fail("write");
		close(fd);
	}
}

/* Clients that are rid of their connections at once: nobody loses these. */
static void give_up(int from)
{
	const struct linger at_once = { 1, 0 };

	for (int i = 0; i < CLIENTS; i++) {
		setsockopt(client[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(client[i]);
	}
	drain(from);
}

__attribute__((noinline)) static void act(const char *how)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (strcmp(how, "close") == 0 || strcmp(how, "try") == 0 || strcmp(how, "crowded") == 0 || strcmp(how, "held") == 0 || strncmp(how, "udp", 3) == 0)
		close(listener[0]);
	else if (strcmp(how, "dup2") == 0)
		dup2(null, listener[0]);
	else if (strcmp(how, "shutdown") == 0)
		shutdown(listener[0], SHUT_RD);
	else if (strcmp(how, "drain") == 0)
		drain(listener[0]), close(listener[0]), be_reset(CLIENTS);
	else if (strcmp(how, "serve") == 0)
		serve_all(listener[0]), close(listener[0]);
	else if (strcmp(how, "answer") == 0 || strcmp(how, "linger") == 0)
		answer_all(listener[0], how[0] == 'l'), close(listener[0]);
	else if (strcmp(how, "give-up") == 0)
		give_up(listener[0]), close(listener[0]);
	else if (strcmp(how, "add") == 0 || strcmp(how, "full") == 0)
		add_listener();
	else if (strcmp(how, "all") == 0)
		close_range((unsigned)listener[0], (unsigned)listener[GROUP - 1], 0);
	else
		end_worker(how);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int owned_by_worker = strcmp(how, "exit") == 0 || strcmp(how, "kill") == 0 || strcmp(how, "exec") == 0;
	char c;

	use_family(argc > 2);
	if (owned_by_worker) {
		listener[2] = add_listener();
		listener[3] = add_listener();
		make_worker(how, 0);
	} else if (strncmp(how, "udp", 3) == 0) {
		make_udp(how[3]);
	} else {
		raise_limit();
		if (strcmp(how, "crowded") == 0)
			make_many_others();
		make_group(GROUP);
		if (strcmp(how, "full") == 0)
			make_many();
		if (strcmp(how, "held") == 0 || strcmp(how, "lent") == 0)
			make_worker(how, 1);
		if (strcmp(how, "lent") == 0)
			close(listener[0]);
	}
	if (strncmp(how, "udp", 3) != 0)
		connect_clients();
	go_on();
	be_seen(how);
	act(how);
	printf("reset %d\n", strncmp(how, "udp", 3) == 0 ? 0 : resets());
	fflush(stdout);
	if (read(STDIN_FILENO, &c, 1) > 0)
		return 3;
	if (strcmp(how, "exec") == 0)
		kill(worker, SIGKILL);
	else if (strcmp(how, "held") == 0)
		end_worker(how);
	return 0;
}
