// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guards/select/fdsets.h"
#include "ledger/ledger.h"

#define S FDG_SET_BYTES

/* The program's memory: sets, timeout and neighbours at offsets that a test chooses. */
static union { unsigned char byte[2048]; uint64_t word[256]; } memory;
static struct fdg_select s;

static void begin(int nfds, int r, int w, int e, int timeout)
{
	memset(&memory, 0, sizeof(memory));
	memset(&s, 0x5a, sizeof(s));
	s.call.nfds = nfds;
	s.call.set[FDG_READ_SET] = r < 0 ? NULL : memory.byte + r;
	s.call.set[FDG_WRITE_SET] = w < 0 ? NULL : memory.byte + w;
	s.call.set[FDG_EXCEPT_SET] = e < 0 ? NULL : memory.byte + e;
	s.call.timeout = timeout < 0 ? NULL : (int64_t *)(memory.byte + timeout);
	s.call.fraction = 1000000;
	s.call.updates = true;
	s.call.mask = NULL;
	s.call.n = (unsigned)nfds;
	s.call.is_sure = s.call.is_cut = false;
}

static void set_fd(int at, int fd)
{
	memory.byte[at + fd / 8] |= (unsigned char)(1 << fd % 8);
}

static int is_set(int at, int fd)
{
	return memory.byte[at + fd / 8] >> fd % 8 & 1;
}

static void decode(void)
{
	assert_true(fdg_fdsets_fetch(&s));
	fdg_fdsets_decode(&s);
}

/* "1045 7" */
static const char *wanted(unsigned x)
{
	static char text[FDG_SETS][256];
	size_t at = 0;

	text[x][0] = '\0';
	for (unsigned fd = 0; fd < s.call.n; fd++)
		if (fdg_bit(s.want[x], fd))
			at += (size_t)snprintf(text[x] + at, sizeof(text[x]) - at, at ? " %u" : "%u", fd);
	return text[x];
}

static void open_at(int fd, uint32_t flags)
{
	assert_int_equal(dup2(0, fd), fd);
	fdg_ledger_learn(fd, FDG_KIND_PIPE, flags, (const void *)0x1000);
}

static int close_all(void **state)
{
	(void)state;
	fdg_ledger_forget_range(3, ~0u);
	closefrom(3);
	return 0;
}

/* select(1046, NULL, W, NULL, {2097157, 0}): fds 1024 and 1026 are inherited, and their bits are those of five seconds. */
static void the_incident(void **state)
{
	(void)state;
	begin(1046, -1, 0, -1, S);
	for (int fd = 1020; fd < 1045; fd++)
		open_at(fd, FDG_INHERITED);
	open_at(1045, 0);
	s.call.timeout[0] = 5;
	set_fd(0, 1045);
	assert_int_equal(s.call.timeout[0], 2097157);
	decode();
	assert_string_equal(wanted(FDG_WRITE_SET), "1045");
	assert_int_equal(s.time[0], 5);
	assert_int_equal(s.time[1], 0);
	assert_string_equal(fdg_fdsets_neighbour(&s, FDG_WRITE_SET, 1045), "the timeout");

	memset(s.got, 0, sizeof(s.got));
	s.got[FDG_WRITE_SET][1045 / 64] = UINT64_C(1) << 1045 % 64;
	fdg_fdsets_leave(&s, 1, (const int64_t[2]){ 4, 700000 });
	assert_true(is_set(0, 1045));
	assert_int_equal(s.call.timeout[0], 4 | 1 << 21);
	assert_int_equal(s.call.timeout[1], 700000);
}

static void a_timeout_that_passed_is_clean(void **state)
{
	(void)state;
	begin(1046, 0, -1, -1, S);
	open_at(1045, 0);
	s.call.timeout[0] = 5;
	set_fd(0, 1045);
	set_fd(0, 9);
	open_at(9, 0);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "9 1045");
	memset(s.got, 0, sizeof(s.got));
	fdg_fdsets_leave(&s, 0, (const int64_t[2]){ 0, 0 });
	for (unsigned i = 0; i < sizeof(memory.byte); i++)
		assert_int_equal(memory.byte[i], 0);
}

static void an_error_leaves_the_sets(void **state)
{
	(void)state;
	begin(1046, 0, -1, -1, S);
	open_at(1045, 0);
	set_fd(0, 1045);
	set_fd(0, 3);
	s.call.timeout[1] = 8;
	decode();
	memset(s.got, 0, sizeof(s.got));
	fdg_fdsets_leave(&s, -1, (const int64_t[2]){ 0, 7 });
	assert_true(is_set(0, 1045) && is_set(0, 3));
	assert_int_equal(s.call.timeout[1], 7);
}

/* FD_SET before the timeout is filled in. */
static void a_bit_that_the_timeout_wiped_out(void **state)
{
	(void)state;
	begin(1046, -1, 0, -1, S);
	open_at(1045, 0);
	set_fd(0, 1045);
	s.call.timeout[0] = 5;
	decode();
	assert_string_equal(wanted(FDG_WRITE_SET), "1045");
	assert_int_equal(s.time[0], 5);
}

/* Only the last one is certain; five seconds are 1024's and 1026's bits, and stay five seconds. */
static void low_bits_are_the_timeouts(void **state)
{
	(void)state;
	begin(1030, 0, -1, -1, S);
	for (int fd = 1024; fd < 1030; fd++)
		open_at(fd, 0);
	s.call.timeout[0] = 5;
	set_fd(0, 1029);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1029");
	assert_int_equal(s.time[0], 5);
}

static void a_fraction_above_one(void **state)
{
	(void)state;
	begin(1200, 0, -1, -1, S);
	open_at(1088 + 30, 0);
	s.call.timeout[1] = 250000;
	set_fd(0, 1088 + 30);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1118");
	assert_int_equal(s.time[1], 250000);
}

static void for_ever_is_no_crowd(void **state)
{
	(void)state;
	begin(1060, 0, -1, -1, S);
	for (int fd = 1024; fd < 1060; fd++)
		open_at(fd, 0);
	s.call.timeout[0] = INT32_MAX;
	set_fd(0, 5);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "5 1059");
	assert_int_equal(s.time[0], INT32_MAX);
}

/* A set written all over the timeout: what it was is lost, and neither for ever nor at once is right. */
static void a_lost_timeout(void **state)
{
	(void)state;
	begin(1088, 0, -1, -1, S);
	for (int fd = 1024; fd < 1088; fd++) {
		open_at(fd, 0);
		set_fd(0, fd);
	}
	decode();
	assert_true(s.lost_timeout);
	assert_int_equal(s.time[0], 1);
	assert_true(fdg_bit(s.want[FDG_READ_SET], 1024) && fdg_bit(s.want[FDG_READ_SET], 1087));
}

static void a_closed_descriptor_is_an_error_for_the_kernel(void **state)
{
	(void)state;
	begin(1046, 0, -1, -1, S);
	s.call.timeout[0] = 1;
	set_fd(0, 1045);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1045");
	assert_int_equal(s.time[0], 1);
}

/* 1045 of the first set is 21 of the second. */
static void a_neighbouring_set(void **state)
{
	(void)state;
	begin(1046, 0, S, -1, -1);
	open_at(1045, 0);
	open_at(7, 0);
	set_fd(0, 1045);
	set_fd(S, 7);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1045");
	assert_string_equal(wanted(FDG_WRITE_SET), "7");
	assert_string_equal(fdg_fdsets_neighbour(&s, FDG_READ_SET, 1045), "writefds");
}

static void a_neighbouring_set_keeps_its_own(void **state)
{
	(void)state;
	begin(1046, 0, S, 2 * S, 3 * S);
	open_at(1045, 0);
	open_at(1030, 0);
	open_at(6, 0); /* also 1030 of the first set */
	set_fd(S, 6);
	set_fd(2 * S, 1045);
	s.call.timeout[0] = 2 | 1 << 21;
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "");
	assert_string_equal(wanted(FDG_WRITE_SET), "6");
	assert_string_equal(wanted(FDG_EXCEPT_SET), "1045");
	assert_int_equal(s.time[0], 2);
}

/* Where both could be, the last descriptor is somewhere, and the other one is inherited: nobody asked for it. */
static void an_inherited_descriptor_is_less_likely(void **state)
{
	(void)state;
	begin(1050, 0, S, -1, -1);
	open_at(1040, 0);
	open_at(1049, 0);
	open_at(16, FDG_INHERITED);
	open_at(25, FDG_INHERITED);
	set_fd(0, 1040);
	set_fd(0, 1049);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1040 1049");
	assert_string_equal(wanted(FDG_WRITE_SET), "");
}

static void the_last_is_somewhere(void **state)
{
	(void)state;
	begin(1046, 0, S, -1, -1);
	open_at(1045, 0);
	open_at(21, 0);
	set_fd(0, 1045);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1045");
	assert_string_equal(wanted(FDG_WRITE_SET), "");
}

/* Two owners, one bit: what is ready is told, whoever asked. */
static void ready_wins_over_the_neighbour(void **state)
{
	(void)state;
	begin(1046, 0, S, -1, -1);
	open_at(1045, 0);
	open_at(7, 0);
	set_fd(0, 1045);
	set_fd(S, 7);
	decode();
	memset(s.got, 0, sizeof(s.got));
	s.got[FDG_READ_SET][1045 / 64] = UINT64_C(1) << 1045 % 64;
	s.got[FDG_WRITE_SET][0] = 1 << 7;
	fdg_fdsets_leave(&s, 2, (const int64_t[2]){ 0, 0 });
	assert_true(is_set(0, 1045) && is_set(S, 7));
	memset(s.got, 0, sizeof(s.got));
	fdg_fdsets_leave(&s, 0, (const int64_t[2]){ 0, 0 });
	assert_false(is_set(0, 1045) || is_set(S, 7));
}

static uint64_t canary(void)
{
#if defined(__x86_64__)
	uint64_t value;

	__asm__("mov %%fs:0x28, %0" : "=r"(value));
	return value;
#else
	extern uintptr_t __stack_chk_guard;

	return __stack_chk_guard;
#endif
}

/* A number from 1,024 on whose bit the canary behind the set does, or does not, have. */
static int fd_of_canary(bool has)
{
	int bit = 8; /* the lowest byte is 0 */

	while ((canary() >> bit & 1) != has)
		bit++;
	return 1024 + bit;
}

static void a_canary(void **state)
{
	int fd = fd_of_canary(false);

	(void)state;
	begin(fd + 1, 0, -1, -1, -1);
	open_at(fd, 0);
	memory.word[S / 8] = canary();
	set_fd(0, fd);
	assert_true(fdg_fdsets_fetch(&s));
	assert_true(fdg_fdsets_hit_something(&s.call, FDG_READ_SET, false));
	fdg_fdsets_decode(&s);
	assert_int_equal(atoi(wanted(FDG_READ_SET)), fd);
	memset(s.got, 0, sizeof(s.got));
	fdg_fdsets_leave(&s, 0, (const int64_t[2]){ 0, 0 });
	assert_true(memory.word[S / 8] == canary());
}

static void the_canarys_own_bits(void **state)
{
	int fd = fd_of_canary(true);

	(void)state;
	begin(fd + 2, 0, -1, -1, -1);
	open_at(fd, 0);
	memory.word[S / 8] = canary();
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "");
	fdg_fdsets_leave(&s, 0, (const int64_t[2]){ 0, 0 });
	assert_true(memory.word[S / 8] == canary());
}

static void a_return_address(void **state)
{
	(void)state;
	begin(1100, 0, -1, -1, -1);
	memory.word[S / 8] = (uintptr_t)__builtin_return_address(0);
	assert_true(fdg_fdsets_fetch(&s));
	assert_true(fdg_fdsets_hit_something(&s.call, FDG_READ_SET, false));
	memory.word[S / 8] = 7;
	assert_true(fdg_fdsets_fetch(&s));
	assert_false(fdg_fdsets_hit_something(&s.call, FDG_READ_SET, false));
}

/* What is no neighbour that we know: a word of nothing but open descriptors is what it seems to be; of others, what chance would not have named. */
static void an_unknown_neighbour(void **state)
{
	(void)state;
	begin(1100, 0, -1, -1, -1);
	open_at(1099, 0);
	open_at(1031, 0);
	set_fd(0, 1031);
	set_fd(0, 1099);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1031 1099");
	memory.word[S / 8] = 0xff00ff00ff; /* 1031, and much that is closed: chance rarely names the only one */
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1031 1099");
	open_at(1032, 0);
	open_at(1033, 0); /* three in this word */
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1099");
	for (int fd = 1034; fd < 1064; fd++)
		open_at(fd, 0);
	memory.word[S / 8] = 0xff00ff00; /* 1032 and on: all open */
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1032 1033 1034 1035 1036 1037 1038 1039 1048 1049 1050 1051 1052 1053 1054 1055 1099");
	for (int fd = 1064; fd < 1099; fd++)
		open_at(fd, 0);
	s.call.is_sure = true; /* that it is something else */
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1099");
	s.call.is_sure = false;
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1032 1033 1034 1035 1036 1037 1038 1039 1048 1049 1050 1051 1052 1053 1054 1055 1099");
}

static void bits_beyond_nfds(void **state)
{
	(void)state;
	begin(1046, 0, -1, -1, -1);
	open_at(1045, 0);
	open_at(1046, 0);
	set_fd(0, 1045);
	set_fd(0, 1046);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1045");
	memset(s.got, 0, sizeof(s.got));
	fdg_fdsets_leave(&s, 0, (const int64_t[2]){ 0, 0 });
	assert_true(is_set(0, 1046));
}

static void memory_that_is_not_there(void **state)
{
	unsigned char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	mprotect(page + 4096, 4096, PROT_NONE);
	begin(1100, 0, -1, -1, -1);
	s.call.set[FDG_READ_SET] = page + 4096 - 144;
	assert_true(fdg_fdsets_fetch(&s));
	s.call.set[FDG_READ_SET] = page + 4096 - S;
	assert_false(fdg_fdsets_fetch(&s));
	munmap(page, 8192);
}

static int raise_limit(void **state)
{
	struct rlimit r;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &r);
}

/* A maximum of all fds of the program may be in none of the sets: it is not made up where another set has fds. */
static void the_greatest_of_all_is_in_no_set(void **state)
{
	(void)state;
	begin(1046, 0, S, -1, -1);
	open_at(5, 0);
	open_at(1045, 0);
	set_fd(0, 5);
	set_fd(S, 5);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "5");
	assert_string_equal(wanted(FDG_WRITE_SET), "5");
	memory.word[S / 8] = 0;
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "5 1045");
}

static void an_interrupted_wait_makes_no_bits(void **state)
{
	(void)state;
	begin(1046, 0, -1, -1, S);
	open_at(1045, 0);
	s.call.timeout[0] = 5;
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1045"); /* wiped out */
	fdg_fdsets_leave(&s, -1, (const int64_t[2]){ 4, 7 });
	assert_int_equal(s.call.timeout[0], 4);
	assert_int_equal(s.call.timeout[1], 7);
}

static void memory_that_cannot_be_written(void **state)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	begin(1046, 0, -1, -1, -1);
	open_at(1045, 0);
	page[1045 / 8] = 1 << 1045 % 8;
	mprotect(page, 4096, PROT_READ);
	s.call.set[FDG_READ_SET] = page;
	decode();
	memset(s.got, 0, sizeof(s.got));
	assert_false(fdg_fdsets_leave(&s, 0, (const int64_t[2]){ 0, 0 }));
	munmap(page, 4096);
}

/* What select takes, and pselect refuses. */
static void more_than_a_second_in_microseconds(void **state)
{
	(void)state;
	begin(1046, 0, S, -1, 2 * S);
	open_at(1045, 0);
	set_fd(0, 1045);
	s.call.timeout[1] = 1200000;
	decode();
	assert_int_equal(s.time[0], 0);
	assert_int_equal(s.time[1], 1200000);
}

static void a_signal_mask(void **state)
{
	(void)state;
	begin(1038, 0, -1, -1, -1);
	s.call.mask = memory.byte + S;
	open_at(1037, 0);
	set_fd(0, 1037);
	decode();
	assert_string_equal(wanted(FDG_READ_SET), "1037");
	assert_int_equal(s.mask_taken, 1 << 13);
	assert_string_equal(fdg_fdsets_neighbour(&s, FDG_READ_SET, 1037), "the signal mask");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_incident, close_all),
		cmocka_unit_test_teardown(a_timeout_that_passed_is_clean, close_all),
		cmocka_unit_test_teardown(an_error_leaves_the_sets, close_all),
		cmocka_unit_test_teardown(a_bit_that_the_timeout_wiped_out, close_all),
		cmocka_unit_test_teardown(low_bits_are_the_timeouts, close_all),
		cmocka_unit_test_teardown(a_fraction_above_one, close_all),
		cmocka_unit_test_teardown(for_ever_is_no_crowd, close_all),
		cmocka_unit_test_teardown(a_lost_timeout, close_all),
		cmocka_unit_test_teardown(a_closed_descriptor_is_an_error_for_the_kernel, close_all),
		cmocka_unit_test_teardown(a_neighbouring_set, close_all),
		cmocka_unit_test_teardown(a_neighbouring_set_keeps_its_own, close_all),
		cmocka_unit_test_teardown(an_inherited_descriptor_is_less_likely, close_all),
		cmocka_unit_test_teardown(the_last_is_somewhere, close_all),
		cmocka_unit_test_teardown(ready_wins_over_the_neighbour, close_all),
		cmocka_unit_test_teardown(a_canary, close_all),
		cmocka_unit_test_teardown(the_canarys_own_bits, close_all),
		cmocka_unit_test_teardown(a_return_address, close_all),
		cmocka_unit_test_teardown(an_unknown_neighbour, close_all),
		cmocka_unit_test_teardown(bits_beyond_nfds, close_all),
		cmocka_unit_test_teardown(memory_that_is_not_there, close_all),
		cmocka_unit_test_teardown(the_greatest_of_all_is_in_no_set, close_all),
		cmocka_unit_test_teardown(an_interrupted_wait_makes_no_bits, close_all),
		cmocka_unit_test_teardown(memory_that_cannot_be_written, close_all),
		cmocka_unit_test_teardown(more_than_a_second_in_microseconds, close_all),
		cmocka_unit_test_teardown(a_signal_mask, close_all),
	};

	return cmocka_run_group_tests(tests, raise_limit, NULL);
}
