// SPDX-License-Identifier: MIT
/* The public library in its program: descriptors, children, options, functions that submit. */
#include "api.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

/* Only what the descriptor says: time that is over included. */
static void the_descriptor_is_enough(void **state)
{
	struct outcome o[3];
	struct pollfd p = { .events = POLLIN };
	unsigned turns = 0;

	(void)state;
	start(16);
	p.fd = fdg_resolver_fd(r);
	assert_true(p.fd >= 0);
	submit("ok.test", &both, &o[0]);
	submit("silent.test", &both, &o[1]);
	submit("1.2.3.4", &both, &o[2]);
	p.fd = fdg_resolver_fd(r);
	while (fdg_resolver_running(r)) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		fdg_resolver_process(r);
		turns++;
		assert_true(turns < 1000);
	}
	assert_int_equal(o[0].error, 0);
	assert_int_equal(o[1].error, EAI_AGAIN);
	assert_string_equal(o[2].first, "1.2.3.4");
	fdg_resolver_process(r);
	assert_int_equal(poll(&p, 1, 20), 0);
}

static void a_descriptor_without_a_first_question(void **state)
{
	struct outcome o;
	struct pollfd p = { .events = POLLIN };

	(void)state;
	start(16);
	p.fd = fdg_resolver_fd(r);
	submit("ok.test", &four, &o);
	/* Nobody asks for the descriptor again. */
	while (!o.calls) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		fdg_resolver_process(r);
	}
	assert_int_equal(o.error, 0);
}

/* The program takes the last descriptor while hundreds are on their way. */
static void descriptors_run_out_half_way(void **state)
{
	static struct outcome o[400];
	struct rlimit old, limit;
	int taken[200], count = 0, answered = 0;
	char name[32];

	(void)state;
	start(COUNT(o));
	getrlimit(RLIMIT_NOFILE, &old);
	limit = (struct rlimit){ 200, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned i = 0; i < COUNT(o); i++) {
		snprintf(name, sizeof(name), i % 20 ? "ok%u.test" : "tc%u.test", i);
		submit(name, &both, &o[i]);
		if (i == COUNT(o) / 2)
			fdg_resolver_process(r);
	}
	while ((taken[count] = dup(0)) >= 0)
		count++;
	assert_int_equal(errno, EMFILE);
	run();
	for (unsigned i = 0; i < COUNT(o); i++) {
		assert_int_equal(o[i].calls, 1);
		answered += !o[i].error;
		assert_true(o[i].error ? o[i].reason[0] != '\0' : o[i].count == 2);
	}
	assert_true(answered >= (int)COUNT(o) * 19 / 20); /* TCP's other end is this program's too */
	while (count--)
		close(taken[count]);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(ask("ok.test", &both).error, 0);
}

static int child(void)
{
	struct outcome o = { .calls = 0 };

	if (fdg_resolver_submit(r, "ok7.test", NULL, &four, note, &o, NULL))
		return 1;
	while (fdg_resolver_running(r))
		fdg_resolver_wait(r, -1);
	return o.error || o.count != 1;
}

static void both_sides_of_a_fork_go_on(void **state)
{
	struct outcome o;
	int status;
	pid_t pid;

	(void)state;
	start(16);
	ask("ok.test", &both);
	server_set(server)->delay_us = 20000;
	submit("ok2.test", &both, &o);
	fdg_resolver_process(r);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(child());
	run();
	assert_int_equal(o.error, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void descriptors_may_be_closed(void **state)
{
	int low = 0;
	struct outcome o;

	(void)state;
	start(16);
	ask("ok.test", &both);
	fdg_resolver_fd(r);
	for (int fd = 64; fd < 4096; fd++) /* the server's are below */
		if (close(fd) == 0)
			low++;
	assert_true(low > 0);
	o = ask("ok3.test", &both);
	assert_int_equal(o.error, 0);
	assert_int_equal(o.count, 2);
}

static void addresses_have_names(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct outcome o = { .calls = 0 };

	(void)state;
	start(16);
	inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
	assert_int_equal(fdg_resolver_submit_address(r, (void *)&a, sizeof(a), NI_NUMERICSERV, note, &o, NULL), 0);
	run();
	assert_int_equal(o.error, 0);
	assert_string_equal(o.host, "one.test");
	assert_string_equal(o.service, "80");
	inet_pton(AF_INET, "192.0.2.3", &a.sin_addr);
	assert_int_equal(fdg_resolver_submit_address(r, (void *)&a, sizeof(a), NI_NUMERICSERV, note, &o, NULL), 0);
	run();
	assert_string_equal(o.host, "192.0.2.3");
	assert_int_equal(fdg_resolver_submit_address(r, (void *)&a, sizeof(a), NI_NAMEREQD, note, &o, NULL), 0);
	run();
	assert_int_equal(o.error, EAI_NONAME);
	assert_int_equal(fdg_resolver_submit_address(r, (void *)&a, 3, 0, note, &o, NULL), 0);
	run();
	assert_int_equal(o.error, EAI_FAMILY);
}

static void many_addresses_fit(void **state)
{
	struct outcome o;

	(void)state;
	start(4);
	o = ask("many.test", &both);
	assert_int_equal(o.count, 120);
	o = ask("longchain.test", &both);
	assert_int_equal(o.error, 0);
}

static void options_are_checked(void **state)
{
	struct fdg_resolver_options o = { .size = sizeof(o), .cache_bytes = 100 };
	struct fdg_resolver *made = NULL;

	(void)state;
	assert_int_equal(fdg_resolver_create(&o, &made), -EINVAL);
	o = (struct fdg_resolver_options){ .size = 1 };
	assert_int_equal(fdg_resolver_create(&o, &made), -EINVAL);
	o = (struct fdg_resolver_options){ .size = sizeof(o), .flags = 1 << 30 };
	assert_int_equal(fdg_resolver_create(&o, &made), -EINVAL);
	o = (struct fdg_resolver_options){ .size = sizeof(o), .inflight = 40000 };
	assert_int_equal(fdg_resolver_create(&o, &made), -EINVAL);
	o = (struct fdg_resolver_options){ .size = sizeof(o), .server_count = 1 };
	assert_int_equal(fdg_resolver_create(&o, &made), -EINVAL);
	assert_null(made);
	assert_int_equal(fdg_resolver_create(NULL, &made), 0);
	fdg_resolver_destroy(made);
	fdg_resolver_destroy(NULL);
}

static void resubmit(void *cookie, const struct fdg_resolver_result *result)
{
	struct outcome *o = cookie;
	struct outcome *next = o + 1;

	note(o, result);
	assert_int_equal(fdg_resolver_process(r), -EBUSY);
	assert_int_equal(fdg_resolver_wait(r, 0), -EBUSY);
	submit("ok5.test", &four, next);
}

static void functions_may_submit(void **state)
{
	struct outcome o[2] = { { .calls = 0 }, { .calls = 0 } };

	(void)state;
	start(1);
	assert_int_equal(fdg_resolver_submit(r, "1.2.3.4", NULL, &four, resubmit, &o[0], NULL), 0);
	(void)o;
	run();
	assert_int_equal(o[0].calls, 1);
	assert_int_equal(o[1].calls, 1);
	assert_int_equal(o[1].error, 0);
}

static void nothing(int number)
{
	(void)number;
}

static void a_signal_ends_the_wait(void **state)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval soon = { .it_interval = { 0, 10000 }, .it_value = { 0, 10000 } },
			 never = { .it_value = { 0, 0 } };
	sigset_t alarm, old;
	struct outcome o;

	(void)state;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &old); /* the server's thread does not take it */
	start(4);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGALRM, &action, NULL);
	submit("silent.test", &four, &o);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(fdg_resolver_wait(r, -1), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(o.calls, 0);
	run();
	assert_int_equal(o.error, EAI_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_descriptor_is_enough),   T(a_descriptor_without_a_first_question),
		T(both_sides_of_a_fork_go_on), T(descriptors_may_be_closed),
		T(addresses_have_names),       T(many_addresses_fit),
		T(options_are_checked),        T(functions_may_submit),
		T(a_signal_ends_the_wait),     T(descriptors_run_out_half_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
