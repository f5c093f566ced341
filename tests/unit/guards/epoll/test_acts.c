// SPDX-License-Identifier: MIT
#include "epoll_common.h"

static struct fdg_suspect s;

static struct fdg_told told_of(int fd, uint64_t data)
{
	return (struct fdg_told){ 77, data, set, fd };
}

static bool is_suspect(int fd, uint64_t data)
{
	struct fdg_told t = told_of(fd, data);

	return fdg_suspect_look(&t, &s);
}

static void deliver(int fd, uint64_t data, uint32_t events, int64_t now)
{
	struct fdg_told t = told_of(fd, data);

	assert_true(fdg_suspect_delivered(&t, events, now, &s));
}

static void deliveries_are_counted_and_the_descriptor_is_watched(void **state)
{
	int fd = known(dup(0), FDG_KIND_PIPE);

	(void)state;
	deliver(fd, 5, EPOLLERR, 100);
	deliver(fd, 5, EPOLLHUP, 130);
	assert_int_equal(s.deliveries, 2);
	assert_int_equal(s.events, EPOLLERR | EPOLLHUP);
	assert_int_equal(s.first, 100);
	assert_int_equal(s.last, 130);
	assert_int_equal(s.told.fd, fd);
	assert_true(fdg_watched(fd) & FDG_WATCH_ACT);
	assert_int_equal(fdg_suspects, 1);
	fdg_acted(fd);
	assert_false(is_suspect(fd, 5));
	assert_false(fdg_watched(fd) & FDG_WATCH_ACT);
	assert_int_equal(fdg_suspects, 0);
	ends(fd);
}

/* What a call came to, and whether that was an act, for what was told of an error, and of data. */
static void a_call_that_changed_something_is_an_act(void **state)
{
	static const struct {
		const char *call;
		long r;
		int error;
		enum fdg_deed deed;
		bool of_error, of_data;
		uint32_t tried;
	} calls[] = {
		{ "read", 1, 0, FDG_DEED_ANY, true, true, 0 },
		{ "recv", -1, ECONNRESET, FDG_DEED_ANY, true, true, 0 },
		{ "read", -1, EAGAIN, FDG_DEED_ANY, false, true, FDG_TRIED },
		{ "read", -1, EINTR, FDG_DEED_ANY, false, false, FDG_TRIED },
		{ "read", 0, 0, FDG_DEED_END, false, false, FDG_TRIED_END },
		{ "recv", 0, 0, FDG_DEED_ANY, true, true, 0 }, /* a datagram of nothing */
		{ "write", -1, EPIPE, FDG_DEED_ANY, false, false, FDG_TRIED_END },
		{ "read", -1, EIO, FDG_DEED_ANY, false, false, FDG_TRIED_END },
		{ "accept", -1, EMFILE, FDG_DEED_ANY, false, false, FDG_TRIED_ROOM },
		{ "accept4", -1, ENFILE, FDG_DEED_ANY, false, false, FDG_TRIED_ROOM },
		{ "send", -1, ENOBUFS, FDG_DEED_ANY, true, true, 0 },
		{ "send", 1, 0, FDG_DEED_GIVE, false, true, FDG_TRIED_GAVE },
		{ "recvmsg", 0, 0, FDG_DEED_QUEUE, true, true, 0 },
		{ "recvmsg", -1, EAGAIN, FDG_DEED_QUEUE, false, true, FDG_TRIED },
		{ "accept", -1, ECONNABORTED, FDG_DEED_ANY, true, true, 0 },
		{ "connect", -1, EINPROGRESS, FDG_DEED_ANY, true, true, 0 },
		{ "connect", -1, EALREADY, FDG_DEED_ANY, false, false, FDG_TRIED },
	};
	int fd = known(dup(0), FDG_KIND_SOCKET);

	(void)state;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		for (int data = 0; data < 2; data++) {
			deliver(fd, 6, data ? EPOLLIN : EPOLLERR, 1);
			fdg_act(fd, calls[i].call, calls[i].r, calls[i].error, calls[i].deed);
			if (is_suspect(fd, 6) != !(data ? calls[i].of_data : calls[i].of_error))
				fail_msg("%s: %ld, errno %d, of %s", calls[i].call, calls[i].r, calls[i].error, data ? "data" : "an error");
			if (is_suspect(fd, 6)) {
				assert_int_equal(s.tried & (FDG_TRIED | FDG_TRIED_END | FDG_TRIED_ROOM | FDG_TRIED_GAVE), calls[i].tried);
				assert_int_equal(s.error, calls[i].error);
				assert_true(fdg_watched(fd) & FDG_WATCH_ACT);
			}
			fdg_acted(fd);
		}
	ends(fd);
}

static void another_descriptor_of_the_number_is_no_suspect(void **state)
{
	int fd = known(dup(0), FDG_KIND_PIPE);
	unsigned at = 0;

	(void)state;
	deliver(fd, 7, EPOLLHUP, 1);
	fdg_ledger_forget(fd);
	known(fd, FDG_KIND_PIPE);
	assert_false(is_suspect(fd, 7));
	deliver(fd, 7, EPOLLHUP, 2);
	assert_int_equal(s.deliveries, 1);
	assert_int_equal(s.first, 2);
	fdg_ledger_forget(fd);
	assert_false(fdg_suspect_next(&at, &s));
	assert_int_equal(fdg_suspects, 0);
	close(fd);
}

static void what_is_not_looked_up_counts_from_when_it_is(void **state)
{
	int fd = known(dup(0), FDG_KIND_PIPE);

	(void)state;
	for (int i = 0; i < 9; i++)
		deliver(-1, 8, EPOLLHUP, i);
	fdg_suspect_resolve(&s, fd, 20);
	assert_true(fdg_watched(fd) & FDG_WATCH_ACT);
	deliver(-1, 8, EPOLLHUP, 30);
	assert_int_equal(s.told.fd, fd);
	assert_int_equal(s.deliveries, 1);
	assert_int_equal(s.first, 20);
	fdg_acted(fd);
	assert_false(is_suspect(fd, 8));
	ends(fd);
}

static void a_mark_is_set_once(void **state)
{
	(void)state;
	deliver(-1, 9, EPOLLERR, 1);
	assert_true(fdg_suspect_mark(&s, FDG_SAID_SPIN));
	assert_false(fdg_suspect_mark(&s, FDG_SAID_SPIN));
	assert_true(fdg_suspect_mark(&s, FDG_SAID_IGNORED));
	fdg_suspect_end(&s);
	assert_true(fdg_suspect_is_over(&s));
	assert_false(fdg_suspect_mark(&s, FDG_SAID_STALE));
}

/* Those that nobody looked up, and that do not come any more, give way. */
static void the_table_has_an_end(void **state)
{
	struct fdg_told t;
	unsigned taken = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		t = told_of(-1, i << 12);
		taken += fdg_suspect_delivered(&t, EPOLLERR, 1000, &s);
	}
	assert_true(taken > FDG_SUSPECTS / 2 && taken <= FDG_SUSPECTS);
	assert_int_equal(fdg_suspects, taken);
	assert_true(fdg_suspects_are_full(1500));
	assert_false(fdg_suspects_are_full(2000));
	for (uint64_t i = 0; i < 1000; i++) {
		t = told_of(-1, i << 12 | 1);
		assert_true(fdg_suspect_delivered(&t, EPOLLERR, 2000 + (int64_t)i * 60, &s));
	}
	assert_true(fdg_suspects <= FDG_SUSPECTS);
	fdg_acts_forked();
	assert_int_equal(fdg_suspects, 0);
	assert_false(fdg_suspect_look(&t, &s));
}

#define THREADS 4
#define FDS 12

static int fds[FDS];

static void *hammer(void *nothing)
{
	struct fdg_suspect mine;
	unsigned at;

	for (int i = 0; i < 20000; i++) {
		int fd = fds[i % FDS];
		struct fdg_told t = told_of(i % 5 ? fd : -1, (uint64_t)fd);

		if (fdg_suspect_delivered(&t, i % 2 ? EPOLLIN : EPOLLERR, i, &mine)) {
			if (mine.told.data != (uint64_t)fd || (mine.told.fd != fd && mine.told.fd != -1))
				return &fds;
			fdg_suspect_restart(&mine, i);
		}
		if (i % 7 == 0)
			fdg_act(fd, "read", i % 3 ? 1 : -1, i % 3 ? 0 : EAGAIN, FDG_DEED_ANY);
		for (at = 0; i % 1000 == 0 && fdg_suspect_next(&at, &mine);)
			fdg_suspect_end(&mine);
	}
	return nothing;
}

static void threads_do_not_mix_them_up(void **state)
{
	pthread_t t[THREADS];
	unsigned at = 0;
	void *wrong;

	(void)state;
	for (int i = 0; i < FDS; i++)
		fds[i] = known(dup(0), FDG_KIND_PIPE);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hammer, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(t[i], &wrong), 0);
		assert_null(wrong);
	}
	while (fdg_suspect_next(&at, &s)) {
		assert_true(s.told.fd < 0 || fdg_watched(s.told.fd) & FDG_WATCH_ACT);
		fdg_suspect_end(&s);
	}
	assert_int_equal(fdg_suspects, 0);
	assert_int_equal(fdg_suspects_plain, 0);
	for (int i = 0; i < FDS; i++)
		ends(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(deliveries_are_counted_and_the_descriptor_is_watched, begin, end),
		cmocka_unit_test_setup_teardown(a_call_that_changed_something_is_an_act, begin, end),
		cmocka_unit_test_setup_teardown(another_descriptor_of_the_number_is_no_suspect, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_looked_up_counts_from_when_it_is, begin, end),
		cmocka_unit_test_setup_teardown(a_mark_is_set_once, begin, end),
		cmocka_unit_test_setup_teardown(the_table_has_an_end, begin, end),
		cmocka_unit_test_setup_teardown(threads_do_not_mix_them_up, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
