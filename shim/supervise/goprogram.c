// SPDX-License-Identifier: MIT
#include "supervise/goprogram.h"

#include <fcntl.h>
#include <string.h>

#include "base/big.h"
#include "base/elf.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/nonblock/shared.h"
#include "supervise/facts.h"
#include "supervise/mounts.h"

#include "base/poison.h"

#define PROGRAMS 64      /* remembered, by pid */
#define PIECE (256u << 10)
#define SEARCH_MAX (256ull << 20) /* bytes of a program */

/* Words of runtime.moduledata, which begins with the table's address. */
enum { WORD_NAMES = 1, WORD_TEXT = 22, WORD_GOFUNC_18 = 38, WORD_GOFUNC_20 = 40, WORDS = 41 };

struct look {
	int pid;
	uint64_t bias;
	struct fdg_elf elf;
	struct fdg_go_program *ret;
};

static bool read_memory(void *cookie, uint64_t address, void *to, size_t n)
{
	return fdg_facts_read(*(const int *)cookie, address, to, n) == (long)n;
}

/* ---- what the kernel knows ---- */

struct vector {
	uint64_t entry, mark;
};

static bool read_vector(int pid, struct vector *ret)
{
	Elf64_auxv_t v[64];
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	int fd;
	long n;

	fdg_fmt(&b, "/proc/%d/auxv", pid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	n = fdg_sys_read(fd, v, sizeof(v));
	fdg_sys_close(fd);
	if (n <= 0)
		return false;
	*ret = (struct vector){ 0, fdg_hash((uint64_t)pid, v, (size_t)n) };
	for (size_t i = 0; i < (size_t)n / sizeof(v[0]); i++)
		if (v[i].a_type == AT_ENTRY)
			ret->entry = v[i].a_un.a_val;
	return true;
}

/* ---- the table ---- */

/* Does the table know what is in its own first function? Before it is known where the code is, nobody can say. */
static bool is_table(struct fdg_go_program *p)
{
	const struct fdg_gopcln *t = &p->table;
	struct fdg_go_function f;
	char name[FDG_GO_NAME];

	return fdg_gopcln_range(t, &p->first, &p->end) && fdg_gopcln_find(t, p->first, &f) && fdg_gopcln_name(t, &f, name);
}

/* Where it ends nobody says: it is read as far as it goes. */
static bool try_table(struct look *l, uint64_t address, uint64_t size)
{
	struct fdg_go_program *p = l->ret;

	p->table = (struct fdg_gopcln){ .copy = read_memory, .cookie = &p->pid, .address = address, .size = size };
	return fdg_gopcln_open(&p->table) && p->table.pointer == 8 && is_table(p);
}

static bool try_section(struct look *l)
{
	Elf64_Shdr s;

	return (fdg_elf_section_named(&l->elf, ".gopclntab", &s) || fdg_elf_section_named(&l->elf, ".data.rel.ro.gopclntab", &s)) && s.sh_flags & SHF_ALLOC &&
	       try_table(l, l->bias + s.sh_addr, s.sh_size);
}

/* One piece of memory, whose address and size are multiples of 8. True: that is it. */
typedef bool see_piece(struct look *l, uint64_t address, const uint8_t *piece, size_t n, uint64_t left);

static uint8_t *room;

/* Segments with these rights, of those that may be written or executed. */
static bool search(struct look *l, unsigned rights, see_piece *see)
{
	uint64_t left = SEARCH_MAX, at, end;
	Elf64_Phdr s;
	long n;

	for (unsigned i = 0; fdg_elf_segment(&l->elf, i, &s); i++) {
		if (s.p_type != PT_LOAD || (s.p_flags & (PF_W | PF_X)) != rights)
			continue;
		at = (l->bias + s.p_vaddr + 7) & ~UINT64_C(7);
		end = l->bias + s.p_vaddr + s.p_filesz;
		for (; at < end && left; at += (uint64_t)n, left -= (uint64_t)n) {
			n = fdg_facts_read(l->pid, at, room, end - at < PIECE ? end - at : PIECE) & ~7L;
			if (n <= 0 || (uint64_t)n > left)
				break;
			if (see(l, at, room, (size_t)n, end - at))
				return true;
		}
	}
	return false;
}

static bool see_table(struct look *l, uint64_t address, const uint8_t *piece, size_t n, uint64_t left)
{
	for (size_t i = 0; i + FDG_GO_MAGIC <= n; i += 8)
		if (fdg_gopcln_is_magic(piece + i) && try_table(l, address + i, left - i))
			return true;
	return false;
}

/* The table again, and which part of it the names are: nothing else begins so. */
static bool try_module(struct look *l, uint64_t address)
{
	struct fdg_gopcln *t = &l->ret->table;
	uint64_t word[WORDS];

	if (!read_memory(&l->pid, address, word, sizeof(word)) || word[WORD_NAMES] != t->address + t->names)
		return false;
	t->text = t->text ? t->text : word[WORD_TEXT];
	t->gofunc = word[t->version == FDG_GO_20 ? WORD_GOFUNC_20 : WORD_GOFUNC_18];
	return true;
}

static bool see_module(struct look *l, uint64_t address, const uint8_t *piece, size_t n, uint64_t left)
{
	uint64_t word;

	(void)left;
	for (size_t i = 0; i < n; i += sizeof(word)) {
		memcpy(&word, piece + i, sizeof(word));
		if (word == l->ret->table.address && try_module(l, address + i))
			return true;
	}
	return false;
}

/* C's linker names no section of it where the program can be anywhere. */
static bool find_table(struct look *l)
{
	struct fdg_gopcln *t = &l->ret->table;

	if (!try_section(l) && (!fdg_elf_is_go(&l->elf) || (!search(l, 0, see_table) && !search(l, PF_W, see_table) && !search(l, PF_X, see_table))))
		return false;
	if (t->version >= FDG_GO_18 && !search(l, PF_W, see_module))
		search(l, 0, see_module);
	return (t->text || t->version < FDG_GO_18) && is_table(l->ret);
}

static bool look(struct look *l, int exe, uint64_t entry)
{
	struct fdg_go_program *p = l->ret;

	if (!room && !(room = fdg_sys_mmap(PIECE, false)))
		return false;
	if (!fdg_elf_open(&l->elf, exe))
		return false;
	l->bias = entry - l->elf.entry;
	if (!find_table(l) || !read_memory(&l->pid, p->table.address, p->head, sizeof(p->head)))
		return false;
	p->bias = l->bias;
	p->key = fdg_hash(fdg_hash(p->table.address, p->head, sizeof(p->head)), &p->bias, sizeof(p->bias));
	return true;
}

/* The program's file; -1: it cannot be opened, or whoever serves it may wait for us. */
static int open_exe(int pid)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);

	fdg_fmt(&b, "/proc/%d/exe", pid);
	return fdg_mounts_is_link_served(pid, path) ? -1 : fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
}

bool fdg_go_program_look(int pid, struct fdg_go_program *ret)
{
	struct look l = { .pid = pid, .ret = ret };
	struct vector v;
	int exe;

	*ret = (struct fdg_go_program){ .pid = pid };
	if (!read_vector(pid, &v))
		return false;
	ret->mark = v.mark;
	exe = open_exe(pid);
	if (exe < 0)
		return false;
	ret->is_go = look(&l, exe, v.entry);
	fdg_sys_close(exe);
	return ret->is_go;
}

/* ---- those that are known ---- */

static struct fdg_go_program programs[PROGRAMS] FDG_BIG;

/* Of a Go program the head of its table tells that it is still that one. */
static bool is_still(const struct fdg_go_program *p, int pid)
{
	uint8_t head[FDG_GO_HEAD];
	struct vector v;

	if (p->pid != pid)
		return false;
	if (p->is_go)
		return read_memory(&pid, p->table.address, head, sizeof(head)) && memcmp(head, p->head, sizeof(head)) == 0;
	return read_vector(pid, &v) && v.mark == p->mark;
}

const struct fdg_go_program *fdg_go_program_of(int pid)
{
	struct fdg_go_program *p = &programs[(unsigned)pid % PROGRAMS];

	if (!is_still(p, pid))
		fdg_go_program_look(pid, p);
	return p->is_go ? p : NULL;
}

bool fdg_go_is(struct fdg_process *p)
{
	struct fdg_elf e;
	int exe;

	if (p->go != FDG_GO_UNKNOWN)
		return p->go == FDG_GO;
	exe = open_exe(p->pid);
	p->go = exe >= 0 && fdg_elf_open(&e, exe) && fdg_elf_is_go(&e) ? FDG_GO : FDG_NOT_GO;
	if (exe >= 0)
		fdg_sys_close(exe);
	return p->go == FDG_GO;
}
