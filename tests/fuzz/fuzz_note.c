// SPDX-License-Identifier: MIT
/* FDGUARD_NOTE, which anybody can put into an environment: read, and what was read is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "driver.h"
#include "guards/cloexec/note.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("1 x 42 41 /usr/bin/monitor 1a2b:/usr/lib/libx.so l20206.44c:3-1102@18a:/usr/bin/monitor l7.1:1103@1c0:/usr/bin/monitor"),
	FUZZ_TEXT("1 s 1 1 a%20b 0:%25 q0.3:3-4,9 t0.1:7 f20106.2:20,22+ k20106.1:5@0:x"),
	FUZZ_TEXT("1 x 99999 1 ? 0:? q0.2:999999990-999999999"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

static void check(struct fdg_note *n)
{
	must(n->groups <= FDG_NOTE_GROUPS && n->exe && n->sites && n->site[0].object);
	for (unsigned i = 0; i < n->groups; i++) {
		struct fdg_note_group *g = &n->group[i];
		struct fdg_note_group *found;

		must(g->ranges > 0 && g->ranges <= FDG_NOTE_RANGES);
		for (unsigned r = 0; r < g->ranges; r++)
			must(g->range[r].first <= g->range[r].last);
		found = fdg_note_find(n, g->range[0].first);
		must(g->letter == FDG_NOTE_FORCED || found);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[FDG_NOTE_MAX + 200], again[FDG_NOTE_MAX];
	struct fdg_buf b = FDG_BUF(again);
	struct fdg_note one, two;

	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	memcpy(text, data, n);
	text[n] = '\0';
	fdg_arena_forget();
	if (!fdg_note_read(text, &one))
		return 0;
	check(&one);
	fdg_note_write(&one, &b);
	must(fdg_note_read(again + sizeof(FDG_NOTE_NAME), &two));
	must(two.pid == one.pid && two.maker == one.maker && two.groups <= one.groups);
	check(&two);
	return 0;
}
