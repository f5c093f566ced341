// SPDX-License-Identifier: MIT
/* A table of Go's functions from anywhere: the input is the table, its last eight bytes are an address as well. */
#include <stdlib.h>
#include <string.h>

#include "../harness/gotable.h"
#include "driver.h"

static struct gotable made[4];

const struct fuzz_seed fuzz_seeds[] = { FUZZ_BYTES(made[0].bytes), FUZZ_BYTES(made[1].bytes), FUZZ_BYTES(made[2].bytes), FUZZ_BYTES(made[3].bytes) };
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

__attribute__((constructor)) static void make_seeds(void)
{
	for (enum fdg_go_version v = FDG_GO_2; v <= FDG_GO_20; v++) {
		gotable_make(&made[v], v);
		memcpy(made[v].bytes + sizeof(made[v].bytes) - 8, &(uint64_t){ 0x1125 }, 8);
	}
}

struct input {
	const uint8_t *bytes;
	size_t n;
};

static bool copy(void *cookie, uint64_t address, void *to, size_t n)
{
	const struct input *i = cookie;

	if (address < GOTABLE_AT || address - GOTABLE_AT > i->n || n > i->n - (address - GOTABLE_AT))
		return false;
	memcpy(to, i->bytes + (address - GOTABLE_AT), n);
	return true;
}

static void must(bool what)
{
	if (!what)
		abort();
}

static bool see(void *cookie, const struct fdg_go_line *l, bool is_inlined)
{
	unsigned *seen = cookie;

	(void)is_inlined;
	must(l->function[0] && strlen(l->function) < sizeof(l->function) && strlen(l->file) < sizeof(l->file));
	return ++*seen > FDG_GO_INLINED + 1;
}

static void ask(const struct fdg_gopcln *t, uint64_t pc)
{
	struct fdg_go_function f;
	unsigned seen = 0;
	uint32_t n;

	if (!fdg_gopcln_find(t, pc, &f))
		return;
	must(pc >= f.entry && pc < f.end);
	must(!fdg_gopcln_depth(t, &f, pc, &n) || n <= INT32_MAX);
	fdg_gopcln_lines(t, &f, pc, see, &seen);
	must(seen <= FDG_GO_INLINED + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input input = { data, n };
	struct fdg_gopcln t = { .copy = copy, .cookie = &input, .address = GOTABLE_AT, .size = n, .gofunc = GOTABLE_AT + made[FDG_GO_20].tree };
	uint64_t pc = 0x1125, first, end;

	if (!fdg_gopcln_open(&t) || !fdg_gopcln_range(&t, &first, &end))
		return 0;
	must(first < end);
	if (n >= sizeof(pc))
		memcpy(&pc, data + n - sizeof(pc), sizeof(pc));
	ask(&t, pc);
	ask(&t, first);
	ask(&t, end - 1);
	return 0;
}
