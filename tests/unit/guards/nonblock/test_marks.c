// SPDX-License-Identifier: MIT
#include "nonblock_common.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "guards/nonblock/marks.h"

static int fixing(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_FIX;
	report();
	return 0;
}

static void the_copy_waits_and_the_other_does_not(void **state)
{
	int fd = make(true), copy = copy_of(fd), third;

	(void)state;
	set_mode(copy, false);
	assert_true(kernel_mode(fd));
	assert_true(waits(copy) && !waits(fd));
	assert_true(!seen_mode(copy) && seen_mode(fd));
	assert_true(fdg_nonblock_still(copy));
	third = copy_of(copy);
	assert_true(waits(third) && !seen_mode(third) && fdg_nonblock_still(third));
	set_mode(fd, false);
	assert_false(kernel_mode(copy));
	assert_false(waits(copy) || waits(fd) || waits(third));
	set_mode(third, true);
	assert_true(waits(copy) && waits(fd) && !waits(third));
	assert_true(!seen_mode(copy) && !seen_mode(fd) && seen_mode(third));
	use(fd);
	assert_non_null(strstr(report(), "fixed: by fdguard"));
	forget(fd);
	forget(copy);
	forget(third);
}

static void a_mark_ends_with_its_socket(void **state)
{
	int fd = make(true), copy = copy_of(fd), other = make(true);

	(void)state;
	set_mode(copy, false);
	assert_true(waits(copy));
	assert_int_equal(dup2(other, copy), copy); /* behind us */
	assert_true(seen_mode(copy));
	assert_false(fdg_nonblock_still(copy));
	assert_false(waits(copy));
	forget(fd);
	forget(copy);
	forget(other);
}

/* Another thread closed it, and has its number anew, before we mark it. */
static void a_mark_is_for_what_the_caller_looked_at(void **state)
{
	int fd = make(false), again;
	uint32_t generation = fdg_ledger_generation(fd);

	(void)state;
	forget(fd);
	again = make(true);
	assert_int_equal(again, fd);
	fdg_mark_set(fd, generation, NULL, NULL);
	assert_true(seen_mode(fd));
	assert_false(waits(fd));
	forget(fd);
}

/* Somebody else made it non-blocking, unseen: it does not block, whatever we think that it was made with. */
static void nothing_begins_to_wait_where_nothing_changed(void **state)
{
	int fd = make(false), copy;

	(void)state;
	assert_int_equal(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	copy = copy_of(fd);
	set_mode(copy, true);
	assert_true(seen_mode(fd) && seen_mode(copy));
	assert_false(waits(fd) || waits(copy));
	forget(fd);
	forget(copy);
}

/* The mode that a descriptor has at a fork is its parent's wish, until it asks for one. */
static void an_asker_is_remembered(void **state)
{
	int fd = make(true), status;
	pid_t pid;

	(void)state;
	assert_false(fdg_mark_is_asked(fd));
	fdg_mark_asked(fd);
	assert_true(fdg_mark_is_asked(fd));
	pid = fork();
	if (pid == 0)
		_exit(fdg_mark_is_asked(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	forget(fd);
}

static void nobody_can_wait_for_a_stream_or_for_standard_input(void **state)
{
	int fd = make(true), copy = copy_of(fd), input = dup(0);

	(void)state;
	fdg_ledger_flag(copy, FDG_STREAM, 0);
	set_mode(copy, false);
	assert_false(kernel_mode(fd));
	assert_false(waits(copy));
	use(fd);
	assert_non_null(strstr(report(), WARNING));
	assert_null(strstr(logged, "fixed: by fdguard"));
	set_mode(fd, true);
	fdg_ledger_flag(copy, 0, FDG_STREAM);
	set_mode(copy, false);
	assert_true(waits(copy) && kernel_mode(fd));
	copy_to(copy, dup2(copy, 0));
	assert_false(waits(copy) || waits(0) || kernel_mode(fd));
	assert_int_equal(dup2(input, 0), 0);
	fdg_ledger_forget(0);
	close(input);
	forget(fd);
	forget(copy);
}

static void given_up_is_what_the_program_asked_for(void **state)
{
	int fd = make(true), copy = copy_of(fd), quiet = make(false), loud = copy_of(quiet);

	(void)state;
	set_mode(copy, false);
	set_mode(loud, true);
	report();
	fdg_nonblock_give_up(copy);
	assert_false(waits(copy) || kernel_mode(fd));
	assert_non_null(strstr(report(), "now wait where they failed with EAGAIN"));
	fdg_nonblock_give_up(quiet); /* never asked for anything */
	assert_false(waits(quiet));
	assert_true(kernel_mode(loud));
	forget(fd);
	forget(copy);
	forget(quiet);
	forget(loud);
}

static void an_exec_leaves_what_was_asked_for(void **state)
{
	int fd = make(true), copy = copy_of(fd), kept = make(true), closing = copy_to(kept, fcntl(kept, F_DUPFD_CLOEXEC, 3));
	struct fdg_nonblock_given given;

	(void)state;
	set_mode(copy, false);
	set_mode(closing, false);
	assert_true(waits(copy) && waits(closing));
	fdg_nonblock_exec(&given);
	assert_int_equal(given.count, 2); /* the other one goes there by its first number */
	report();
	fdg_nonblock_exec_tell(&given);
	assert_non_null(strstr(report(), "now wait where they failed with EAGAIN"));
	assert_false(kernel_mode(fd) || kernel_mode(kept));
	fdg_nonblock_exec_failed(&given);
	assert_true(kernel_mode(fd) && kernel_mode(kept));
	assert_int_equal(fcntl(kept, F_SETFD, FD_CLOEXEC), 0);
	fdg_nonblock_exec(&given);
	assert_int_equal(given.count, 1);
	assert_true(!kernel_mode(fd) && kernel_mode(kept));
	fdg_nonblock_exec_failed(&given);
	assert_true(kernel_mode(fd) && kernel_mode(kept) && waits(copy));
	fdg_nonblock_release();
	assert_false(kernel_mode(fd) || kernel_mode(kept) || waits(copy) || waits(closing));
	forget(fd);
	forget(copy);
	forget(kept);
	forget(closing);
}

/*
 * The principle, said once more. A wish is what was asked for through this very descriptor, or what it was made with; a copy has none.
 *
 *     kept    the description does not block, though blocking was asked for last: another one's wish was not to
 *     waits   the description does not block, and this one does: its wish was to, or blocking was asked for last and it never was anything else
 */
enum { COPIES = 5 };
static struct model { int fd; bool wish, mode, waits; } m[COPIES]; /* mode: as asked, or as it was when it was copied */
static bool kernel, last; /* what was asked for last */

static void model_change(struct model *a, bool on)
{
	bool was = kernel, kept = false;

	for (struct model *h = m; h < m + COPIES; h++)
		kept |= h != a && h->fd >= 0 && h->wish && h->mode;
	a->wish = true;
	a->mode = on;
	last = on;
	kernel = on || (was && kept);
	for (struct model *h = m; h < m + COPIES; h++)
		h->waits = kernel && !h->mode && (!on || (h->wish && (!was || h->waits)));
}

static void model_compare(void)
{
	for (struct model *h = m; h < m + COPIES; h++) {
		if (h->fd < 0)
			continue;
		assert_int_equal(kernel_mode(h->fd), kernel);
		assert_int_equal(waits(h->fd), h->waits);
	}
}

static void step(unsigned *seed)
{
	struct model *a = &m[rand_r(seed) % COPIES], *b = &m[rand_r(seed) % COPIES];
	int what = rand_r(seed) % 4;

	if (a->fd < 0)
		return;
	if (what == 0 && b->fd < 0) {
		*b = *a;
		b->fd = copy_of(a->fd);
		b->wish = false;
		b->waits &= !last;
	} else if (what == 1 && a != b && b->fd >= 0) {
		forget(b->fd);
		*b = (struct model){ .fd = -1 };
	} else if (what > 1) {
		bool on = rand_r(seed) & 1;

		model_change(a, on);
		set_mode(a->fd, on);
	}
	model_compare();
}

static void any_order_of_wishes_comes_out_as_the_principle_has_it(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < COPIES; i++)
			m[i] = (struct model){ .fd = -1 };
		kernel = last = round & 1;
		m[0] = (struct model){ make(kernel), true, kernel, false };
		for (int i = 0; i < 40; i++)
			step(&seed);
		for (int i = 0; i < COPIES; i++) {
			if (m[i].fd < 0)
				continue;
			assert_int_equal(seen_mode(m[i].fd), kernel && !m[i].waits);
			forget(m[i].fd);
		}
	}
}

/* Who asked to block is gone, and what goes to another program blocks all the same; until somebody asks for the opposite. */
static void the_last_wish_outlives_its_descriptor(void **state)
{
	int fd = make(true), copy = copy_of(fd);

	(void)state;
	set_mode(copy, false);
	forget(copy);
	assert_true(kernel_mode(fd));
	fdg_nonblock_give_up(fd);
	assert_false(kernel_mode(fd));
	set_mode(fd, true);
	copy = copy_of(fd);
	set_mode(copy, false);
	forget(copy);
	assert_int_equal(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	fdg_nonblock_starts(NULL, NULL); /* which looks who else has it */
	set_mode(fd, true);
	fdg_nonblock_give_up(fd);
	assert_true(kernel_mode(fd));
	forget(fd);
}

/* Threads that change the mode of one description, copy and close it, as they like: nothing is left behind that the last word does not set right. */
static int shared_fd, shared_copy;

static void *be_busy(void *seed)
{
	unsigned s = (unsigned)(uintptr_t)seed;

	for (int i = 0; i < 2000; i++) {
		int fd = rand_r(&s) & 1 ? shared_fd : shared_copy, copy;

		switch (rand_r(&s) % 3) {
		case 0:
			set_mode_at(fd, rand_r(&s) & 1, report);
			break;
		case 1:
			use(fd);
			seen_mode(fd);
			fdg_nonblock_tick();
			break;
		default:
			copy = dup(fd);
			fdg_ledger_copy(fd, copy, 0, report);
			fdg_nonblock_copied(fd, copy);
			forget(copy);
		}
	}
	return NULL;
}

static void threads_agree_in_the_end(void **state)
{
	pthread_t thread[3];

	(void)state;
	shared_fd = make(true);
	shared_copy = copy_of(shared_fd);
	for (uintptr_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, be_busy, (void *)(i + 1)), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	set_mode(shared_fd, true);
	set_mode(shared_copy, false);
	assert_true(kernel_mode(shared_fd) && seen_mode(shared_fd) && !seen_mode(shared_copy));
	assert_true(waits(shared_copy) && !waits(shared_fd));
	forget(shared_fd);
	forget(shared_copy);
}

static void only_what_data_calls_wait_for_can(void **state)
{
	int pair[2], event = eventfd(0, 0), null = open("/dev/null", O_RDWR), process = (int)syscall(SYS_pidfd_open, getpid(), 0), file = open("/proc/self/exe", O_RDONLY);

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_true(fdg_mark_can(pair[0]) && fdg_mark_can(pair[1]) && fdg_mark_can(event));
	assert_true(null > 2 && process > 2 && file > 2);
	assert_false(fdg_mark_can(null) || fdg_mark_can(process) || fdg_mark_can(file) || fdg_mark_can(0) || fdg_mark_can(-1) || fdg_mark_can(999));
	close(pair[0]);
	close(pair[1]);
	close(event);
	close(null);
	close(process);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_copy_waits_and_the_other_does_not, fixing),
		cmocka_unit_test_setup(a_mark_ends_with_its_socket, fixing),
		cmocka_unit_test_setup(a_mark_is_for_what_the_caller_looked_at, fixing),
		cmocka_unit_test_setup(nothing_begins_to_wait_where_nothing_changed, fixing),
		cmocka_unit_test_setup(an_asker_is_remembered, fixing),
		cmocka_unit_test_setup(nobody_can_wait_for_a_stream_or_for_standard_input, fixing),
		cmocka_unit_test_setup(only_what_data_calls_wait_for_can, fixing),
		cmocka_unit_test_setup(given_up_is_what_the_program_asked_for, fixing),
		cmocka_unit_test_setup(an_exec_leaves_what_was_asked_for, fixing),
		cmocka_unit_test_setup(any_order_of_wishes_comes_out_as_the_principle_has_it, fixing),
		cmocka_unit_test_setup(the_last_wish_outlives_its_descriptor, fixing),
		cmocka_unit_test_setup(threads_agree_in_the_end, fixing),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
