// SPDX-License-Identifier: MIT
/*
 * _Unwind_Backtrace is linked into us (-static-libgcc). gcc 12's reads unwind tables through _dl_find_object: no allocation and no lock of the
 * loader. Its mutex and malloc serve tables registered at run time, and nobody can register any with our copy. What remains is one pthread_once that
 * fills a table of constants on the first use; fdg_report_start does that use where frames are asked for, not a signal handler.
 */
#include <string.h>
#include <unwind.h>

#include "report/run.h"
#include "report/symbol.h"

#include "base/poison.h"

#define STEPS_MAX 512 /* frames looked at, our own and libc's among them: damaged unwind tables can go in circles */

struct walk {
	struct fdg_place *places; /* one of the two is filled */
	const void **pcs;
	unsigned count, max, steps;
	const char *own;
};

static bool is_libc(const char *object)
{
	static const char *const prefixes[] = { "libc.so", "libpthread.so", "ld-linux", "linux-vdso" };
	const char *base = fdg_base_name(object);

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(base, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *cookie)
{
	struct walk *w = cookie;
	struct fdg_place p;
	int at_instruction = 0;
	uintptr_t pc = _Unwind_GetIPInfo(context, &at_instruction);

	if (w->count == w->max || !pc || w->steps++ == STEPS_MAX)
		return _URC_END_OF_STACK;
	/* A signal handler's caller was interrupted at this instruction, not in a call before it. */
	pc += at_instruction != 0;
	if (!fdg_place_of((const void *)pc, &p) || p.object == w->own || is_libc(p.object))
		return _URC_NO_REASON;
	if (w->pcs)
		w->pcs[w->count++] = (const void *)pc;
	else
		w->places[w->count++] = p;
	return _URC_NO_REASON;
}

static unsigned walk_stack(struct walk *w)
{
	struct fdg_place here;

	/* Without this the unwinder would abort() where the loader cannot be asked. */
	if (!w->max || !fdg_place_of((const char *)&walk_stack + 1, &here))
		return 0;
	w->own = here.object;
	_Unwind_Backtrace(step, w);
	return w->count;
}

unsigned fdg_stack(struct fdg_place *ret, unsigned max)
{
	struct walk w = { .places = ret, .max = max };

	return walk_stack(&w);
}

unsigned fdg_stack_pcs(const void **ret, unsigned max)
{
	struct walk w = { .pcs = ret, .max = max };

	return walk_stack(&w);
}
