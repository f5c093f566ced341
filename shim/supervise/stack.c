// SPDX-License-Identifier: MIT
#include "supervise/stack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/big.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/facts.h"
#include "supervise/gostack.h"
#include "supervise/native.h"
#include "supervise/numbers.h"

#include "base/poison.h"

/* The last one that was asked for. */
static struct {
	unsigned frames; /* of a goroutine */
	const struct fdg_go_program *go;
	struct fdg_go_frame frame[FDG_FRAMES_MAX];
	struct fdg_go_source text[FDG_FRAMES_MAX];
	struct fdg_source source[FDG_FRAMES_MAX];
} last FDG_BIG;

/* "72 0xc 0x4 0x2 0x0 0x0 0x0 0x7ffd1f000000 0x40f1a5": where the stack is, and behind the call. */
static uint64_t stack_pointer(int tid)
{
	char text[256], *at = text;
	struct fdg_buf path = FDG_BUF(text);
	int fd;
	long n;

	fdg_fmt(&path, "/proc/%d/syscall", tid);
	fd = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = fdg_sys_read(fd, text, sizeof(text) - 1);
	fdg_sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
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
	last.frames = fdg_go_stack(last.go, tid, pc, sp, last.frame, max);
	for (unsigned i = 0; i < last.frames; i++)
		ret[i] = (struct fdg_place){ fdg_facts_exe(p), last.frame[i].pc - last.go->bias };
	return last.frames;
}

unsigned fdg_site_of(int tid, const struct seccomp_data *call, struct fdg_place *ret, unsigned max)
{
	struct fdg_process *p = fdg_facts_of(tid);
	uint64_t sp;

	last.frames = 0;
	if (!p || call->arch != FDG_ARCH || !(sp = stack_pointer(tid)))
		return 0;
	if (max > FDG_FRAMES_MAX)
		max = FDG_FRAMES_MAX;
	if (is_goroutine(p, call->instruction_pointer))
		return goroutine(p, tid, call->instruction_pointer, sp, ret, max);
	return fdg_native_stack(p, tid, call->instruction_pointer, sp, ret, max);
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
	for (unsigned i = 0; i < last.frames; i++) {
		last.source[i] = (struct fdg_source){ .line = 0 };
		if (fdg_go_source_of(last.go, &last.frame[i], &last.text[i]))
			fill(&last.source[i], &last.text[i]);
	}
	return last.source;
}
