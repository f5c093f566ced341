// SPDX-License-Identifier: MIT
/* Lookups that are left in the middle. */
#include "lookup.h"

enum { TORN = 3000 };

/* A cancelled thread. */
static struct fdg_lookup *shared;

static void *wait_for_ever(void *cookie)
{
	(void)cookie;
	count(shared, "silent.test");
	return NULL;
}

static void a_cancelled_thread_wedges_nobody(void **state)
{
	unsigned before;
	pthread_t t;

	(void)state;
	shared = make();
	count(shared, "ok.test");
	before = fds();
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pthread_create(&t, NULL, wait_for_ever, NULL), 0);
		usleep(20000);
		pthread_cancel(t);
		pthread_join(t, NULL);
		assert_true(fdg_lookup_begin(shared));
		fdg_lookup_end(shared);
		assert_int_equal(count(shared, "ok.test"), 2);
	}
	assert_true(fds() <= before + 10);
	fdg_lookup_free(shared);
}

/* A signal handler that leaves by longjmp, at any moment. */
static sigjmp_buf out;
static volatile sig_atomic_t armed;

static void leave(int number)
{
	(void)number;
	if (armed)
		siglongjmp(out, 1);
}

static void a_lookup_may_be_torn_at_any_moment(void **state)
{
	static const char *const names[] = { "ok.test", "tc.test", "many.test", "h1", "chain.test" };
	unsigned before = fds();
	volatile unsigned torn = 0;
	struct sigaction action = { .sa_handler = leave, .sa_flags = SA_NODEFER };
	struct fdg_lookup *l = make();

	(void)state;
	sigaction(SIGALRM, &action, NULL);
	for (volatile unsigned i = 0; i < TORN; i++) {
		struct itimerval soon = { .it_value = { 0, 1 + any(150) } }, never = { .it_value = { 0, 0 } };

		if (!sigsetjmp(out, 1)) {
			armed = 1;
			setitimer(ITIMER_REAL, &soon, NULL);
			count(l, names[i % COUNT(names)]);
			armed = 0;
		} else {
			armed = 0;
			torn++;
		}
		setitimer(ITIMER_REAL, &never, NULL);
	}
	signal(SIGALRM, SIG_DFL);
	assert_true(torn > TORN / 20);
	assert_int_equal(count(l, "ok.test"), 2);
	fdg_lookup_free(l);
	print_message("torn %u times, %u descriptors lost\n", torn, fds() - before);
	/* Between the kernel's call and our note of it lies an instruction. */
	assert_true(fds() <= before + torn / 100 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_cancelled_thread_wedges_nobody),
		T(a_lookup_may_be_torn_at_any_moment),
	};

	return run_with_server(tests, COUNT(tests));
}
