// SPDX-License-Identifier: MIT
/* The slots of wrap/lookups.c: who has which, and what becomes of those that were left. */
#include "lookups_fake.h"

enum { THREADS = 8, TIMES = 3000 };

static void one_object_is_used_again(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		take_and_give();
	assert_int_equal(made, 1);
	assert_int_equal(torn, 0);
	assert_int_equal(slot(0)->owner, 0);
}

static void none_where_none_is_wanted(void **state)
{
	FDG_HELD(h);

	(void)state;
	may = false;
	assert_false(fdg_lookups_take(&h));
	assert_null(atomic_load(&fdg_slots));
}

static void errno_is_left_alone(void **state)
{
	FDG_HELD(h);

	(void)state;
	errno = 77;
	assert_true(fdg_lookups_take(&h));
	fdg_lookups_give(&h);
	assert_int_equal(errno, 77);
}

static void who_interrupts_has_another(void **state)
{
	FDG_HELD(outer);

	(void)state;
	assert_true(fdg_lookups_take(&outer));
	take_and_give();
	assert_int_equal(made, 2);
	assert_true(outer.lookup->running);
	fdg_lookups_give(&outer);
	assert_int_equal(torn, 0);
}

static void interrupt(int signal)
{
	(void)signal;
	take_and_give();
}

/* Higher than what it interrupts, or lower: nothing says which. */
static void so_does_a_handler_on_a_stack_of_its_own(void **state)
{
	static char room[64 << 10];
	stack_t alternate = { .ss_sp = room, .ss_size = sizeof(room) }, none = { .ss_flags = SS_DISABLE };
	struct sigaction act = { .sa_handler = interrupt, .sa_flags = SA_ONSTACK };
	FDG_HELD(h);

	(void)state;
	sigaltstack(&alternate, NULL);
	sigaction(SIGUSR1, &act, NULL);
	assert_true(fdg_lookups_take(&h));
	raise(SIGUSR1);
	assert_int_equal(made, 2);
	fdg_lookups_give(&h);
	sigaltstack(&none, NULL);
	assert_int_equal(torn, 0);
}

static void *jump_buffer[5];

/* As a library's own switch of stacks does, of which libc hears nothing. */
static __attribute__((noinline)) void leave(void)
{
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	__builtin_longjmp(jump_buffer, 1);
}

static __attribute__((noinline)) void leave_once(void)
{
	if (!__builtin_setjmp(jump_buffer))
		leave();
}

static void what_was_left_is_taken_again(void **state)
{
	FDG_HELD(h);

	(void)state;
	leave_once();
	assert_int_not_equal(slot(0)->owner, 0);
	assert_true(fdg_lookups_take(&h));
	fdg_lookups_give(&h);
	assert_int_equal(torn, 1);
	assert_int_equal(made, 1);
	assert_int_equal(slot(0)->owner, 0);
}

/* A frame that is there, and one that is overwritten; one below the stack, with all that it had. */
static void what_tells_is_the_frame(void **state)
{
	struct fdg_held h = { 0 }, *below = (struct fdg_held *)(void *)((uint8_t *)__builtin_frame_address(0) - (32 << 10));

	(void)state;
	h.here = (uintptr_t)&h ^ IS_HERE;
	assert_false(was_left((uintptr_t)&h, (uintptr_t)below));
	h.here = 0;
	assert_true(was_left((uintptr_t)&h, (uintptr_t)below));
	assert_false(was_left(0, (uintptr_t)&h));
	below->here = (uintptr_t)below ^ IS_HERE;
	assert_true(was_left((uintptr_t)below, (uintptr_t)&h));
}

static sigjmp_buf out;

static __attribute__((noinline)) void leave_by_libc(void)
{
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	siglongjmp(out, 1);
}

static void so_is_what_was_left_by_libcs_longjmp(void **state)
{
	FDG_HELD(h);

	(void)state;
	if (!sigsetjmp(out, 1))
		leave_by_libc();
	assert_true(fdg_lookups_take(&h));
	fdg_lookups_give(&h);
	assert_int_equal(torn, 1);
	assert_int_equal(made, 1);
}

static void *end_with_it(void *nothing)
{
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	return nothing;
}

static void *wait_with_it(void *nothing)
{
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	pause();
	fdg_lookups_give(&h);
	return nothing;
}

static void a_thread_that_is_gone_leaves_it(void **state)
{
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, end_with_it, NULL), 0);
	pthread_join(t, NULL);
	assert_int_not_equal(slot(0)->owner, 0);
	take_and_give();
	assert_int_equal(made, 1);
	assert_int_equal(torn, 1);
}

static void so_does_one_that_is_cancelled(void **state)
{
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, wait_with_it, NULL), 0);
	while (!made)
		usleep(1000);
	pthread_cancel(t);
	pthread_join(t, NULL);
	take_and_give();
	assert_int_equal(torn, 1);
	assert_int_equal(made, 1);
	assert_int_equal(slot(0)->owner, 0);
}

/* In the wait of a lookup, for ever. */
static void *block_with_it(void *nothing)
{
	struct pollfd none = { .fd = -1 };
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	block(&none, 1, -1);
	fdg_lookups_give(&h);
	return nothing;
}

static void who_is_cancelled_in_the_wait_gives_it_back(void **state)
{
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, block_with_it, NULL), 0);
	pthread_cancel(t);
	pthread_join(t, NULL);
	assert_int_equal(torn, 1);
	assert_int_equal(rested, 1);
	assert_int_equal(slot(0)->owner, 0);
}

static void leave_the_wait(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static int poll_with_signal(struct pollfd *fds, nfds_t n, int timeout)
{
	raise(SIGALRM);
	return poll(fds, n, timeout);
}

static void raise_in(const struct sigaction *act)
{
	sigaction(SIGALRM, act, NULL);
	real_poll = poll_with_signal;
	if (!sigsetjmp(out, 1))
		block_with_it(NULL);
	real_poll = poll;
}

static void so_does_who_leaves_it_by_longjmp(void **state)
{
	const struct sigaction act = { .sa_handler = leave_the_wait };

	(void)state;
	raise_in(&act);
	assert_int_equal(torn, 1);
	assert_int_equal(rested, 1);
	assert_int_equal(slot(0)->owner, 0);
}

static int owner_after;

/* A jump of the handler's own, within itself: the wait goes on. */
static void jump_about(int signal)
{
	sigjmp_buf here;

	if (!sigsetjmp(here, 1))
		siglongjmp(here, 1);
	owner_after = slot(0)->owner;
	leave_the_wait(signal);
}

static void not_so_who_comes_back_to_it(void **state)
{
	const struct sigaction act = { .sa_handler = jump_about };

	(void)state;
	raise_in(&act);
	assert_int_not_equal(owner_after, 0);
	assert_int_equal(slot(0)->owner, 0);
}

/* Frames that are still there, for all that can be seen. */
static void a_thread_has_few(void **state)
{
	struct fdg_held all[OWN + 3] = { 0 };

	(void)state;
	for (int i = OWN + 2; i >= 0; i--)
		assert_true(fdg_lookups_take(&all[i]));
	assert_int_equal(made, OWN);
	assert_int_equal(torn, 3);
	assert_int_equal(all[2].slot, all[OWN + 2].slot); /* the oldest */
	assert_int_equal(all[1].slot, all[OWN + 1].slot);
	for (int i = 0; i < OWN; i++)
		fdg_lookups_give(&all[i]);
}

static void a_child_leaves_what_others_have(void **state)
{
	FDG_HELD(h);
	int status;
	pid_t pid;

	(void)state;
	assert_true(fdg_lookups_take(&h));
	pid = fork();
	if (!pid) {
		fdg_lookups_forked();
		take_and_give(); /* a handler's, say, that forked in the middle of ours */
		_exit(torn || made != 2 || slot(0)->owner != LOST || !h.lookup->running);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fdg_lookups_give(&h);
}

static void there_are_so_many_slots(void **state)
{
	struct fdg_held all[FDG_SLOTS + 1] = { 0 };

	(void)state;
	for (int i = FDG_SLOTS; i > 0; i--) {
		assert_true(fdg_lookups_take(&all[i]));
		slot(all[i].slot - 1)->owner = LOST; /* somebody else's */
	}
	assert_false(fdg_lookups_take(&all[0]));
	for (int i = 1; i <= FDG_SLOTS; i++)
		fdg_lookups_give(&all[i]);
	assert_true(fdg_lookups_take(&all[0]));
	fdg_lookups_give(&all[0]);
	assert_true(freed >= FDG_SLOTS - KEEPERS); /* few objects keep descriptors, and those of the rest are gone */
}

static void *take_often(void *nothing)
{
	for (int i = 0; i < TIMES; i++) {
		FDG_HELD(h);

		clashes += !fdg_lookups_take(&h);
		sched_yield();
		fdg_lookups_give(&h);
	}
	return nothing;
}

static void threads_do_not_meet(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, take_often, NULL), 0);
	for (int i = 0; i < 2000; i++)
		fdg_room_make();
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(clashes, 0);
	assert_int_equal(torn, 0);
	for (unsigned i = 0; i < FDG_SLOTS; i++)
		assert_int_equal(slot(i)->owner, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_object_is_used_again, setup),
		cmocka_unit_test_setup(none_where_none_is_wanted, setup),
		cmocka_unit_test_setup(errno_is_left_alone, setup),
		cmocka_unit_test_setup(who_interrupts_has_another, setup),
		cmocka_unit_test_setup(so_does_a_handler_on_a_stack_of_its_own, setup),
		cmocka_unit_test_setup(what_was_left_is_taken_again, setup),
		cmocka_unit_test_setup(what_tells_is_the_frame, setup),
		cmocka_unit_test_setup(so_is_what_was_left_by_libcs_longjmp, setup),
		cmocka_unit_test_setup(a_thread_that_is_gone_leaves_it, setup),
		cmocka_unit_test_setup(so_does_one_that_is_cancelled, setup),
		cmocka_unit_test_setup(who_is_cancelled_in_the_wait_gives_it_back, setup),
		cmocka_unit_test_setup(so_does_who_leaves_it_by_longjmp, setup),
		cmocka_unit_test_setup(not_so_who_comes_back_to_it, setup),
		cmocka_unit_test_setup(a_thread_has_few, setup),
		cmocka_unit_test_setup(a_child_leaves_what_others_have, setup),
		cmocka_unit_test_setup(there_are_so_many_slots, setup),
		cmocka_unit_test_setup(threads_do_not_meet, setup),
	};

	real_poll = poll;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
