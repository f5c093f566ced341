// SPDX-License-Identifier: MIT
#include "supervise/filter.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "base/judged.h"
#include "supervise/numbers.h"

#define NONE FDG_NO_NUMBER
#define ANY { FDG_TEST_ANY, 0, 0 }
#define IS(argument, value) { FDG_TEST_IS, argument, value }
#define LACKS(argument, bits) { FDG_TEST_LACKS, argument, bits }
#define ABOVE(argument, value) { FDG_TEST_ABOVE, argument, value }

static const struct fdg_watch rows[] = {
#define CALL(name, need)
#define TWIN(name, call)
#define OLD(name, call, version)
#define WATCH(notice, guard, call, i386, other, first, second) { FDG_NOTICE_##notice, FDG_FOR_##guard, FDG_NR_##call, { i386, other }, { first, second } },
#include "calls.def"
#undef CALL
#undef TWIN
#undef OLD
#undef WATCH
};

/* Here and not above: the rows name calls. */
#include "base/poison.h"

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct fdg_watch *fdg_watch_rows(unsigned *ret_count)
{
	*ret_count = ROWS;
	return rows;
}

/* ---- the program ---- */

/* Jumps are counted from the next instruction. Those to a place that is not known yet are mended when it is. */
struct maker {
	struct sock_filter *program;
	unsigned n;
	bool full;
};

#define TO_END 255  /* a jump to be mended: to the end of the part */
#define TO_NEXT 254 /* the same: to the next row's test */
#define OPEN(jump) ((jump) >= TO_NEXT)

static unsigned put(struct maker *m, unsigned code, uint32_t k, unsigned if_true, unsigned if_false)
{
	if (m->n >= FDG_FILTER_MAX) {
		m->full = true;
		return 0;
	}
	m->program[m->n] = (struct sock_filter){ (unsigned short)code, (unsigned char)if_true, (unsigned char)if_false, k };
	return m->n++;
}

static void put_load(struct maker *m, size_t offset)
{
	put(m, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The low half of an argument: what an int is passed in. x86-64 and aarch64 are little-endian. */
static void put_load_argument(struct maker *m, unsigned argument)
{
	put_load(m, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
}

static void put_return(struct maker *m, uint32_t action)
{
	put(m, BPF_RET | BPF_K, action, 0, 0);
}

/* Jumps that wait for this place, from `from` on. */
static void mend(struct maker *m, unsigned from, unsigned which)
{
	for (unsigned i = from; i < m->n; i++) {
		struct sock_filter *s = &m->program[i];
		unsigned distance = m->n - i - 1;

		if (BPF_CLASS(s->code) != BPF_JMP)
			continue;
		if ((s->jt == which || s->jf == which) && OPEN(distance))
			m->full = true;
		if (s->jt == which)
			s->jt = (unsigned char)distance;
		if (s->jf == which)
			s->jf = (unsigned char)distance;
	}
}

static void put_test(struct maker *m, const struct fdg_test *t, unsigned if_not)
{
	if (t->kind == FDG_TEST_IS)
		put(m, BPF_JMP | BPF_JEQ | BPF_K, t->value, 0, if_not);
	else if (t->kind == FDG_TEST_LACKS)
		put(m, BPF_JMP | BPF_JSET | BPF_K, t->value, if_not, 0);
	else if (t->kind == FDG_TEST_ABOVE)
		put(m, BPF_JMP | BPF_JGT | BPF_K, t->value, 0, if_not);
}

/* Most calls fail a first test, with the argument loaded that the next row's first test is about; who fails a second one has another in its place. */
static void put_row(struct maker *m, const struct fdg_watch *w, const struct fdg_watch *before, unsigned from)
{
	bool is_same = before && before->test[0].kind == FDG_TEST_IS && w->test[0].kind == FDG_TEST_IS && before->test[0].argument == w->test[0].argument;

	if (!is_same)
		mend(m, from, TO_NEXT);
	mend(m, from, TO_END);
	if (w->test[0].kind != FDG_TEST_ANY)
		put_load_argument(m, w->test[0].argument);
	mend(m, from, TO_NEXT);
	put_test(m, &w->test[0], TO_NEXT);
	if (w->test[1].kind != FDG_TEST_ANY)
		put_load_argument(m, w->test[1].argument);
	put_test(m, &w->test[1], TO_END);
	put_load_argument(m, 5);
	put(m, BPF_JMP | BPF_JEQ | BPF_K, FDG_JUDGED, 0, 1);
	put_return(m, SECCOMP_RET_ALLOW);
	put_return(m, SECCOMP_RET_USER_NOTIF);
}

static bool is_for(const struct fdg_watch *w, int number, bool is_32)
{
	if (number == FDG_NO_NUMBER)
		return false;
	return is_32 ? w->i386[0] == number || w->i386[1] == number : w->number == number;
}

/* What follows the test of the number: its rows, or none of them. Mended apart, for a row without tests leaves nothing behind it. */
static void put_number(struct maker *m, int number, bool is_32, unsigned guards)
{
	unsigned head = put(m, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0), from = m->n;
	const struct fdg_watch *before = NULL;

	for (unsigned i = 0; i < ROWS; i++) {
		if (!(rows[i].guard & guards) || !is_for(&rows[i], number, is_32))
			continue;
		put_row(m, &rows[i], before, from);
		before = &rows[i];
	}
	mend(m, from, TO_NEXT);
	mend(m, from, TO_END);
	put_return(m, SECCOMP_RET_ALLOW);
	if (OPEN(m->n - from))
		m->full = true;
	m->program[head].jf = (unsigned char)(m->n - from);
}

static bool is_first(unsigned row, int number, bool is_32, unsigned guards)
{
	for (unsigned i = 0; i < row; i++)
		if ((rows[i].guard & guards) && is_for(&rows[i], number, is_32))
			return false;
	return true;
}

/* All numbers of an architecture; the number is loaded. */
static void put_numbers(struct maker *m, bool is_32, unsigned guards)
{
	for (unsigned i = 0; i < ROWS && !m->full; i++) {
		const int numbers[2] = { is_32 ? rows[i].i386[0] : rows[i].number, is_32 ? rows[i].i386[1] : FDG_NO_NUMBER };

		for (unsigned k = 0; k < 2; k++)
			if ((rows[i].guard & guards) && numbers[k] != FDG_NO_NUMBER && is_first(i, numbers[k], is_32, guards))
				put_number(m, numbers[k], is_32, guards);
	}
	put_return(m, SECCOMP_RET_ALLOW);
}

static void put_arch(struct maker *m, uint32_t arch, bool is_32, unsigned guards)
{
	unsigned from = m->n;

	put(m, BPF_JMP | BPF_JEQ | BPF_K, arch, 0, TO_END);
	put_load(m, offsetof(struct seccomp_data, nr));
#ifdef FDG_X32_BIT
	if (!is_32) {
		put(m, BPF_JMP | BPF_JGE | BPF_K, FDG_X32_BIT, 0, 1);
		put_return(m, SECCOMP_RET_ALLOW);
	}
#endif
	put_numbers(m, is_32, guards);
	mend(m, from, TO_END);
}

unsigned fdg_filter_make(struct sock_filter program[FDG_FILTER_MAX], unsigned guards)
{
	struct maker m = { program, 0, false };

	put_load(&m, offsetof(struct seccomp_data, arch));
	put_arch(&m, FDG_ARCH, false, guards);
#ifdef FDG_ARCH_32
	put_arch(&m, FDG_ARCH_32, true, guards);
#endif
	put_return(&m, SECCOMP_RET_ALLOW);
	return m.full ? 0 : m.n;
}

/* ---- and back ---- */

static bool holds(const struct fdg_test *t, const struct seccomp_data *d)
{
	uint32_t value = (uint32_t)d->args[t->argument];

	switch (t->kind) {
	case FDG_TEST_IS:
		return value == t->value;
	case FDG_TEST_LACKS:
		return !(value & t->value);
	case FDG_TEST_ABOVE:
		return value > t->value;
	default:
		return true;
	}
}

enum fdg_notice fdg_filter_notice(const struct seccomp_data *d)
{
	bool is_32 = d->arch != FDG_ARCH;

	for (unsigned i = 0; i < ROWS; i++)
		if (is_for(&rows[i], d->nr, is_32) && holds(&rows[i].test[0], d) && holds(&rows[i].test[1], d))
			return rows[i].notice;
	return FDG_NOTICE_NONE;
}
