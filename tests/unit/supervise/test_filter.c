// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/judged.h"
#include "supervise/filter.h"
#include "supervise/numbers.h"

#define ALL (FDG_FOR_run | FDG_FOR_nonblock | FDG_FOR_cloexec | FDG_FOR_select | FDG_FOR_reuseport)
#define HIGHEST 512 /* above the numbers of system calls */

/* ---- what the kernel does with the program ---- */

struct run {
	uint32_t action;
	bool looked_at_arguments;
};

static struct run interpret(const struct sock_filter *program, unsigned n, const struct seccomp_data *d)
{
	struct run r = { 0, false };
	uint32_t a = 0;

	for (unsigned pc = 0; pc < n; pc++) {
		const struct sock_filter *s = &program[pc];

		switch (s->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(s->k % 4 == 0 && s->k + 4 <= sizeof(*d));
			memcpy(&a, (const char *)d + s->k, 4);
			r.looked_at_arguments |= s->k >= offsetof(struct seccomp_data, instruction_pointer);
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == s->k ? s->jt : s->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= s->k ? s->jt : s->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > s->k ? s->jt : s->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & s->k ? s->jt : s->jf;
			break;
		case BPF_RET | BPF_K:
			r.action = s->k;
			return r;
		default:
			fail_msg("instruction %u: code 0x%x is none that the kernel's bitmap of allowed calls understands", pc, s->code);
		}
	}
	fail_msg("the program ran past its end");
	return r;
}

static struct run run(const struct seccomp_data *d, unsigned guards)
{
	struct sock_filter program[FDG_FILTER_MAX];
	unsigned n = fdg_filter_make(program, guards);

	assert_in_range(n, 1, FDG_FILTER_MAX);
	return interpret(program, n, d);
}

static void assert_told(const struct seccomp_data *d, bool told)
{
	struct run r = run(d, ALL);

	if (r.action != (told ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW))
		fail_msg("call %d of 0x%x (%llx, %llx, %llx): 0x%x", d->nr, d->arch, d->args[0], d->args[1], d->args[2], r.action);
}

/* ---- rows ---- */

static void satisfy(const struct fdg_watch *w, struct seccomp_data *d)
{
	for (unsigned i = 0; i < 2; i++) {
		if (w->test[i].kind == FDG_TEST_IS)
			d->args[w->test[i].argument] = w->test[i].value;
		else if (w->test[i].kind == FDG_TEST_LACKS)
			d->args[w->test[i].argument] = ~(uint64_t)w->test[i].value;
		else if (w->test[i].kind == FDG_TEST_ABOVE)
			d->args[w->test[i].argument] = w->test[i].value + 1;
	}
}

static void spoil(const struct fdg_test *t, struct seccomp_data *d)
{
	if (t->kind == FDG_TEST_IS)
		d->args[t->argument] = 0x7ffe; /* no row's */
	else if (t->kind == FDG_TEST_ABOVE)
		d->args[t->argument] = t->value;
	else
		d->args[t->argument] |= t->value;
}

static void check_row(const struct fdg_watch *w, int number, uint32_t arch)
{
	struct seccomp_data d = { .nr = number, .arch = arch };

	if (number == FDG_NO_NUMBER)
		return;
	satisfy(w, &d);
	assert_told(&d, true);
	assert_int_equal(fdg_filter_notice(&d), w->notice);
	for (unsigned i = 0; i < 2; i++) {
		struct seccomp_data other = d;

		if (w->test[i].kind == FDG_TEST_ANY)
			continue;
		spoil(&w->test[i], &other);
		assert_told(&other, false);
		assert_int_equal(fdg_filter_notice(&other), FDG_NOTICE_NONE);
		assert_int_equal(run(&d, 0).action, SECCOMP_RET_ALLOW);
	}
	d.args[5] = FDG_JUDGED;
	assert_told(&d, false);
	d.args[5] = FDG_JUDGED + 1;
	assert_told(&d, true);
	assert_int_equal(run(&d, ALL & ~w->guard).action, SECCOMP_RET_ALLOW);
}

static void test_each_row_is_told_of_and_its_opposite_is_not(void **state)
{
	unsigned n;
	const struct fdg_watch *rows = fdg_watch_rows(&n);

	(void)state;
	assert_in_range(n, 5, 100);
	for (unsigned i = 0; i < n; i++) {
		check_row(&rows[i], rows[i].number, FDG_ARCH);
#ifdef FDG_ARCH_32
		check_row(&rows[i], rows[i].i386[0], FDG_ARCH_32);
		check_row(&rows[i], rows[i].i386[1], FDG_ARCH_32);
#endif
	}
}

static bool has_row(int number, bool is_32)
{
	unsigned n;
	const struct fdg_watch *rows = fdg_watch_rows(&n);

	for (unsigned i = 0; i < n; i++)
		if (is_32 ? rows[i].i386[0] == number || rows[i].i386[1] == number : rows[i].number == number)
			return true;
	return false;
}

static void check_others(uint32_t arch, bool is_32)
{
	for (int number = 0; number < HIGHEST; number++) {
		struct seccomp_data d = { .nr = number, .arch = arch };
		struct run r = run(&d, ALL);

		if (has_row(number, is_32))
			continue;
		assert_int_equal(r.action, SECCOMP_RET_ALLOW);
		if (r.looked_at_arguments)
			fail_msg("call %d is always allowed, and the kernel cannot know it beforehand", number);
	}
}

static void test_all_other_calls_are_allowed_by_their_number_alone(void **state)
{
	(void)state;
	check_others(FDG_ARCH, false);
#ifdef FDG_ARCH_32
	check_others(FDG_ARCH_32, true);
#endif
}

static void test_the_calls_of_the_data_path_are_not_watched(void **state)
{
	static const int numbers[] = { SYS_read, SYS_write, SYS_close, SYS_socket, SYS_accept4, SYS_connect, SYS_epoll_pwait, SYS_epoll_ctl, SYS_openat, SYS_clone, SYS_exit, SYS_exit_group, SYS_shutdown, SYS_listen, SYS_bind };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_false(has_row(numbers[i], false));
}

static void test_F_SETFL_is_told_of_where_it_makes_blocking(void **state)
{
	struct seccomp_data d = { .nr = SYS_fcntl, .arch = FDG_ARCH, .args = { 5, F_SETFL, O_RDWR } };

	(void)state;
	assert_told(&d, true);
	assert_int_equal(fdg_filter_notice(&d), FDG_NOTICE_SETFL);
	d.args[2] = O_RDWR | O_NONBLOCK;
	assert_told(&d, false);
	d.args[2] = 0xdeadbeef00000000; /* the kernel looks at 32 bits */
	assert_told(&d, true);
	d.args[1] = 0xabcd00000000 | F_SETFL;
	assert_told(&d, true);
	d.args[1] = F_GETFL;
	assert_told(&d, false);
}

static void test_foreign_architectures_are_left_alone(void **state)
{
	struct seccomp_data d = { .nr = SYS_execve, .arch = AUDIT_ARCH_S390X };

	(void)state;
	assert_told(&d, false);
#ifdef FDG_X32_BIT
	d.arch = FDG_ARCH;
	d.nr = SYS_execve | FDG_X32_BIT;
	assert_told(&d, false);
	d.nr = -1; /* a tracer skips a call so */
	assert_told(&d, false);
#endif
}

/* ---- the kernel's own word ---- */

/* With an errno in the place of a notification. */
static long filtered(void (*set)(void), long (*call)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		set();
		_exit(call() == -1 && errno == EXDEV);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void install(void)
{
	struct sock_filter program[FDG_FILTER_MAX];
	struct sock_fprog p = { (unsigned short)fdg_filter_make(program, ALL), program };

	for (unsigned i = 0; i < p.len; i++)
		if (program[i].code == (BPF_RET | BPF_K) && program[i].k == SECCOMP_RET_USER_NOTIF)
			program[i].k = SECCOMP_RET_ERRNO | EXDEV;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p))
		_exit(99);
}

static long setfl_blocking(void) { return fcntl(1000, F_SETFL, 0); }
static long setfl_nonblocking(void) { return fcntl(1000, F_SETFL, O_NONBLOCK); }
static long getfl(void) { return fcntl(0, F_GETFL); }
static long duplicate(void) { return dup(1000); }
static long fionbio(void) { return ioctl(1000, FIONBIO, 0); }
static long fionread(void) { return ioctl(1000, FIONREAD, 0); }
static long exec(void) { return syscall(SYS_execve, NULL, NULL, NULL); }
static long inheritable(void) { return fcntl(1000, F_SETFD, 0); }
static long not_inheritable(void) { return fcntl(1000, F_SETFD, FD_CLOEXEC); }
static long fionclex(void) { return ioctl(1000, FIONCLEX, 0); }
static long select_of(int nfds)
{
	static struct timespec none;

	return syscall(SYS_pselect6, nfds, NULL, NULL, NULL, &none, NULL);
}
static long small_select(void) { return select_of(FD_SETSIZE); }
static long large_select(void) { return select_of(FD_SETSIZE + 1); }
static long option(int level, int name)
{
	return syscall(SYS_setsockopt, 1000, level, name, NULL, 0);
}
static long reuseport(void) { return option(SOL_SOCKET, SO_REUSEPORT); }
static long reuseaddr(void) { return option(SOL_SOCKET, SO_REUSEADDR); }
static long by_bpf(void) { return option(SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF); }
static long of_tcp(void) { return option(6, SO_REUSEPORT); }
static long judged(void) { return fcntl(1000, F_SETFL, 0L, 0L, 0L, (long)FDG_JUDGED); }

static void test_the_kernel_takes_the_program_and_agrees(void **state)
{
	static const struct { long (*call)(void); int told; } calls[] = {
		{ setfl_blocking, 1 }, { setfl_nonblocking, 0 }, { getfl, 0 }, { duplicate, 1 }, { fionbio, 1 }, { fionread, 0 }, { exec, 1 }, { judged, 0 },
		{ inheritable, 1 }, { not_inheritable, 0 }, { fionclex, 1 }, { small_select, 0 }, { large_select, 1 },
		{ reuseport, 1 }, { reuseaddr, 0 }, { by_bpf, 1 }, { of_tcp, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (filtered(install, calls[i].call) != calls[i].told)
			fail_msg("call %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_is_told_of_and_its_opposite_is_not),
		cmocka_unit_test(test_all_other_calls_are_allowed_by_their_number_alone),
		cmocka_unit_test(test_the_calls_of_the_data_path_are_not_watched),
		cmocka_unit_test(test_F_SETFL_is_told_of_where_it_makes_blocking),
		cmocka_unit_test(test_foreign_architectures_are_left_alone),
		cmocka_unit_test(test_the_kernel_takes_the_program_and_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
