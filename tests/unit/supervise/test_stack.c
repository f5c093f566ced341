// SPDX-License-Identifier: MIT
/* Of a child that waits in a system call, three functions deep. */
#include "supervise/stack.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/symbol.h"
#include "supervise/facts.h"
#include "supervise/mounts.h"
#include "supervise/native.h"
#include "supervise/numbers.h"
#include "supervise/objects.h"

static pid_t child;

__attribute__((noinline)) void waits(void);
__attribute__((noinline)) void asks(void);

void waits(void)
{
	syscall(SYS_pause); /* which has no place in the list of libc's calls: the object tells */
	__asm__ volatile("");
}

void asks(void)
{
	waits();
	__asm__ volatile("");
}

/* What the kernel says of the call that the child waits in. */
static bool look(struct seccomp_data *ret)
{
	char path[64], text[256];
	unsigned long argument[6], sp, pc;
	long number;
	FILE *f;
	bool found;

	snprintf(path, sizeof(path), "/proc/%d/syscall", child);
	f = fopen(path, "r");
	found = f && fgets(text, sizeof(text), f) &&
		sscanf(text, "%ld %lx %lx %lx %lx %lx %lx %lx %lx", &number, argument, argument + 1, argument + 2, argument + 3, argument + 4, argument + 5, &sp, &pc) == 9;
	if (f)
		fclose(f);
	*ret = (struct seccomp_data){ .nr = (int)(found ? number : -1), .arch = FDG_ARCH, .instruction_pointer = found ? pc : 0 };
	return found && number == SYS_pause;
}

static struct seccomp_data call;

static int make_child(void **state)
{
	(void)state;
	child = fork();
	if (child == 0) {
		asks();
		_exit(0);
	}
	while (!look(&call))
		usleep(1000);
	return fdg_facts_start(epoll_create1(EPOLL_CLOEXEC));
}

static int end_child(void **state)
{
	(void)state;
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static const char *name(const struct fdg_place *p)
{
	static char text[256];
	struct fdg_buf b = FDG_BUF(text);

	assert_true(fdg_symbol_of(p, &b));
	*strrchr(text, '+') = '\0';
	return text;
}

#ifdef FDG_LIBDW
static void test_the_first_function_that_is_not_libcs_and_its_callers(void **state)
{
	struct fdg_place place[4];
	unsigned n;

	(void)state;
	for (int again = 0; again < 2; again++) {
		n = fdg_site_of(child, &call, place, 4);
		assert_int_equal(n, 4);
		assert_string_equal(name(&place[0]), "waits");
		assert_string_equal(name(&place[1]), "asks");
		assert_string_equal(name(&place[2]), "make_child");
		assert_memory_equal(fdg_site_sources()[0].symbol, "waits+0x", 8);
		assert_memory_equal(fdg_site_sources()[2].symbol, "make_child+0x", 13);
	}
	assert_int_equal(fdg_site_of(child, &call, place, 1), 1);
	assert_string_equal(name(&place[0]), "waits");
}
#endif

static void test_what_cannot_be_known(void **state)
{
	struct seccomp_data other = call;
	struct fdg_place place;

	(void)state;
	other.arch = FDG_ARCH + 1;
	assert_int_equal(fdg_site_of(child, &other, &place, 1), 0);
	other = call;
	other.instruction_pointer = 0x10;
	assert_int_equal(fdg_site_of(child, &other, &place, 1), 0);
	assert_int_equal(fdg_site_of(0x7ffffff0, &call, &place, 1), 0);
}

#ifdef FDG_LIBDW
static _Atomic int *go; /* shared with the one that is to sleep */

/* Sleeps when whoever asks for it does so, and not before. */
static void *lets_go(void *thread)
{
	char path[64], text[256];
	int *id = thread;
	FILE *f;
	long number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", *id);
	while (!*go && number != SYS_nanosleep) {
		f = fopen(path, "r");
		if (!f || !fgets(text, sizeof(text), f) || sscanf(text, "%ld", &number) != 1)
			number = -1;
		if (f)
			fclose(f);
	}
	*go = 1;
	return NULL;
}

static unsigned look_at_one_that_is_about_to_sleep(void)
{
	struct fdg_place place;
	pthread_t thread;
	int self = (int)gettid();
	pid_t busy;
	unsigned n;

	*go = 0;
	busy = fork();
	if (busy == 0) {
		while (!*go)
			;
		asks();
		_exit(0);
	}
	assert_int_equal(pthread_create(&thread, NULL, lets_go, &self), 0);
	n = fdg_site_of(busy, &call, &place, 1);
	*go = 1;
	pthread_join(thread, NULL);
	kill(busy, SIGKILL);
	waitpid(busy, NULL, 0);
	fdg_facts_forget(fdg_facts_find(busy));
	return n;
}

static void test_a_thread_that_does_not_sleep_yet(void **state)
{
	unsigned n = 0;

	(void)state;
	go = mmap(NULL, sizeof(*go), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(go, MAP_FAILED);
	for (int i = 0; i < 100 && !n; i++)
		n = look_at_one_that_is_about_to_sleep();
	assert_int_equal(n, 1);
}
#endif

static void test_objects(void **state)
{
	static struct fdg_objects o;
	struct fdg_process *p = fdg_facts_of(child);
	struct fdg_place here;
	struct fdg_object *at;

	(void)state;
	assert_non_null(p);
	assert_true(fdg_place_of((const char *)waits + 1, &here)); /* it is mapped here as in the child */
	assert_true(fdg_objects_look(p, &o));
	at = fdg_objects_find(p, &o, (uint64_t)(uintptr_t)waits);
	assert_true(at && at->fd >= 0);
	assert_string_equal(at->name, fdg_facts_exe(p));
	assert_int_equal((uint64_t)(uintptr_t)waits - at->bias, here.offset);
	assert_null(fdg_objects_find(p, &o, 16));
	fdg_objects_close(&o);
	assert_int_equal(o.count, 0);
}

static bool is_served(int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return fdg_mounts_is_link_served(getpid(), link);
}

/* That a file system is served by a program is shown by tests/supervise/test_files.sh. */
static void test_whose_files_may_be_opened(void **state)
{
	int memory = memfd_create("program", MFD_CLOEXEC), pair[2];

	(void)state;
	assert_false(fdg_mounts_is_link_served(getpid(), "/proc/self/exe"));
	assert_false(is_served(memory));
	assert_int_equal(pipe(pair), 0);
	assert_true(is_served(pair[0])); /* of a mount that nobody has seen */
	assert_true(is_served(1000));
	close(memory);
	close(pair[0]);
	close(pair[1]);
}

static void test_who_is_libc(void **state)
{
	static const char *const library[] = { "fcntl", "__libc_fcntl64+0x43", "__fcntl64_nocancel_adjusted+0x8", "ioctl+0x1", "__dup2", "syscall+0x1d", "__execve", "_ZN3std2os4unix3net6stream10UnixStream",
					       "_RNvMs0_NtNtNtNtCsjrHSEGnQ3l9_3std2os4unix3net6streamNtB5_10UnixStream15set_nonblocking+0x3" };
	static const char *const own[] = { "main+0x3", "my_fcntl", "fcntl_all+0x1", "tune", "_ZN1t4mainE", "_RNvCs1abc_1t4main", "libc_", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(library) / sizeof(library[0]); i++)
		assert_true(fdg_native_is_library(library[i]));
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_false(fdg_native_is_library(own[i]));
	assert_true(fdg_native_is_libc("/lib/x86_64-linux-gnu/libc.so.6"));
	assert_true(fdg_native_is_libc("/lib/ld-musl-x86_64.so.1"));
	assert_false(fdg_native_is_libc("/usr/lib/libcurl.so.4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef FDG_LIBDW
		cmocka_unit_test(test_the_first_function_that_is_not_libcs_and_its_callers),
		cmocka_unit_test(test_a_thread_that_does_not_sleep_yet),
#endif
		cmocka_unit_test(test_what_cannot_be_known),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_whose_files_may_be_opened),
		cmocka_unit_test(test_who_is_libc),
	};

	return cmocka_run_group_tests(tests, make_child, end_child);
}
