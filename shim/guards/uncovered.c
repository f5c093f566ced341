// SPDX-License-Identifier: MIT
#include "guards/uncovered.h"

#include "base/fmt.h"
#include "report/report.h"

#include "base/poison.h"

void fdg_uncovered_report(const char *name, const char *why)
{
	char message[512];
	struct fdg_buf b = FDG_BUF(message);

	fdg_fmt(&b, "%s runs unguarded: it %s", name, why);
	fdg_uncovered_partly(message, NULL);
}

void fdg_uncovered_partly(const char *message, const char *fix)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_RUN_UNCOVERED);
	char sentence[2048];
	struct fdg_buf again = FDG_BUF(sentence);

	f.message = message;
	f.fix = fix;
	fdg_report(&f);
	/* Findings go to a file: who sits in front of it should know all the same. Of check (run.exec) they will hear at its end. */
	if (fdg_options.log.where == FDG_LOG_FILE && !fdg_options.run_exec) {
		fdg_fmt(&again, "warning: %s [run.uncovered]", message);
		fdg_report_say(sentence);
	}
}
