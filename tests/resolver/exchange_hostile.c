// SPDX-License-Identifier: MIT
/* What is no answer, and what becomes of descriptors. */
#include "asking.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void what_is_no_answer_is_passed_over(void **state)
{
	static const char *const names[] = { "wrongid.test",    "wrongname.test", "wrongtype.test", "wrongclass.test",
					     "noquestion.test", "query.test",     "opcode.test",    "short.test",
					     "empty.test",      "wrongport.test" };
	const struct fdg_exchange_counts *c;
	struct asked alone[3];
	uint64_t lost;

	(void)state;
	start_servers(1);
	make();
	for (size_t i = 0; i < COUNT(names); i++) {
		struct asked a = ask_one(names[i]);

		is_good(a);
		assert_int_equal(a.sent - a.lost, 1);
	}
	for (int i = 0; i < 50; i++)
		is_good(ask_one("twice.test"));
	c = fdg_exchange_counts(x);
	lost = c->lost;
	assert_in_range(c->wrong_id, 1, 1 + lost);
	assert_in_range(c->wrong_question, 4, 4 + lost);
	assert_in_range(c->not_answers, 2, 2 + lost);
	assert_in_range(c->too_short, 2, 2 + lost);
	assert_in_range(c->late, 40, 50 + 3 * lost); /* the last may not have been read */
	ask("wrongid-only.test", FDG_DNS_A, &alone[0]);
	ask("query-only.test", FDG_DNS_A, &alone[1]);
	ask("empty-only.test", FDG_DNS_A, &alone[2]);
	run();
	for (size_t i = 0; i < COUNT(alone); i++)
		is_failed(alone[i], FDG_EXCHANGE_TIMEOUT);
}

/* The server itself sends thousands of wrong ids to the very port, and the right answer behind them: it comes by TCP in the end. */
static void a_flood_does_not_get_in(void **state)
{
	struct asked all[20];
	char name[32];

	(void)state;
	start_servers(1);
	settings.timeout_ms = 10000; /* two floods of 5,000 for each, under a sanitizer too */
	make();
	for (size_t i = 0; i < COUNT(all); i++) {
		snprintf(name, sizeof(name), "flood%zu.test", i);
		ask(name, FDG_DNS_A, &all[i]);
	}
	run();
	for (size_t i = 0; i < COUNT(all); i++)
		is_good(all[i]);
	assert_true(fdg_exchange_counts(x)->ports_forged > 0);
	assert_true(fdg_exchange_counts(x)->wrong_id > FDG_EXCHANGE_SERVERS);
	assert_true(fdg_exchange_counts(x)->tcp >= 1);
	is_good(ask_one("ok.test"));
}

static void ask_many(unsigned n)
{
	static struct asked all[200];

	for (; n >= COUNT(all); n -= COUNT(all)) {
		for (size_t i = 0; i < COUNT(all); i++)
			ask("ok.test", FDG_DNS_A, &all[i]);
		run();
		is_good(all[0]);
	}
}

/* As the server sees them. */
static void ids_and_ports_differ(void **state)
{
	uint64_t made;

	(void)state;
	start_servers(1);
	settings.ports = 2;
	make();
	ask_many(1000);
	made = fdg_exchange_counts(x)->ports_made;
	assert_true(made >= settings.ports);
	ask_many(10000);
	assert_true(fdg_exchange_counts(x)->ports_made > made); /* they are changed */
	assert_true(server_counts(servers[0])->ports + 1 >= fdg_exchange_counts(x)->ports_made);
	assert_true(server_counts(servers[0])->near < 40); /* 11,000 / 65,536 * 33 is about 6 */
	assert_int_equal(fdg_exchange_counts(x)->wrong_id, 0);
}

static void every_question_ends_once(void **state)
{
	struct asked a, b, c;
	fdg_exchange_handle h, k;

	(void)state;
	start_servers(1);
	make();
	h = ask("silent.test", FDG_DNS_A, &a);
	assert_true(fdg_exchange_cancel(x, h));
	assert_false(a.done);
	k = ask("ok.test", FDG_DNS_A, &b);
	run();
	is_failed(a, FDG_EXCHANGE_CANCELLED);
	is_good(b);
	assert_false(fdg_exchange_cancel(x, h));
	assert_false(fdg_exchange_cancel(x, k));
	ask("silent.test", FDG_DNS_A, &a);
	ask("silent2.test", FDG_DNS_A, &b);
	assert_false(fdg_exchange_cancel(x, h)); /* these two have their places now */
	assert_false(fdg_exchange_cancel(x, k));
	h = ask("tcmute.test", FDG_DNS_A, &c);
	fdg_exchange_wait(x, 50);
	fdg_exchange_wait(x, 50);
	assert_true(fdg_exchange_cancel(x, h));
	fdg_exchange_free(x);
	x = NULL;
	is_failed(a, FDG_EXCHANGE_CANCELLED);
	is_failed(b, FDG_EXCHANGE_CANCELLED);
	is_failed(c, FDG_EXCHANGE_CANCELLED);
	assert_int_equal(a.calls + b.calls + c.calls, 3);
}

static unsigned chained;

static void ask_on(void *cookie, const struct fdg_exchange_answer *a)
{
	struct fdg_dns_name name;

	assert_int_equal(a->status, FDG_EXCHANGE_ANSWERED);
	fdg_dns_name_from_text("ok.test", 7, &name);
	if (++chained < 300)
		assert_true(fdg_exchange_ask(x, &name, FDG_DNS_A, ask_on, cookie, NULL));
}

static void a_full_one_takes_no_more_and_functions_may_ask(void **state)
{
	struct asked a[4], none;
	struct fdg_dns_name name;

	(void)state;
	start_servers(1);
	settings.questions = 4;
	make();
	for (size_t i = 0; i < COUNT(a); i++)
		ask("ok.test", FDG_DNS_A, &a[i]);
	assert_int_equal(fdg_dns_name_from_text("ok.test", 7, &name), 0);
	assert_false(fdg_exchange_ask(x, &name, FDG_DNS_A, note, &none, NULL));
	run();
	is_good(a[3]);
	for (int i = 0; i < 4; i++)
		assert_true(fdg_exchange_ask(x, &name, FDG_DNS_A, ask_on, NULL, NULL));
	run();
	assert_true(chained >= 300);
}

static void the_descriptor_and_the_time_tell_when_to_drive(void **state)
{
	struct asked a;
	struct pollfd p;

	(void)state;
	start_servers(1);
	make();
	assert_int_equal(fdg_exchange_due(x), -1);
	p = (struct pollfd){ .fd = fdg_exchange_fd(x), .events = POLLIN };
	ask("ok.test", FDG_DNS_A, &a);
	assert_int_equal(fdg_exchange_due(x), 0);
	fdg_exchange_drive(x);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(fdg_exchange_due(x) >= 0);
	fdg_exchange_drive(x);
	is_good(a);
	assert_int_equal(fdg_exchange_due(x), -1);
	ask("silent.test", FDG_DNS_A, &a);
	while (fdg_exchange_running(x)) {
		int due = fdg_exchange_due(x);

		assert_true(due >= 0 && due <= 600);
		poll(&p, 1, due);
		fdg_exchange_drive(x);
	}
	is_failed(a, FDG_EXCHANGE_TIMEOUT);
}

static void descriptors_are_high_close_on_exec_and_not_many(void **state)
{
	unsigned before, high = 0;

	(void)state;
	start_servers(1);
	before = count_fds();
	make();
	ask_many(3000);
	is_good(ask_one("tc.test"));
	assert_int_equal(count_fds(), before + settings.ports + 3); /* epoll, both ends of a connection */
	for (int fd = 512; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			high++;
		}
	assert_int_equal(high, settings.ports + 2);
	fdg_exchange_free(x);
	x = NULL;
	for (int i = 0; i < 1000 && count_fds() != before; i++) /* the server closes its end */
		usleep(5000);
	assert_int_equal(count_fds(), before);
}

static unsigned long resident_pages(void)
{
	unsigned long all, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &all, &resident), 2);
	fclose(f);
	return resident;
}

static void nothing_grows(void **state)
{
	unsigned long pages;
	unsigned fds;

	(void)state;
	start_servers(1);
	make();
	ask_many(60000); /* each port has been changed */
	pages = resident_pages();
	fds = count_fds();
	ask_many(60000);
	assert_true(fdg_exchange_counts(x)->ports_made > 2 * settings.ports);
	assert_true(count_fds() <= fds + 1); /* one may be about to close */
	/* The buffers of a batch, 65 pages, are touched as batches get longer; a leak of seven bytes a question is seen. */
	assert_in_range(resident_pages(), 1, pages + 100);
}

static void one_free_descriptor_is_enough(void **state)
{
	struct rlimit old, limit;
	struct asked a;

	(void)state;
	start_servers(1);
	settings.polled = true;
	settings.ports = 1;
	settings.questions = 8;
	make();
	assert_int_equal(fdg_exchange_fd(x), -1);
	getrlimit(RLIMIT_NOFILE, &old);
	limit = (struct rlimit){ 64, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (dup(0) >= 0)
		;
	is_failed(ask_one("ok.test"), FDG_EXCHANGE_NO_SOCKET);
	close(63);
	is_good(ask_one("ok.test"));
	for (int i = 0; i < 5000; i++) /* more than a port's life */
		is_good(ask_one("ok.test"));
	a = ask_one("tc.test");
	/* The port gives way to the connection; but then the server, in this process, has no descriptor, if it was not quicker. */
	assert_int_equal(a.len, 0);
	assert_true(a.status == FDG_EXCHANGE_TIMEOUT || a.status == FDG_EXCHANGE_NO_SOCKET);
	setrlimit(RLIMIT_NOFILE, &old);
	for (int fd = 20; fd < 63; fd++)
		close(fd);
	is_good(ask_one("tc.test"));
}

static void a_forked_child_has_sockets_of_its_own(void **state)
{
	struct asked a, b;
	uint64_t made;
	int status;
	pid_t child;

	(void)state;
	start_servers(1);
	server_set(servers[0])->delay_us = 30000;
	make();
	ask("ok1.test", FDG_DNS_A, &a);
	ask("ok2.test", FDG_DNS_A, &b);
	fdg_exchange_drive(x);
	made = fdg_exchange_counts(x)->ports_made;
	child = fork();
	if (!child) {
		run();
		made = fdg_exchange_counts(x)->ports_made - made;
		fdg_exchange_free(x);
		_exit(!(made && a.status == FDG_EXCHANGE_ANSWERED && a.address == GOOD && b.address == GOOD));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	run();
	is_good(a);
	is_good(b);
	assert_int_equal(fdg_exchange_counts(x)->sent - fdg_exchange_counts(x)->again, 2);
	is_good(ask_one("ok3.test"));
}

/* The program closes all, and has a socket of its own at a number that was ours: nothing is sent there, and it is not closed. */
static void numbers_that_were_closed_are_left_alone(void **state)
{
	int pair[2], mine = 0, status;
	char byte;
	pid_t child;

	(void)state;
	start_servers(1);
	make();
	is_good(ask_one("ok.test"));
	child = fork();
	if (child) {
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		return;
	}
	is_good(ask_one("ok.test"));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	for (int fd = 940; fd < 2048; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && dup2(pair[0], fd) == fd)
			mine++;
	assert_true(mine >= 2);
	is_good(ask_one("ok.test"));
	assert_true(recv(pair[1], &byte, 1, 0) < 0 && errno == EAGAIN);
	fdg_exchange_free(x);
	for (int fd = 940; fd < 2048; fd++)
		mine -= fcntl(fd, F_GETFD) >= 0;
	_exit(mine != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_no_answer_is_passed_over, end_all),
		cmocka_unit_test_teardown(a_flood_does_not_get_in, end_all),
		cmocka_unit_test_teardown(ids_and_ports_differ, end_all),
		cmocka_unit_test_teardown(every_question_ends_once, end_all),
		cmocka_unit_test_teardown(a_full_one_takes_no_more_and_functions_may_ask, end_all),
		cmocka_unit_test_teardown(the_descriptor_and_the_time_tell_when_to_drive, end_all),
		cmocka_unit_test_teardown(descriptors_are_high_close_on_exec_and_not_many, end_all),
		cmocka_unit_test_teardown(nothing_grows, end_all),
		cmocka_unit_test_teardown(one_free_descriptor_is_enough, end_all),
		cmocka_unit_test_teardown(a_forked_child_has_sockets_of_its_own, end_all),
		cmocka_unit_test_teardown(numbers_that_were_closed_are_left_alone, end_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
