// SPDX-License-Identifier: MIT
#include "supervise/gostack.h"

#include <string.h>

#include "base/big.h"
#include "base/fmt.h"
#include "guards/nonblock/shared.h"
#include "supervise/facts.h"

#include "base/poison.h"

#define FRAMES_MAX 256
#define PCS 8192   /* remembered */
#define STACK 4096 /* read at once */

/* ---- names ---- */

/* The first parts of the names of the packages that come with Go; "vendor": what these have of others. Those of programs begin with a host, or with a module's name. */
static const char *const standard[] = {
	"archive", "arena", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go",
	"hash", "html", "image", "index", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort", "strconv",
	"strings", "structs", "sync", "syscall", "testing", "text", "time", "type", "unicode", "unique", "unsafe", "vendor", "weak",
};

static bool is_standard(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
		if (strlen(standard[i]) == n && memcmp(standard[i], name, n) == 0)
			return true;
	return false;
}

static const char c_function[] = "._Cfunc_"; /* what cgo makes for each: "main._Cfunc_tune" */

bool fdg_go_is_library(const char *function)
{
	static const char calls[] = "golang.org/x/sys/";

	return is_standard(function, strcspn(function, "./:[(")) || strncmp(function, calls, sizeof(calls) - 1) == 0 || strstr(function, c_function);
}

/* "/usr/lib/go-1.19/src/os/file_unix.go"; with -trimpath "os/file_unix.go" */
bool fdg_go_is_library_file(const char *file)
{
	const char *at = file, *src;

	while ((src = strstr(at, "/src/")))
		at = src + 5;
	return (at > file || *file != '/') && strchr(at, '/') && is_standard(at, strcspn(at, "/"));
}

/* ---- places ---- */

/* Of an address, as far as the stack goes: looked up once. */
static struct known {
	uint64_t key, pc;
	uint32_t depth;
	enum { UNKNOWN, STRANGE, LIBRARY, OWN } kind; /* STRANGE: not in Go's code */
} known[PCS] FDG_BIG;

static bool see_own(void *cookie, const struct fdg_go_line *l, bool is_inlined)
{
	(void)is_inlined;
	*(bool *)cookie |= !fdg_go_is_library(l->function);
	return *(bool *)cookie;
}

static void look(const struct fdg_go_program *p, uint64_t pc, struct known *k)
{
	struct fdg_go_function f;
	bool is_own = false;

	*k = (struct known){ .key = p->key, .pc = pc, .kind = STRANGE };
	if (!fdg_gopcln_find(&p->table, pc, &f) || !fdg_gopcln_depth(&p->table, &f, pc, &k->depth) || !fdg_gopcln_lines(&p->table, &f, pc, see_own, &is_own))
		return;
	k->kind = is_own ? OWN : LIBRARY;
}

static const struct known *known_of(const struct fdg_go_program *p, uint64_t pc)
{
	struct known *k = &known[fdg_hash(p->key, &pc, sizeof(pc)) % PCS];

	if (k->key != p->key || k->pc != pc || k->kind == UNKNOWN)
		look(p, pc, k);
	return k;
}

/* ---- the stack ---- */

struct stack {
	int tid;
	uint64_t sp;
	long have;
	uint64_t word[STACK / 8];
};

static uint64_t word_at(const struct stack *s, uint64_t address)
{
	uint64_t word;

	if (address >= s->sp && address - s->sp + 8 <= (uint64_t)s->have && (address - s->sp) % 8 == 0)
		return s->word[(address - s->sp) / 8];
	return fdg_facts_read(s->tid, address, &word, sizeof(word)) == sizeof(word) ? word : 0;
}

/* A call's return address lies above what the function has on the stack. On aarch64 the one that makes the system call has it in a register, which nobody shows us. */
#ifdef __x86_64__
#define IS_ON_STACK true
#else
#define IS_ON_STACK false
#endif

unsigned fdg_go_stack(const struct fdg_go_program *p, int tid, uint64_t pc, uint64_t sp, struct fdg_go_frame *ret, unsigned max)
{
	static struct stack s;
	uint64_t callee = 0;
	unsigned n = 0;

	s.tid = tid;
	s.sp = sp;
	s.have = fdg_facts_read(tid, sp, s.word, sizeof(s.word));
	for (unsigned i = 0; IS_ON_STACK && i < FRAMES_MAX && n < max && pc; i++) {
		const struct known *k = known_of(p, pc - 1);

		if (k->kind == STRANGE)
			break;
		if (k->kind == OWN)
			ret[n++] = (struct fdg_go_frame){ pc - 1, callee };
		callee = pc - 1;
		pc = word_at(&s, sp + k->depth);
		sp += k->depth + 8;
	}
	return n;
}

/* ---- below C ---- */

static bool is_in(const struct fdg_go_program *p, uint64_t pc, const char *function)
{
	struct fdg_go_function f;
	char name[FDG_GO_NAME];

	return pc > p->first && pc <= p->end && fdg_gopcln_find(&p->table, pc - 1, &f) && fdg_gopcln_name(&p->table, &f, name) && strncmp(name, function, strlen(function)) == 0;
}

/* asmcgocall has kept whose stack it left (g, which begins with the stack's bounds), and how far from its upper end: a stack may move meanwhile. */
static bool is_left(const struct fdg_go_program *p, int tid, uint64_t g, uint64_t depth, uint64_t *pc, uint64_t *sp)
{
	uint64_t bound[2], behind;

	if (fdg_facts_read(tid, g, bound, sizeof(bound)) != sizeof(bound) || bound[0] >= bound[1] || depth < sizeof(behind) || depth > bound[1] - bound[0] ||
	    fdg_facts_read(tid, bound[1] - depth, &behind, sizeof(behind)) != sizeof(behind) || !is_in(p, behind, "runtime.cgocall"))
		return false;
	*pc = behind;
	*sp = bound[1] - depth + sizeof(behind);
	return true;
}

bool fdg_go_below_c(const struct fdg_go_program *p, int tid, uint64_t *pc, uint64_t *sp)
{
	static const struct { unsigned g, depth; } places[] = { { 6, 5 }, { 1, 0 } }; /* as Go 1.19 has it, and newer ones */
	uint64_t word[7];

	if (!IS_ON_STACK || !is_in(p, *pc, "runtime.asmcgocall") || fdg_facts_read(tid, *sp, word, sizeof(word)) != sizeof(word))
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_left(p, tid, word[places[i].g], word[places[i].depth], pc, sp))
			return true;
	return false;
}

/* ---- source ---- */

static bool see_source(void *cookie, const struct fdg_go_line *l, bool is_inlined)
{
	struct fdg_go_source *s = cookie;

	s->line = *l;
	s->is_inlined = is_inlined;
	if (!fdg_go_is_library(l->function))
		return true;
	memcpy(s->callee, l->function, sizeof(s->callee));
	return false;
}

/* "os.(*File).Fd-fm": what a method value calls is the method. "main._Cfunc_tune" is "C.tune" in the source. */
static void without_wrapper(char *callee)
{
	size_t n = strlen(callee);
	const char *c = strstr(callee, c_function);

	if (c) {
		c += sizeof(c_function) - 1;
		callee[0] = 'C';
		callee[1] = '.';
		memmove(callee + 2, c, strlen(c) + 1);
	} else if (n > 3 && strcmp(callee + n - 3, "-fm") == 0) {
		callee[n - 3] = '\0';
	}
}

bool fdg_go_source_of(const struct fdg_go_program *p, const struct fdg_go_frame *frame, struct fdg_go_source *ret)
{
	struct fdg_buf symbol = FDG_BUF(ret->symbol);
	struct fdg_go_function f;
	char name[FDG_GO_NAME];

	ret->callee[0] = '\0';
	if (frame->callee && fdg_gopcln_find(&p->table, frame->callee, &f) && fdg_gopcln_name(&p->table, &f, ret->callee) && !fdg_go_is_library(ret->callee))
		ret->callee[0] = '\0';
	if (!fdg_gopcln_find(&p->table, frame->pc, &f) || !fdg_gopcln_name(&p->table, &f, name) || !fdg_gopcln_lines(&p->table, &f, frame->pc, see_source, ret))
		return false;
	without_wrapper(ret->callee);
	fdg_put(&symbol, name);
	fdg_put_char(&symbol, '+');
	fdg_put_hex(&symbol, frame->pc - f.entry);
	/* Where it is not told what is inlined, the line may be that of something else. */
	if (!fdg_gopcln_knows_inlined(&p->table) && fdg_go_is_library_file(ret->line.file))
		ret->line.file[0] = '\0';
	return true;
}
