// SPDX-License-Identifier: MIT
#include "options/reader.h"

#include <string.h>

enum { READY, LATER };

enum {
	stage_core = FDG_BUILT,
	stage_later = FDG_OPTION_LATER,
#define GUARD(name, stage, about) stage_##name = stage == READY ? FDG_BUILT : FDG_GUARD_LATER,
#include "guards.def"
#undef GUARD
};

const struct fdg_row fdg_rows[FDG_ROWS] = {
#define OPTION(field, key, type, def, guard, values, meaning) \
	{ key, offsetof(struct fdg_options, field), FDG_TYPE_##type, stage_##guard, def, values },
#include "options.def"
#undef OPTION
};

/* Here and not above: names of options can be names of calls. */
#include "base/poison.h"

_Static_assert(FDG_ROWS <= 64, "fdg_reader.told has a bit per row");

const struct fdg_row *fdg_row_find(struct fdg_slice key)
{
	for (const struct fdg_row *row = fdg_rows; row < fdg_rows + FDG_ROWS; row++)
		if (key.n < sizeof(row->key) && memcmp(row->key, key.s, key.n) == 0 && !row->key[key.n])
			return row;
	return NULL;
}
