// SPDX-License-Identifier: MIT
#include "guards/uncovered.h"

#include "base/fmt.h"
#include "report/report.h"

#include "base/poison.h"

void fdg_uncovered_report(const char *name, const char *why)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_RUN_UNCOVERED);
	char message[512];
	struct fdg_buf b = FDG_BUF(message);

	fdg_fmt(&b, "%s runs unguarded: it %s", name, why);
	f.message = message;
	fdg_report(&f);
}
