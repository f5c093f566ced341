// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/sys.h"

static void *nothing(void *unused)
{
	return unused;
}

/* First as a program of one thread, then as one of several. */
static int twice(void (*f)(void))
{
	static bool has_threads;
	pthread_t t;

	if (!has_threads)
		f();
	has_threads = true;
	assert_int_equal(pthread_create(&t, NULL, nothing, NULL), 0);
	pthread_join(t, NULL);
	f();
	return 0;
}

static void read_comm(void)
{
	char name[64];
	long n = fdg_read_file("/proc/self/comm", name, sizeof(name));
	int next = dup(0);

	close(next);
	assert_true(n > 1);
	assert_memory_equal(name, "unit-base-files\n", (size_t)n);
	assert_int_equal(fdg_read_file("/proc/self/comm", name, 3), 3);
	assert_int_equal(fdg_read_file("/proc/self/nothing", name, 3), -ENOENT);
	assert_int_equal(fdg_read_file("/", name, 3), -EISDIR);
	assert_int_equal(dup(0), next);
	close(next);
}

static void the_beginning_of_a_file(void **state)
{
	(void)state;
	twice(read_comm);
}

static void read_long(void)
{
	char path[] = "/tmp/files.XXXXXX";
	int fd = mkstemp(path);
	size_t n, room;
	char *text;

	for (unsigned i = 0; i < 40000; i++)
		assert_int_equal(dprintf(fd, "%07u\n", i), 8);
	text = fdg_read_all(path, 1 << 20, &n, &room);
	assert_non_null(text);
	assert_int_equal(n, 320000);
	assert_memory_equal(text + 8 * 39999, "0039999\n", 8);
	fdg_sys_munmap(text, room);
	text = fdg_read_all(path, 100000, &n, &room);
	assert_int_equal(n, 100000);
	fdg_sys_munmap(text, room);
	assert_int_equal(ftruncate(fd, 0), 0);
	text = fdg_read_all(path, 100000, &n, &room);
	assert_int_equal(n, 0);
	if (text)
		fdg_sys_munmap(text, room);
	close(fd);
	unlink(path);
	assert_null(fdg_read_all(path, 100000, &n, &room));
}

static void the_whole_of_a_file(void **state)
{
	(void)state;
	twice(read_long);
}

static int add(void *cookie, int n)
{
	char *seen = cookie;

	assert_in_range(n, 0, 999);
	assert_int_equal(seen[n], 0);
	seen[n] = 1;
	return n == 998 ? 998 : 0;
}

/* More than one piece of the kernel's. */
static void count_descriptors(void)
{
	struct fdg_numbers *room = malloc(sizeof(*room));
	char seen[1000] = { 0 };

	for (int fd = 300; fd < 700; fd++)
		assert_int_equal(dup2(0, fd), fd);
	assert_int_equal(fdg_each_number(room, "/proc/self/fd", 2000, add, seen), 0);
	for (int fd = 300; fd < 700; fd++)
		assert_int_equal(seen[fd], 1);
	memset(seen, 0, sizeof(seen));
	assert_int_equal(fdg_each_number(room, "/proc/self/fd", 10, add, seen), -1);
	dup2(0, 998);
	memset(seen, 0, sizeof(seen));
	assert_int_equal(fdg_each_number(room, "/proc/self/fd", 2000, add, seen), 998);
	assert_int_equal(fdg_each_number(room, "/proc/self/fdinfo/nothing", 2000, add, seen), 0);
	assert_true(room->len < 0);
	for (int fd = 300; fd < 700; fd++)
		close(fd);
	close(998);
	free(room);
}

static void numbers_of_a_folder(void **state)
{
	(void)state;
	twice(count_descriptors);
}

static void ports_are_the_kernels(void **state)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned from, to, is_from, is_to;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u %u", &is_from, &is_to), 2);
	fclose(f);
	assert_true(fdg_local_ports(&from, &to));
	assert_int_equal(from, is_from);
	assert_int_equal(to, is_to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_beginning_of_a_file),
		cmocka_unit_test(the_whole_of_a_file),
		cmocka_unit_test(numbers_of_a_folder),
		cmocka_unit_test(ports_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
