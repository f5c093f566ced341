// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "reuseport_common.h"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

#include "guards/reuseport/order.h"
#include "guards/reuseport/steer.h"
#include "guards/reuseport/turn.h"

enum { MEMBERS = 5 };

static int member_of[MEMBERS];
static struct fdg_group group;
static struct fdg_group_rows rows;

static void note(int fd)
{
	assert_true(fdg_group_list(&group, &rows));
	fdg_order_joined(&group, inode_of(fd), &rows);
}

static int joins(void)
{
	int fd = bound(SOCK_STREAM | SOCK_NONBLOCK);

	assert_int_equal(listen(fd, 512), 0);
	assert_true(fdg_groups_learn(fd) && fdg_group_ask(fd, &group));
	note(fd);
	return fd;
}

static void leaves(int *fd)
{
	close(*fd);
	fdg_groups_forget(*fd);
	*fd = -1;
}

static int place_of(int fd)
{
	assert_true(fdg_group_list(&group, &rows));
	fdg_order_agree(&group, &rows);
	return fdg_order_place(&group, inode_of(fd));
}

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	atomic_store(&fdg_phase, FDG_ACTIVE);
	new_group(AF_INET);
	assert_true(fdg_turn_take());
	return 0;
}

static int setup6(void **state)
{
	setup(state);
	new_group(AF_INET6);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < MEMBERS; i++)
		if (member_of[i] > 0)
			leaves(&member_of[i]);
	fdg_steer_end();
	fdg_turn_end();
	return 0;
}

static void open_members(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		member_of[i] = joins();
}

static void end_clients(void)
{
	for (int i = 0; i < CLIENTS; i++)
		close(client[i]);
	for (int i = 0; i < MEMBERS; i++)
		for (int fd = 0; member_of[i] > 0 && fd >= 0;) {
			fd = accept4(member_of[i], NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0)
				close(fd);
		}
}

/* As the kernel's own list, which nobody can read: the last takes the place of one that leaves. */
static void places(void **state)
{
	(void)state;
	open_members(5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(place_of(member_of[i]), i);
	leaves(&member_of[1]);
	assert_int_equal(place_of(member_of[4]), 1);
	assert_int_equal(place_of(member_of[3]), 3);
	leaves(&member_of[3]);
	assert_int_equal(place_of(member_of[2]), 2);
	member_of[1] = joins();
	assert_int_equal(place_of(member_of[1]), 3);
	note(member_of[1]); /* it listens again, for another backlog */
	assert_int_equal(place_of(member_of[1]), 3);
	assert_int_equal(fdg_order_count(&group), 4);
}

static void not_known(void **state)
{
	(void)state;
	open_members(4);
	leaves(&member_of[1]);
	leaves(&member_of[2]); /* which was first? */
	assert_int_equal(place_of(member_of[0]), -1);
	assert_false(fdg_steer_clear(member_of[0], &group));
	member_of[1] = joins();
	assert_int_equal(place_of(member_of[1]), -1);
}

/* One that came unseen. */
static void a_stranger(void **state)
{
	(void)state;
	open_members(2);
	member_of[2] = bound(SOCK_STREAM);
	assert_int_equal(listen(member_of[2], 5), 0);
	assert_int_equal(place_of(member_of[0]), -1);
	leaves(&member_of[2]);
	member_of[2] = joins();
	assert_int_equal(place_of(member_of[2]), -1);
}

static void stays_empty(unsigned which)
{
	int others = 0;

	assert_true(place_of(member_of[which]) >= 0);
	assert_true(fdg_steer_clear(member_of[which], &group));
	connect_clients();
	assert_int_equal(queued(member_of[which]), 0);
	for (int i = 0; i < MEMBERS; i++)
		others += member_of[i] > 0 ? queued(member_of[i]) : 0;
	assert_int_equal(others, CLIENTS);
	leaves(&member_of[which]);
	fdg_steer_end();
	end_clients();
}

/* Each, and those that came and went before: what we take for the kernel's order is it. */
static void none_comes(void **state)
{
	(void)state;
	open_members(MEMBERS);
	for (unsigned i = 0; i < 2 * MEMBERS; i++) {
		unsigned which = i * 3 % MEMBERS;

		stays_empty(which);
		member_of[which] = joins();
	}
	stays_empty(2);
	stays_empty(0);
	stays_empty(4);
}

static void several(void **state)
{
	(void)state;
	open_members(MEMBERS);
	assert_true(fdg_steer_clear(member_of[3], &group));
	assert_true(fdg_steer_clear(member_of[0], &group));
	stays_empty(1);
	assert_int_equal(place_of(member_of[0]), 0);
	assert_true(fdg_steer_clear(member_of[0], &group));
	assert_true(fdg_steer_clear(member_of[2], &group));
	assert_true(fdg_steer_clear(member_of[3], &group));
	assert_false(fdg_steer_clear(member_of[4], &group)); /* no other is left */
}

/* What the kernel has taken out of the group, and not yet out of its table, is no listener of any device that there is. */
static void hidden(void **state)
{
	int device = 0;
	socklen_t n = sizeof(device);

	(void)state;
	open_members(2);
	fdg_steer_hide(member_of[0]);
	assert_int_equal(getsockopt(member_of[0], SOL_SOCKET, SO_BINDTOIFINDEX, &device, &n), 0);
	assert_true(device > 0);
	assert_null(if_indextoname((unsigned)device, (char[IF_NAMESIZE]){ 0 }));
	assert_int_equal(getsockopt(member_of[1], SOL_SOCKET, SO_BINDTOIFINDEX, &device, &n), 0);
	assert_int_equal(device, 0);
}

/* Another process has it, and goes on. */
static void not_hidden(void **state)
{
	int device = 0, child;
	socklen_t n = sizeof(device);

	(void)state;
	open_members(1);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	fdg_steer_hide(member_of[0]);
	assert_int_equal(getsockopt(member_of[0], SOL_SOCKET, SO_BINDTOIFINDEX, &device, &n), 0);
	assert_int_equal(device, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* When it is over all get some. */
static void over(void **state)
{
	(void)state;
	open_members(3);
	assert_true(fdg_steer_clear(member_of[1], &group));
	leaves(&member_of[1]);
	fdg_steer_end();
	member_of[1] = joins();
	connect_clients();
	for (int i = 0; i < 3; i++)
		assert_in_range(queued(member_of[i]), 1, CLIENTS - 2);
	end_clients();
}

/* One thread at a time; its signals wait. */

static _Atomic int inside, most, ended;
static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void *turns(void *arg)
{
	for (int i = 0; i < 200; i++) {
		assert_true(fdg_turn_take());
		if (atomic_fetch_add(&inside, 1) >= 1)
			atomic_fetch_add(&most, 1);
		sched_yield();
		atomic_fetch_sub(&inside, 1);
		fdg_turn_end();
	}
	atomic_fetch_add(&ended, 1);
	return arg;
}

static void one_at_a_time(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread[3];

	(void)state;
	assert_true(fdg_turn_take()); /* again */
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	raise(SIGUSR1);
	assert_int_equal(signals, 0);
	fdg_turn_end();
	usleep(1000); /* ThreadSanitizer holds it back, too */
	assert_int_equal(signals, 1);
	assert_false(fdg_turn_is_taken());
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, turns, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(ended, 3);
	assert_int_equal(most, 0);
	assert_true(fdg_turn_take());
}

static int takes_another(void)
{
	if (fdg_turn_take())
		return 1; /* its parent's other threads have it, and nobody gives it back here */
	fdg_turn_forked();
	return fdg_turn_take() ? 0 : 2;
}

static void forked(void **state)
{
	(void)state;
	assert_int_equal(in_child(takes_another), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST6(f) { #f " (IPv6)", f, setup6, teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(places), TEST(not_known), TEST(a_stranger), TEST(none_comes), TEST6(none_comes), TEST(several), TEST(over), TEST(hidden), TEST(not_hidden), TEST(one_at_a_time), TEST(forked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
