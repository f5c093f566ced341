// SPDX-License-Identifier: MIT
/*
 * The kernel's migration has a gap: a handshake whose last packet is worked on by another processor at the very moment of the close is reset. (Of 4,000 connections at full speed,
 * while 160 listeners are closed: none to four; with tcp_migrate_req=1 as well.) So for that moment such packets are dropped, which the client sends again.
 */
#include "guards/reuseport/quiet.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/sys.h"

#include "base/poison.h"

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

enum { WAIT_NS = 60000, LASTS_NS = 20000000, FLAGS = 13, SYN_OR_RST = 6 };

#define INSN(...) (struct bpf_insn){ __VA_ARGS__ }

/* Drops what is neither SYN nor RST, until `end`: what outlives the close after all is not to stay deaf. */
static int load(uint64_t end)
{
	const struct bpf_insn program[] = {
		INSN(.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1),
		INSN(.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns),
		INSN(.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_2, .imm = (int32_t)(uint32_t)end),
		INSN(.imm = (int32_t)(uint32_t)(end >> 32)),
		INSN(.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_2, .off = 5),
		INSN(.code = BPF_LD | BPF_ABS | BPF_B, .imm = FLAGS),
		INSN(.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_0, .imm = SYN_OR_RST),
		INSN(.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_0, .off = 2),
		INSN(.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0),
		INSN(.code = BPF_JMP | BPF_EXIT),
		INSN(.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1),
		INSN(.code = BPF_JMP | BPF_EXIT),
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (uintptr_t)program;
	a.insn_cnt = sizeof(program) / sizeof(*program);
	a.license = (uintptr_t) "MIT";
	memcpy(a.prog_name, "fdg_quiet", sizeof("fdg_quiet"));
	return (int)fdg_sys3(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}

/* The program's own, or one that we may not see. */
static bool has_filter(int fd)
{
	unsigned n = 0;

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n) != 0 || n != 0;
}

static uint64_t nanoseconds(void);

/* What got in before is through by then; a sleep takes longer, and drops more. */
static void wait_for_others(void)
{
	uint64_t begun = nanoseconds();

	while (nanoseconds() - begun < WAIT_NS)
		;
}

static uint64_t nanoseconds(void)
{
	struct timespec now = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool fdg_quiet(int fd)
{
	int program, r;

	if (has_filter(fd))
		return false;
	program = load(nanoseconds() + LASTS_NS);
	if (program < 0)
		return false;
	r = (int)fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program));
	fdg_sys_close(program);
	if (r == 0)
		wait_for_others();
	return r == 0;
}

void fdg_quiet_end(int fd)
{
	int none = 0;

	fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
}
