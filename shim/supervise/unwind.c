// SPDX-License-Identifier: MIT
#include "supervise/unwind.h"

#include <stdlib.h>
#include <string.h>
#ifdef FDG_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#endif

#include "base/elf.h"
#include "base/fmt.h"
#include "report/elf.h"

#include "base/poison.h"

#ifdef FDG_LIBDW
#if defined(__x86_64__)
#define FP 6
#define SP 7
#define RETURN 16
#else
#define FP 29
#define SP 31
#define RETURN 30
#endif
#define FRAME_MAX 8192 /* bytes, where the end of a frame is searched for */

struct fdg_unwinder {
	Elf *elf;
	Dwarf_CFI *cfi;
	struct fdg_elf file;
};

struct fdg_unwinder *fdg_unwind_open(int fd)
{
	struct fdg_unwinder *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	elf_version(EV_CURRENT);
	fdg_elf_open(&u->file, fd);
	/* Read, not mapped: a file that is cut meanwhile would end us. */
	u->elf = elf_begin(fd, ELF_C_READ, NULL);
	u->cfi = u->elf ? dwarf_getcfi_elf(u->elf) : NULL;
	if (u->cfi)
		return u;
	fdg_unwind_close(u);
	return NULL;
}

void fdg_unwind_close(struct fdg_unwinder *u)
{
	if (!u)
		return;
	if (u->cfi)
		dwarf_cfi_end(u->cfi);
	elf_end(u->elf);
	free(u);
}

struct memory {
	uint64_t bias;
	fdg_unwind_word *word;
	void *cookie;
};

static bool word_at(const struct memory *m, uint64_t address, uint64_t *ret)
{
	return m->word(m->cookie, address, ret);
}

#ifdef __x86_64__
/* Is the instruction before this address a call of that function? "call TARGET", or "call *PLACE" with its address in the place. */
static bool is_call_of(const struct memory *m, uint64_t behind, uint64_t function)
{
	uint8_t code[8];
	uint64_t word;
	int32_t distance;

	if (behind < sizeof(code) || !word_at(m, behind - sizeof(code), &word))
		return false;
	memcpy(code, &word, sizeof(code));
	memcpy(&distance, code + 4, sizeof(distance));
	if (code[3] == 0xe8)
		return behind + (uint64_t)(int64_t)distance == function;
	return code[2] == 0xff && code[3] == 0x15 && word_at(m, behind + (uint64_t)(int64_t)distance, &word) && word == function;
}
#else
static bool is_call_of(const struct memory *m, uint64_t behind, uint64_t function)
{
	(void)m, (void)behind, (void)function;
	return false;
}
#endif

/* .eh_frame_hdr: three bytes say how the numbers of a sorted table are written, which tells where functions begin. */
struct head {
	uint8_t version, frame, count, table;
	int32_t at;
	uint32_t n;
};

static bool begin_at(const struct fdg_unwinder *u, const Elf64_Phdr *s, uint32_t i, uint64_t *ret)
{
	int32_t distance;

	if (!fdg_elf_read(&u->file, s->p_offset + sizeof(struct head) + 8 * (uint64_t)i, &distance, sizeof(distance)))
		return false;
	*ret = s->p_vaddr + (uint64_t)(int64_t)distance;
	return true;
}

static bool begin_of(const struct fdg_unwinder *u, uint64_t pc, uint64_t *ret)
{
	struct head head;
	Elf64_Phdr s;
	uint32_t low = 0, high, middle;

	if (!fdg_elf_segment_of_type(&u->file, PT_GNU_EH_FRAME, &s) || !fdg_elf_read(&u->file, s.p_offset, &head, sizeof(head)) || head.version != 1 || head.frame != 0x1b ||
	    head.count != 0x03 || head.table != 0x3b)
		return false;
	for (high = head.n; low < high;) {
		middle = low + (high - low) / 2;
		if (!begin_at(u, &s, middle, ret))
			return false;
		if (*ret <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low && begin_at(u, &s, low - 1, ret);
}

/* A static program of gcc's has no such table, but symbols as a rule. */
static bool begin_by_symbol(const struct fdg_unwinder *u, uint64_t pc, uint64_t *ret)
{
	char symbol[FDG_ELF_NAME + 32];
	struct fdg_buf b = FDG_BUF(symbol);
	const char *plus;

	if (!fdg_elf_symbol(u->file.fd, pc, &b) || !(plus = strrchr(symbol, '+')))
		return false;
	*ret = pc - strtoull(plus + 1, NULL, 16);
	return true;
}

/* The function counts from a frame pointer that nobody saved yet: its frame ends where the return address of a call of it stands. */
static bool search_frame(const struct fdg_unwinder *u, const struct fdg_frame *f, const struct memory *m, uint64_t *ret)
{
	uint64_t at = (f->sp + 15) & ~UINT64_C(15), word, first;

	if (!begin_of(u, f->pc, &first) && !begin_by_symbol(u, f->pc, &first))
		return false;
	for (unsigned i = 0; i < FRAME_MAX / 16; i++) {
		at += 16;
		if (!word_at(m, at - 8, &word))
			return false;
		if (is_call_of(m, word, first + m->bias)) {
			*ret = at;
			return true;
		}
	}
	return false;
}

/* "register + offset", which nearly all are. */
static bool frame_address(const struct fdg_unwinder *u, Dwarf_Frame *frame, const struct fdg_frame *f, const struct memory *m, uint64_t *ret)
{
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_frame_cfa(frame, &ops, &n) != 0 || n != 1 || ops[0].atom != DW_OP_bregx || (ops[0].number != SP && ops[0].number != FP))
		return false;
	if (ops[0].number == FP && !f->has_fp)
		return search_frame(u, f, m, ret);
	*ret = (ops[0].number == SP ? f->sp : f->fp) + ops[0].number2;
	return true;
}

enum where { NOWHERE, UNCHANGED, SAVED };

/* Where the caller's value of a register is: "frame address + offset", or where it was. */
static enum where saved_at(Dwarf_Frame *frame, int number, uint64_t address, uint64_t *ret)
{
	Dwarf_Op memory[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, number, memory, &ops, &n) != 0)
		return NOWHERE;
	if (!n)
		return ops ? NOWHERE : UNCHANGED;
	*ret = address;
	for (size_t i = 0; i < n; i++)
		if (i == 0 && ops[i].atom == DW_OP_call_frame_cfa)
			continue;
		else if (i == 1 && ops[i].atom == DW_OP_plus_uconst)
			*ret += ops[i].number;
		else
			return NOWHERE;
	return SAVED;
}

static bool step(const struct fdg_unwinder *u, Dwarf_Frame *frame, struct fdg_frame *f, const struct memory *m)
{
	uint64_t address, at;
	enum where fp;

	if (!frame_address(u, frame, f, m, &address) || address <= f->sp)
		return false;
	fp = saved_at(frame, FP, address, &at);
	if (fp == SAVED)
		f->has_fp = word_at(m, at, &f->fp);
	else if (fp == NOWHERE)
		f->has_fp = false;
	if (saved_at(frame, RETURN, address, &at) != SAVED || !word_at(m, at, &f->pc))
		return false;
	f->sp = address;
	return f->pc > 1;
}

bool fdg_unwind_step(struct fdg_unwinder *u, struct fdg_frame *f, uint64_t bias, fdg_unwind_word *word, void *cookie)
{
	const struct memory m = { bias, word, cookie };
	Dwarf_Frame *frame;
	bool found;

	if (dwarf_cfi_addrframe(u->cfi, f->pc, &frame) != 0)
		return false;
	found = step(u, frame, f, &m);
	free(frame);
	return found;
}

#else

struct fdg_unwinder *fdg_unwind_open(int fd)
{
	(void)fd;
	return NULL;
}

void fdg_unwind_close(struct fdg_unwinder *u)
{
	(void)u;
}

bool fdg_unwind_step(struct fdg_unwinder *u, struct fdg_frame *f, uint64_t bias, fdg_unwind_word *word, void *cookie)
{
	(void)u, (void)f, (void)bias, (void)word, (void)cookie;
	return false;
}

#endif
