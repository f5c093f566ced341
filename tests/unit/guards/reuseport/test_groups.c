// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/un.h>

#include "reuseport_common.h"

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	atomic_store(&fdg_phase, FDG_ACTIVE);
	new_group(AF_INET);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int fd = fdg_groups_next(-1); fd >= 0; fd = fdg_groups_next(fd)) {
		close(fd);
		fdg_groups_forget(fd);
	}
	return 0;
}

static void who_is_a_member(void **state)
{
	struct fdg_group g;
	int fd = bound(SOCK_STREAM), plain = socket(AF_INET, SOCK_STREAM, 0), named = socket(AF_UNIX, SOCK_STREAM, 0), zero = 0;

	(void)state;
	assert_false(fdg_group_ask(fd, &g)); /* it does not listen */
	assert_true(fdg_group_ask_bound(fd, &g));
	assert_int_equal(listen(fd, 5), 0);
	assert_true(fdg_group_ask(fd, &g));
	assert_int_equal(g.family, AF_INET);
	assert_int_equal(g.protocol, IPPROTO_TCP);
	assert_int_equal(g.port, ntohs(address.sin6_port));
	assert_memory_equal(g.address, ((unsigned char[]){ 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }), 16);
	assert_int_equal(g.uid, geteuid());
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &zero, sizeof(zero)), 0);
	assert_false(fdg_group_ask(fd, &g));
	assert_int_equal(listen(plain, 5), 0);
	assert_false(fdg_group_ask(plain, &g));
	assert_false(fdg_group_ask(named, &g));
	assert_false(fdg_groups_learn(plain));
	assert_false(fdg_groups_learn(-1));
	close(fd);
	close(plain);
	close(named);
	assert_false(fdg_group_ask(fd, &g));
}

static void udp(void **state)
{
	struct fdg_group g, other;
	int unbound = made(SOCK_DGRAM), a, b;

	(void)state;
	assert_false(fdg_group_ask(unbound, &g));
	a = bound(SOCK_DGRAM);
	b = bound(SOCK_DGRAM);
	fdg_reuseport_bound(a);
	fdg_reuseport_bound(b);
	assert_true(fdg_group_ask(a, &g) && fdg_group_ask(b, &other));
	assert_true(fdg_group_is_same(&g, &other));
	assert_int_equal(g.protocol, IPPROTO_UDP);
	assert_int_equal(fdg_group_look(&g, inode_of(a)).members, 2);
	assert_true(fdg_group_look(&g, inode_of(b)).has_it);
	assert_int_equal(fdg_groups_sibling(&g, a, -1), b);
	close(unbound);
}

static void groups_differ(void **state)
{
	struct fdg_group g[5];
	int fd[5], one = 1;

	(void)state;
	fd[0] = member();
	new_group(AF_INET);
	fd[1] = member(); /* another port */
	new_group(AF_INET6);
	fd[2] = member();
	address.sin6_addr = in6addr_any;
	fd[3] = member(); /* another address */
	fd[4] = made(SOCK_STREAM);
	assert_int_equal(setsockopt(fd[4], IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd[4], (struct sockaddr *)&address, address_len), 0);
	listens(fd[4]);
	for (int i = 0; i < 5; i++)
		assert_true(fdg_group_ask(fd[i], &g[i]));
	assert_true(g[4].v6only && !g[3].v6only);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5; j++) {
			assert_int_equal(fdg_group_is_same(&g[i], &g[j]), i == j);
			assert_int_equal(fdg_group_hash(&g[i]) == fdg_group_hash(&g[j]), i == j);
		}
	assert_int_equal(fdg_group_look(&g[2], inode_of(fd[2])).members, 1);
	assert_true(fdg_group_look(&g[2], inode_of(fd[2])).has_it);
}

static void siblings_are_others(void **state)
{
	int a = member(), b = member(), copy = dup(a);
	struct fdg_group g;

	(void)state;
	fdg_ledger_copy(a, copy, 0, NULL);
	fdg_reuseport_copied(a, copy);
	assert_true(fdg_groups_has(copy));
	assert_true(fdg_group_ask(a, &g));
	assert_int_equal(fdg_groups_sibling(&g, a, -1), b);
	assert_int_equal(fdg_groups_sibling(&g, a, b), -1);
	assert_int_equal(fdg_groups_sibling(&g, b, -1), a);
	assert_int_equal(fdg_groups_sibling(&g, b, a), copy);
	assert_int_equal(fdg_group_look(&g, inode_of(a)).members, 2);
	closes(b);
	assert_false(fdg_groups_has(b));
	assert_int_equal(fdg_groups_sibling(&g, a, -1), -1);
}

/* Closed where nobody saw it, and the number is another's: what the kernel says counts. */
static void a_number_is_a_memory(void **state)
{
	int a = member(), b = member(), copy = dup(0);
	struct fdg_group g;

	(void)state;
	assert_true(fdg_group_ask(a, &g));
	assert_int_equal(dup2(copy, b), b);
	assert_true(fdg_groups_has(b));
	assert_int_equal(fdg_groups_sibling(&g, a, -1), -1);
	closes(b);
	assert_false(fdg_groups_has(b));
	close(copy);
}

static void far_numbers(void **state)
{
	int a = member(), far;

	(void)state;
	far = fcntl(a, F_DUPFD, 900);
	assert_true(far >= 900);
	assert_true(fdg_groups_learn(far));
	assert_int_equal(fdg_groups_next(a), far);
	assert_int_equal(fdg_groups_next(far), -1);
	fdg_groups_forget(a);
	assert_int_equal(fdg_groups_next(-1), far);
	assert_false(fdg_groups_has((int)FDG_LEDGER_MAX));
	assert_false(fdg_groups_has(-1));
	close(a);
}

static int adds_one(void)
{
	struct fdg_group g;
	int fd = bound(SOCK_STREAM);

	return listen(fd, 5) != 0 || !fdg_group_ask(fd, &g) || fdg_group_look(&g, inode_of(fd)).members != 3;
}

/* More text than is read at once, and a member of another process. */
static void the_whole_namespace(void **state)
{
	enum { MANY = 300 };
	int other[MANY], a = member();
	struct fdg_group_sight sight;
	struct fdg_group g;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		other[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(listen(other[i], 1), 0);
	}
	member();
	assert_true(fdg_group_ask(a, &g));
	sight = fdg_group_look(&g, inode_of(a));
	assert_true(sight.seen && sight.has_it);
	assert_int_equal(sight.members, 2);
	assert_int_equal(in_child(adds_one), 0);
	assert_false(fdg_group_look(&g, 1).has_it);
	for (int i = 0; i < MANY; i++)
		close(other[i]);
}

static int another_user(void)
{
	struct fdg_group g;
	int fd;

	if (seteuid(65534) != 0)
		return geteuid() != 0 ? 0 : 1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)) != 0 || bind(fd, (struct sockaddr *)&address, address_len) == 0)
		return 2; /* the kernel keeps users apart */
	new_group(AF_INET);
	fd = bound(SOCK_STREAM);
	return listen(fd, 1) != 0 || !fdg_group_ask(fd, &g) || g.uid != 65534 || fdg_group_look(&g, inode_of(fd)).members != 1;
}

static void users_are_apart(void **state)
{
	(void)state;
	member();
	assert_int_equal(in_child(another_user), 0);
}

static void *learns_and_forgets(void *p)
{
	for (int i = 0; i < 2000; i++) {
		fdg_groups_learn(*(int *)p);
		fdg_groups_next(-1);
		fdg_groups_forget(*(int *)p);
	}
	fdg_groups_learn(*(int *)p);
	return NULL;
}

static void in_threads(void **state)
{
	pthread_t thread[4];
	int fd[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		fd[i] = bound(SOCK_STREAM);
		assert_int_equal(listen(fd[i], 1), 0);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, learns_and_forgets, &fd[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_true(fdg_groups_has(fd[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_a_member, setup, teardown),
		cmocka_unit_test_setup_teardown(udp, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(siblings_are_others, setup, teardown),
		cmocka_unit_test_setup_teardown(a_number_is_a_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(far_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(the_whole_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(users_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(in_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
