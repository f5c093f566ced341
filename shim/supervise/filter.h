/* SPDX-License-Identifier: MIT */
/*
 * calls.def -> the seccomp filter of a supervised program, and back: which row a notification is about.
 *
 * Classic BPF of loads, JEQ, JGE, JGT, JSET and RET alone, arguments looked at behind the number only: so the kernel knows beforehand which calls are always allowed, and does not run
 * the filter for them. x32 calls and 32-bit ARM are allowed unseen.
 */
#ifndef FDG_SUPERVISE_FILTER_H
#define FDG_SUPERVISE_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

enum fdg_notice {
	FDG_NOTICE_NONE,
	FDG_NOTICE_SETFL,
	FDG_NOTICE_FIONBIO,
	FDG_NOTICE_DUP,
	FDG_NOTICE_COPY, /* that children inherit */
	FDG_NOTICE_DUP_TO,
	FDG_NOTICE_INHERITABLE,
	FDG_NOTICE_EXEC,
	FDG_NOTICE_EXECAT,
	FDG_NOTICE_SELECT,
	FDG_NOTICE_REUSE,
	FDG_NOTICE_STEER,
	FDG_NOTICE_ASK,
	FDG_NOTICES
};

/* Bits: whose rows count. */
enum { FDG_FOR_run = 1, FDG_FOR_nonblock = 2, FDG_FOR_cloexec = 4, FDG_FOR_select = 8, FDG_FOR_reuseport = 16, FDG_FOR_copies = FDG_FOR_nonblock | FDG_FOR_cloexec };

enum fdg_test_kind { FDG_TEST_ANY, FDG_TEST_IS, FDG_TEST_LACKS, FDG_TEST_ABOVE };
struct fdg_test {
	enum fdg_test_kind kind;
	unsigned argument;
	uint32_t value;
};

struct fdg_watch {
	enum fdg_notice notice;
	unsigned guard;
	int number, i386[2]; /* FDG_NO_NUMBER: none */
	struct fdg_test test[2];
};

/* The rows, those of one call next to each other. */
const struct fdg_watch *fdg_watch_rows(unsigned *ret_count);

#define FDG_FILTER_MAX 320
/* Writes the program and returns its length; 0: it does not fit. */
unsigned fdg_filter_make(struct sock_filter program[FDG_FILTER_MAX], unsigned guards);
/* What a call is to us. */
enum fdg_notice fdg_filter_notice(const struct seccomp_data *d);

#endif
