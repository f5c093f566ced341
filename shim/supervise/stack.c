// SPDX-License-Identifier: MIT
#include "supervise/stack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/big.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/facts.h"
#include "supervise/gostack.h"
#include "supervise/native.h"
#include "supervise/numbers.h"

#include "base/poison.h"

#define CALL 256
#define MOMENTS 100 /* for a thread that has no processor */

/* The last one that was asked for. */
static struct {
	unsigned frames, native; /* native: those before a goroutine's, whose sources are read when they are asked for */
	const struct fdg_go_program *go;
	struct fdg_go_frame frame[FDG_FRAMES_MAX];
	struct fdg_go_source text[FDG_FRAMES_MAX];
	struct fdg_source source[FDG_FRAMES_MAX];
} last FDG_BIG;

static long read_call(int tid, char text[CALL])
{
	struct fdg_buf path = { text, 0, CALL, false };
	int fd;
	long n;

	fdg_fmt(&path, "/proc/%d/syscall", tid);
	fd = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	n = fdg_sys_read(fd, text, CALL - 1);
	fdg_sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* "72 0xc 0x4 0x2 0x0 0x0 0x0 0x7ffd1f000000 0x40f1a5": where the stack is, and behind the call. "running": we were told of the call before the thread had time to go to sleep for it. */
static uint64_t stack_pointer(int tid)
{
	const struct timespec moment = { 0, 100000 };
	char text[CALL], *at = text;

	for (int i = 0; read_call(tid, text) > 0 && text[0] == 'r' && i < MOMENTS; i++)
		fdg_sys2(SYS_nanosleep, &moment, NULL);
	for (int word = 0; at && word < 7; word++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 16) : 0;
}

static bool is_goroutine(const struct fdg_process *p, uint64_t pc)
{
	last.go = fdg_go_program_of(p->pid);
	return last.go && pc > last.go->first && pc <= last.go->end;
}

static unsigned goroutine(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp, struct fdg_place *ret, unsigned max)
{
	unsigned n = fdg_go_stack(last.go, tid, pc, sp, last.frame, max);

	for (unsigned i = 0; i < n; i++)
		ret[i] = (struct fdg_place){ fdg_facts_exe(p), last.frame[i].pc - last.go->bias };
	return n;
}

/* What cgo makes for each C function that Go calls, which may be inlined into it. */
static bool is_helper(const char *symbol)
{
	return strncmp(symbol, "_cgo_", 5) == 0 && strstr(symbol, "_Cfunc_");
}

static bool is_gos(struct fdg_process *p, const struct fdg_place *at)
{
	uint64_t pc = at->offset + last.go->bias;

	return pc >= last.go->first && pc < last.go->end && strcmp(at->object, fdg_facts_exe(p)) == 0;
}

/* C code, and the goroutine that called it. */
static unsigned native(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp, struct fdg_place *ret, unsigned max)
{
	struct fdg_place place[FDG_NATIVE_FRAMES];
	struct fdg_native_end end;
	unsigned n = fdg_native_stack(p, tid, pc, sp, place, last.source, FDG_NATIVE_FRAMES, &end);

	while (last.go && n && is_gos(p, &place[n - 1]))
		n--;
	if (last.go && fdg_go_below_c(last.go, tid, &end.pc, &end.sp)) {
		if (n && is_helper(last.source[n - 1].symbol))
			n--;
	} else {
		end.pc = 0;
	}
	n = n < max ? n : max;
	memcpy(ret, place, n * sizeof(*ret));
	last.native = n;
	return n + (end.pc && n < max ? goroutine(p, tid, end.pc, end.sp, ret + n, max - n) : 0);
}

unsigned fdg_site_of(int tid, const struct seccomp_data *call, struct fdg_place *ret, unsigned max)
{
	struct fdg_process *p = fdg_facts_of(tid);
	uint64_t sp;

	last.frames = last.native = 0;
	if (!p || call->arch != FDG_ARCH || !(sp = stack_pointer(tid)))
		return 0;
	if (max > FDG_FRAMES_MAX)
		max = FDG_FRAMES_MAX;
	if (is_goroutine(p, call->instruction_pointer))
		last.frames = goroutine(p, tid, call->instruction_pointer, sp, ret, max);
	else
		last.frames = native(p, tid, call->instruction_pointer, sp, ret, max);
	return last.frames;
}

static void fill(struct fdg_source *to, const struct fdg_go_source *s)
{
	to->symbol = s->symbol;
	to->function = s->is_inlined ? s->line.function : NULL;
	to->file = s->line.file[0] ? s->line.file : NULL;
	to->line = s->line.line;
	to->callee = s->callee[0] ? s->callee : NULL;
}

const struct fdg_source *fdg_site_sources(void)
{
	if (!last.frames)
		return NULL;
	for (unsigned i = 0; last.native + i < last.frames; i++) {
		last.source[last.native + i] = (struct fdg_source){ .line = 0 };
		if (fdg_go_source_of(last.go, &last.frame[i], &last.text[i]))
			fill(&last.source[last.native + i], &last.text[i]);
	}
	return last.source;
}
