// SPDX-License-Identifier: MIT
#include "report/pattern.h"

#include <string.h>

#include "report/run.h"

#include "base/poison.h"

void fdg_put_pattern(struct fdg_buf *b, const char *pattern)
{
	for (const char *p = pattern; *p; p++) {
		if (*p != '%' || !p[1] || !strchr("pe%", p[1]))
			fdg_put_char(b, *p);
		else if (*++p == 'p')
			fdg_put_i64(b, fdg_run_pid());
		else if (*p == 'e')
			fdg_put(b, fdg_base_name(fdg_run_exe()));
		else
			fdg_put_char(b, '%');
	}
}
