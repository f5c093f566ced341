// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/reuseport/groups.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/standins.h"
#include "ledger/ledger.h"

enum { MEMBERS = 4, CLIENTS = 40 };

static struct sockaddr_storage where;
static socklen_t where_len;
static int member[MEMBERS], client[CLIENTS];

static int make_member(void)
{
	int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	fdg_ledger_learn(fd, fdg_kindword_of(FDG_KIND_SOCKET, where.ss_family, SOCK_STREAM), 0, NULL);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	fdg_groups_noted(fd, SOL_SOCKET, SO_REUSEPORT);
	assert_int_equal(bind(fd, (struct sockaddr *)&where, where_len), 0);
	assert_int_equal(listen(fd, 100), 0);
	assert_true(fdg_groups_learn(fd));
	return fd;
}

static void open_group(int family, int members)
{
	memset(&where, 0, sizeof(where));
	where.ss_family = (sa_family_t)family;
	where_len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (family == AF_INET)
		((struct sockaddr_in *)&where)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&where)->sin6_addr = in6addr_loopback;
	for (int i = 0; i < MEMBERS; i++) {
		member[i] = i < members ? make_member() : -1;
		if (i == 0)
			assert_int_equal(getsockname(member[0], (struct sockaddr *)&where, &where_len), 0);
	}
}

static const char *why_lost;

static unsigned forget_member(int i)
{
	unsigned lost, late;

	if (member[i] < 0)
		return 0;
	fdg_handover_last(member[i]);
	close(member[i]);
	fdg_groups_forget(member[i]);
	fdg_ledger_forget(member[i]);
	lost = fdg_handover_closed(true, &late, &why_lost);
	member[i] = -1;
	return lost;
}

static void close_group(void)
{
	for (int i = 0; i < MEMBERS; i++)
		forget_member(i);
	for (int i = 0; i < CLIENTS; i++) {
		close(client[i]);
		client[i] = -1;
	}
}

static void connect_clients(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		client[i] = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client[i], (struct sockaddr *)&where, where_len), 0);
		assert_int_equal(send(client[i], &i, sizeof(i), 0), sizeof(i));
	}
}

static unsigned queue_of(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_unacked;
}

static unsigned hand_over(int i, const char **why)
{
	struct fdg_group g;

	assert_true(fdg_group_ask(member[i], &g));
	return fdg_handover(member[i], &g, why);
}

/* What the accept of wrap/ does. */
static int accept_one(int listener, int flags)
{
	int fd = accept4(listener, NULL, NULL, flags);

	if (fd < 0 || !fdg_handover_any())
		return fd;
	switch (fdg_handover_accepted(fd, flags)) {
	case FDG_HANDED_GONE:
		return accept_one(listener, flags);
	default:
		return fd;
	}
}

static bool is_client(int fd, int i)
{
	struct sockaddr_storage peer, own;
	socklen_t n = sizeof(peer), m = sizeof(own);

	memset(&peer, 0, sizeof(peer));
	memset(&own, 0, sizeof(own));
	return getpeername(fd, (struct sockaddr *)&peer, &n) == 0 && getsockname(client[i], (struct sockaddr *)&own, &m) == 0 && n == m && memcmp(&peer, &own, n) == 0;
}

/* Everybody comes once, with his own address and what he sent. Returns how many. */
static int accept_all(int flags)
{
	bool came[CLIENTS] = { false };
	int n = 0, fd, who;

	for (int i = 0; i < MEMBERS; i++)
		while (member[i] >= 0 && (fd = accept_one(member[i], flags)) >= 0) {
			assert_int_equal(recv(fd, &who, sizeof(who), MSG_DONTWAIT), sizeof(who));
			assert_in_range(who, 0, CLIENTS - 1);
			assert_false(came[who]);
			assert_true(is_client(fd, who));
			assert_int_equal(!!(fcntl(fd, F_GETFL) & O_NONBLOCK), !!(flags & SOCK_NONBLOCK));
			assert_int_equal(!!(fcntl(fd, F_GETFD) & FD_CLOEXEC), !!(flags & SOCK_CLOEXEC));
			came[who] = true;
			close(fd);
			n++;
		}
	assert_int_equal(fdg_handover_count(), 0);
	return n;
}

static int open_numbers(void)
{
	int n = 0;

	for (int fd = 0; fd < 1200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void each_member(int family, int flags)
{
	const char *why;

	for (int i = 0; i < MEMBERS; i++) {
		unsigned queued;

		open_group(family, MEMBERS);
		connect_clients();
		queued = queue_of(member[i]);
		assert_int_equal(hand_over(i, &why), queued);
		assert_null(why);
		forget_member(i);
		assert_int_equal(accept_all(flags), CLIENTS);
		close_group();
	}
}

static void all_come(void **state)
{
	int before = open_numbers();

	(void)state;
	each_member(AF_INET, 0);
	each_member(AF_INET, SOCK_NONBLOCK);
	each_member(AF_INET, SOCK_CLOEXEC);
	each_member(AF_INET6, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_int_equal(open_numbers(), before);
}

/* One after the other, until there is one: what was handed over is handed on. */
static void on_and_on(void **state)
{
	const char *why;

	(void)state;
	open_group(AF_INET, MEMBERS);
	connect_clients();
	for (int i = 0; i < MEMBERS - 1; i++) {
		hand_over(i, &why);
		assert_null(why);
		forget_member(i);
	}
	assert_int_equal(queue_of(member[MEMBERS - 1]), CLIENTS);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* After the close the kernel chooses among those that are left, as it did before. */
static void spread(void **state)
{
	const char *why;

	(void)state;
	open_group(AF_INET, MEMBERS);
	for (int i = 0; i < 2; i++) {
		hand_over(i, &why);
		assert_null(why);
		forget_member(i);
	}
	connect_clients();
	for (int i = 2; i < MEMBERS; i++)
		assert_in_range(queue_of(member[i]), 3, CLIENTS - 3); /* 40 fair coins */
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* Closed without a word, as what we do not see is: what stood for others in its queue is reset with what came to it by itself. */
static void closed_behind_us(void **state)
{
	unsigned queued, saved;
	const char *why;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	queued = queue_of(member[0]);
	saved = hand_over(0, &why);
	assert_int_equal(saved, queued);
	forget_member(0);
	assert_int_equal(fdg_handover_count(), saved);
	forget_member(1);
	assert_int_equal(fdg_handover_count(), 0);
	assert_int_equal(fdg_standin_next(0), -1);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(recv(client[i], &i, sizeof(i), 0), -1);
	close_group();
}

/* A sibling with room in its queue for few: what nobody takes is reset, and told. */
static void no_room(void **state)
{
	const char *why;
	unsigned queued, lost;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	queued = queue_of(member[0]);
	assert_int_equal(listen(member[1], 0), 0);
	assert_int_equal(hand_over(0, &why), queued);
	assert_null(why);
	lost = forget_member(0);
	assert_int_equal(lost, queued);
	assert_string_equal(why_lost, "the other listeners of the group take no more connections from this machine");
	assert_int_equal(accept_all(0), CLIENTS - (int)lost);
	assert_int_equal(fdg_standin_next(0), -1);
	close_group();
}

/* The listener was reset, the client is gone, the program closed what is ours: there is nothing to give. */
static void gone(void **state)
{
	const char *why;
	int before;

	(void)state;
	open_group(AF_INET, 2);
	before = open_numbers();
	connect_clients();
	assert_true(hand_over(0, &why) > 0);
	forget_member(0);
	for (int fd = 900; fd < 2100; fd++)
		close(fd);
	assert_true(accept_all(0) < CLIENTS);
	close_group();
	assert_int_equal(open_numbers(), before - 2);
}

/* A number that is another file's by now is not given. */
static void replaced(void **state)
{
	const char *why;
	int pipes[2];

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_true(hand_over(0, &why) > 0);
	forget_member(0);
	for (int fd = 900; fd < 2100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dup2(pipes[0], fd);
	assert_true(accept_all(0) < CLIENTS);
	for (int fd = 900; fd < 2100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			assert_int_equal(close(fd), 0); /* it is the pipe still */
	close(pipes[0]);
	close(pipes[1]);
	close_group();
}

/* Before a process is started what waits is reset: the child has none of it, and what stood for it is passed over there as here. */
static void started(void **state)
{
	const char *why;
	int status, before;
	unsigned saved;
	pid_t pid;

	(void)state;
	open_group(AF_INET, 2);
	before = open_numbers();
	connect_clients();
	saved = hand_over(0, &why);
	assert_true(saved > 2);
	forget_member(0);
	fdg_handover_starting();
	assert_int_equal(fdg_handover_count(), 0);
	assert_int_equal(open_numbers(), before + CLIENTS - 1);
	pid = fork();
	if (pid == 0) {
		int n = 0, fd;

		fdg_handover_forked();
		while ((fd = accept_one(member[1], 0)) >= 0)
			n += close(fd) == 0;
		_exit(n == CLIENTS - (int)saved ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close_group();
}

/* A fork that nobody saw coming: the child has no copy. */
static void forked(void **state)
{
	const char *why;
	int status;
	pid_t pid;

	(void)state;
	open_group(AF_INET, 2);
	connect_clients();
	assert_true(hand_over(0, &why) > 2);
	forget_member(0);
	pid = fork();
	if (pid == 0) {
		int n = 0;

		fdg_handover_forked();
		for (int fd = 900; fd < 2100; fd++)
			n += fcntl(fd, F_GETFD) >= 0;
		_exit(n || fdg_handover_count());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

static void refused_for(int blocking, const char *expected)
{
	const char *why;

	assert_int_equal(fcntl(member[blocking], F_SETFL, O_RDWR), 0);
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, expected);
	assert_int_equal(fcntl(member[blocking], F_SETFL, O_RDWR | O_NONBLOCK), 0);
}

static void refused(void **state)
{
	const char *why;
	int copy;

	(void)state;
	open_group(AF_INET, 1);
	connect_clients();
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "no other listener of the group is in this process");
	close_group();
	open_group(AF_INET, 2);
	connect_clients();
	copy = dup(member[0]);
	fdg_ledger_copy(member[0], copy, 0, NULL);
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "it has another number in this process");
	close(copy);
	fdg_ledger_forget(copy);
	refused_for(1, "another listener of the group blocks");
	refused_for(0, "it blocks");
	fdg_ledger_flag(member[1], FDG_PASSED, 0);
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "another process may have another listener of the group: it came from elsewhere, or one was started since it was made");
	fdg_ledger_flag(member[1], 0, FDG_PASSED);
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/* A member in another process: a stand-in could end there. */
static void not_own(void **state)
{
	const char *why;
	int said[2];
	char c;
	pid_t pid;

	(void)state;
	open_group(AF_INET, 2);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(member[0]);
		close(member[1]);
		make_member();
		assert_int_equal(write(said[1], "x", 1), 1);
		pause();
	}
	assert_int_equal(read(said[0], &c, 1), 1);
	connect_clients();
	fdg_lent_starting();
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "another process may have the listener: it came from elsewhere, or one was started since it was made");
	for (int i = 0; i < 2; i++) {
		forget_member(i);
		member[i] = make_member();
	}
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "other processes have listeners of the group");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(said[0]);
	close(said[1]);
	close_group();
}

static void left_alone(void **state)
{
	const char *why;

	(void)state;
	fdg_handover_leave_alone();
	open_group(AF_INET, 2);
	connect_clients();
	assert_int_equal(hand_over(0, &why), 0);
	assert_string_equal(why, "this program has a BPF program of its own on its groups");
	assert_int_equal(accept_all(0), CLIENTS);
	close_group();
}

/*
 * Threads: one a listener, which is closed and made again; clients that connect meanwhile.
 */

enum { THREADS = 3, RESTARTS = 12, CALLS = 150 };

static _Atomic bool served;
static _Atomic unsigned answers, calls_lost;

static void answer(int listener)
{
	int fd = accept_one(listener, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (send(fd, "!", 1, MSG_NOSIGNAL) == 1)
		answers++;
	close(fd);
}

static void *serve(void *arg)
{
	int listener = make_member();

	for (int n = 0; !served; n++) {
		struct pollfd p = { listener, POLLIN, 0 };
		struct fdg_group g;
		const char *why;

		if (poll(&p, 1, 1) > 0)
			answer(listener);
		if (n % 20 != 19 || n / 20 > RESTARTS || !fdg_group_ask(listener, &g))
			continue;
		fdg_handover(listener, &g, &why);
		fdg_handover_last(listener);
		close(listener);
		fdg_groups_forget(listener);
		fdg_ledger_forget(listener);
		fdg_handover_closed(true, &(unsigned){ 0 }, &(const char *){ NULL });
		listener = make_member();
	}
	close(listener);
	fdg_groups_forget(listener);
	fdg_handover_closed(true, &(unsigned){ 0 }, &(const char *){ NULL });
	return arg;
}

static void *call(void *arg)
{
	for (int i = 0; i < CALLS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		char c;

		if (connect(fd, (struct sockaddr *)&where, where_len) != 0 || recv(fd, &c, 1, 0) != 1)
			calls_lost++;
		close(fd);
	}
	return arg;
}

static void in_threads(void **state)
{
	pthread_t server[THREADS], caller[THREADS];

	(void)state;
	open_group(AF_INET, 1); /* which stays, and so does the port */
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&server[i], NULL, serve, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&caller[i], NULL, call, NULL), 0);
	for (int n = 0; answers + calls_lost < THREADS * CALLS && n < 20000; n++) {
		answer(member[0]);
		usleep(200);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(caller[i], NULL);
	served = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(server[i], NULL);
	assert_int_equal(calls_lost, 0);
	assert_int_equal(answers, THREADS * CALLS);
	while (accept_one(member[0], 0) >= 0)
		fail();
	assert_int_equal(fdg_handover_count(), 0);
	assert_int_equal(fdg_standin_next(0), -1);
	close_group();
}

/* What is held is above 900 then. */
static int many_numbers(void **state)
{
	struct rlimit limit = { 2048, 2048 }, now;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	limit.rlim_max = now.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_come), cmocka_unit_test(on_and_on), cmocka_unit_test(spread), cmocka_unit_test(closed_behind_us), cmocka_unit_test(no_room), cmocka_unit_test(gone),
		cmocka_unit_test(replaced), cmocka_unit_test(started), cmocka_unit_test(forked), cmocka_unit_test(refused), cmocka_unit_test(not_own), cmocka_unit_test(in_threads), cmocka_unit_test(left_alone),
	};

	return cmocka_run_group_tests(tests, many_numbers, NULL);
}
