// SPDX-License-Identifier: MIT
#include "supervise/rows.h"

#include <errno.h>
#include <stdbool.h>

#include "base/sys.h"

#include "base/poison.h"

static struct fdg_rows *all;
static unsigned parts = 1; /* that all of them have */

static bool has_part(struct fdg_rows *r, unsigned part)
{
	if (!r->part[part])
		r->part[part] = fdg_sys_mmap(FDG_ROWS_PART * r->size, false);
	return r->part[part];
}

int fdg_rows_start(struct fdg_rows *r, size_t size)
{
	r->size = size;
	for (unsigned i = 0; i < parts; i++)
		if (!has_part(r, i))
			return -ENOMEM;
	r->next = all;
	all = r;
	return 0;
}

int fdg_rows_grow(unsigned index)
{
	while (index >= parts * FDG_ROWS_PART) {
		if (parts == FDG_ROWS_PARTS)
			return -ENOMEM;
		for (struct fdg_rows *r = all; r; r = r->next)
			if (!has_part(r, parts))
				return -ENOMEM;
		parts++;
	}
	return 0;
}
