// SPDX-License-Identifier: MIT
#include "supervise/native.h"

#include <string.h>
#include <time.h>

#include "base/big.h"
#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "report/elf.h"
#include "supervise/objects.h"
#include "supervise/unwind.h"

#include "base/poison.h"

#define STEPS_MAX 64
#define WALKS 1024  /* stacks that are remembered */
#define NAMES 64    /* of objects */
#define WORDS 96    /* of a stack, by which it is known */
#define RANGES 16
#define FREE_NS INT64_C(1000000000)
#define PROCESSES 64 /* whose files are remembered */
#define NEAR (16u << 10)

/* ---- who is libc ---- */

bool fdg_native_is_libc(const char *object)
{
	static const char *const prefixes[] = { "libc.so", "libc-2.", "libpthread", "ld-linux", "ld-musl", "linux-vdso", "libfdguard.so" };
	const char *base = fdg_base_name(object);

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(base, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* Underscores in front, and what stands behind a name in libc: "__libc_fcntl64", "__fcntl64_nocancel_adjusted". */
static bool is_call(const char *name, size_t n)
{
	static const char *const calls[] = { "fcntl", "fcntl64", "ioctl", "dup", "dup2", "dup3", "syscall", "syscall_cp", "syscall_cp_c", "syscall_cp_asm", "select", "pselect", "pselect64", "pselect32",
					     "execve", "execv", "execvp", "execvpe", "execvpe_common", "execl", "execle", "execlp", "fexecve", "execveat", "posix_spawn", "posix_spawnp",
					     "spawni", "spawnix", "spawni_child", "system", "do_system", "popen", "setsockopt", "listen" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strlen(calls[i]) == n && memcmp(calls[i], name, n) == 0)
			return true;
	return false;
}

static size_t without_ends(const char *name, size_t n)
{
	static const char *const ends[] = { "_nocancel_adjusted", "_nocancel", "_internal" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (n > strlen(ends[i]) && memcmp(name + n - strlen(ends[i]), ends[i], strlen(ends[i])) == 0)
			return n - strlen(ends[i]);
	return n;
}

/* Both manglings: "_ZN3std2os…", "_RNvMNtCs…_3std2os…". */
static bool is_rusts(const char *symbol)
{
	static const char *const crates[] = { "3std", "4core", "5alloc" };
	const char *crate = strncmp(symbol, "_R", 2) == 0 ? strstr(symbol, "Cs") : NULL;

	crate = crate ? strchr(crate, '_') : NULL;
	for (size_t i = 0; i < sizeof(crates) / sizeof(crates[0]); i++)
		if ((strncmp(symbol, "_ZN", 3) == 0 && strncmp(symbol + 3, crates[i], strlen(crates[i])) == 0) || (crate && strncmp(crate + 1, crates[i], strlen(crates[i])) == 0))
			return true;
	return false;
}

bool fdg_native_is_library(const char *symbol)
{
	const char *name = symbol + strspn(symbol, "_");
	size_t n = strcspn(name, "+");

	if (n > 5 && strncmp(name, "libc_", 5) == 0) {
		name += 5;
		n -= 5;
	}
	return is_rusts(symbol) || is_call(name, without_ends(name, n));
}

/* ---- stacks that were walked ---- */

static struct walk {
	uint64_t key;
	uint64_t end_pc, end_depth; /* depth: from where the stack was */
	unsigned frames;
	struct { unsigned name; uint64_t offset; char symbol[FDG_ELF_NAME + 32]; } frame[FDG_NATIVE_FRAMES];
} walks[WALKS] FDG_BIG;

static char names[NAMES][256] FDG_BIG;

/* NAMES: there is no room for it. */
static unsigned name_of(const char *object)
{
	unsigned i;
	struct fdg_buf b;

	for (i = 0; i < NAMES && names[i][0]; i++)
		if (strcmp(names[i], object) == 0)
			return i;
	if (i == NAMES)
		return i;
	b = (struct fdg_buf)FDG_BUF(names[i]);
	fdg_put(&b, object);
	return i;
}

/* Where the files of processes are: what points there are return addresses, most of it. */
static struct code {
	int pid;
	unsigned count;
	struct { uint64_t first, end; } range[RANGES];
} codes[PROCESSES];

static struct code *code_of(int pid)
{
	return &codes[(unsigned)pid % PROCESSES];
}

static void keep_ranges(const struct fdg_process *p, const struct fdg_objects *o)
{
	struct code *c = code_of(p->pid);

	c->pid = p->pid;
	for (c->count = 0; c->count < o->count && c->count < RANGES; c->count++) {
		c->range[c->count].first = o->object[c->count].first;
		c->range[c->count].end = o->object[c->count].end;
	}
}

static bool is_code(const struct code *c, uint64_t word)
{
	for (unsigned i = 0; i < c->count; i++)
		if (word >= c->range[i].first && word < c->range[i].end)
			return true;
	return false;
}

/* The same calls leave the same return addresses at the same places. */
static uint64_t key_of(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp)
{
	const char *exe = fdg_facts_exe(p);
	uint64_t word[WORDS], key = fdg_hash(fdg_hash((uint64_t)p->pid, exe, strlen(exe)), &pc, sizeof(pc));
	long n = fdg_facts_read(tid, sp, word, sizeof(word));

	for (long i = 0; i < n / (long)sizeof(word[0]); i++)
		if (is_code(code_of(p->pid), word[i]))
			key = fdg_hash(fdg_hash(key, &word[i], sizeof(word[i])), &i, sizeof(i));
	return key | 1;
}

/* ---- the walk ---- */

struct ascent {
	struct fdg_process *p;
	int tid;
	struct fdg_objects objects;
	struct fdg_unwinder *unwinder[FDG_OBJECTS];
};

static bool read_word(void *cookie, uint64_t address, uint64_t *ret)
{
	const struct ascent *a = cookie;

	return fdg_facts_read(a->tid, address, ret, sizeof(*ret)) == sizeof(*ret);
}

static struct fdg_unwinder *unwinder_of(struct ascent *a, const struct fdg_object *o)
{
	struct fdg_unwinder **u = &a->unwinder[o - a->objects.object];

	if (!*u && o->fd >= 0)
		*u = fdg_unwind_open(o->fd);
	return *u;
}

/* Where there are no names, libc is the function that makes the system call itself, and what lies beside it: in a static program the linker keeps libc together. */
static bool is_own(const struct fdg_object *o, const char *symbol, uint64_t offset, uint64_t call)
{
	if (fdg_native_is_libc(o->name))
		return false;
	if (*symbol)
		return !fdg_native_is_library(symbol);
	return offset + NEAR < call || offset > call + NEAR;
}

static void keep_frame(struct walk *w, const struct fdg_object *o, uint64_t offset, uint64_t call)
{
	unsigned name = name_of(o->name);
	char *symbol = w->frame[w->frames].symbol;
	struct fdg_buf b = { symbol, 0, sizeof(w->frame[0].symbol), false };

	*symbol = '\0';
	if (o->fd >= 0)
		fdg_elf_symbol(o->fd, offset, &b);
	if (name == NAMES || !is_own(o, symbol, offset, call))
		return;
	w->frame[w->frames].name = name;
	w->frame[w->frames++].offset = offset;
}

static void ascend(struct ascent *a, struct fdg_frame f, struct walk *w)
{
	uint64_t call = f.pc, begin = f.sp;

	for (unsigned i = 0; i < STEPS_MAX && w->frames < FDG_NATIVE_FRAMES; i++) {
		struct fdg_object *o = fdg_objects_find(a->p, &a->objects, f.pc - 1);
		struct fdg_unwinder *u;

		if (!o)
			return;
		w->end_pc = f.pc;
		w->end_depth = f.sp - begin;
		f.pc = f.pc - 1 - o->bias;
		keep_frame(w, o, f.pc, call - o->bias);
		u = unwinder_of(a, o);
		if (!u || !fdg_unwind_step(u, &f, o->bias, read_word, a))
			return;
	}
}

static int64_t now(void)
{
	struct timespec t;

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Stacks that are always new ones would be walked for ever: a second is free, then a twentieth of the time. */
static struct {
	int64_t begin, spent;
} budget;

static bool may_walk(void)
{
	if (!budget.begin)
		budget.begin = now();
	return budget.spent < FREE_NS || budget.spent - FREE_NS < (now() - budget.begin) / 20;
}

static void walk(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp, struct walk *ret)
{
	static struct ascent a;
	int64_t begin = now();

	a = (struct ascent){ .p = p, .tid = tid };
	fdg_objects_look(p, &a.objects);
	keep_ranges(p, &a.objects);
	ascend(&a, (struct fdg_frame){ .pc = pc, .sp = sp }, ret);
	for (unsigned i = 0; i < FDG_OBJECTS; i++)
		fdg_unwind_close(a.unwinder[i]);
	fdg_objects_close(&a.objects);
	budget.spent += now() - begin;
}

/* Walked, and kept: which files there are is known now, so its key may be another. */
static const struct walk *new_walk(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp)
{
	static struct walk w;

	w.frames = 0;
	w.end_pc = w.end_depth = 0;
	walk(p, tid, pc, sp, &w);
	w.key = key_of(p, tid, pc, sp);
	walks[w.key % WALKS] = w;
	return &w;
}

unsigned fdg_native_stack(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp, struct fdg_place *ret, struct fdg_source *ret_source, unsigned max,
			  struct fdg_native_end *ret_end)
{
	uint64_t key = key_of(p, tid, pc, sp);
	const struct walk *w = &walks[key % WALKS];
	unsigned n;

	if (w->key != key || code_of(p->pid)->pid != p->pid) {
		*ret_end = (struct fdg_native_end){ 0, 0 };
		if (!may_walk())
			return 0;
		w = new_walk(p, tid, pc, sp);
	}
	*ret_end = (struct fdg_native_end){ w->end_pc, sp + w->end_depth };
	for (n = 0; n < w->frames && n < max; n++) {
		ret[n] = (struct fdg_place){ names[w->frame[n].name], w->frame[n].offset };
		ret_source[n] = (struct fdg_source){ .symbol = w->frame[n].symbol };
	}
	return n;
}
