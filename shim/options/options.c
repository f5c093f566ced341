// SPDX-License-Identifier: MIT
#include "base/kind.h"
#include "options/options.h"

#include <string.h>

#include "options/reader.h"

#include "base/poison.h"

struct fdg_options fdg_options;

/*
 * What options.def says, already read: each program start would read it anew, and most set nothing. A unit test compares the two. Fields that are not
 * here are 0: off, empty, none.
 */
static const struct fdg_options defaults = {
	.cloexec = FDG_FIX,
	.cloexec_kinds = FDG_KIND_SOCKET_BIT | FDG_KIND_EPOLL_BIT | FDG_KIND_EVENT_BIT | FDG_KIND_TIMER_BIT | FDG_KIND_SIGNAL_BIT |
			 FDG_KIND_INOTIFY_BIT,
	.cloexec_inherited = FDG_INHERITED_REPORT,
	.select_mode = FDG_FIX,
	.select_fortify = FDG_FORTIFY_REPORT,
	.nonblock = FDG_REPORT,
	.closewait = FDG_REPORT,
	.closewait_age_ms = 60000,
	.closewait_cure = FDG_CURE_SHUTDOWN,
	.epoll = FDG_FIX,
	.epoll_spin = 1000,
	.reuseport = FDG_REPORT,
	.fdleak = FDG_REPORT,
	.resolver = true,
	.follow = true,
	.log = { FDG_LOG_STDERR, "" },
	.level = FDG_LEVEL_WARNING,
	.format = FDG_TEXT,
	.stacks = 1,
	.suppressions = "",
	.metrics = "",
};

void fdg_options_defaults(struct fdg_options *ret)
{
	*ret = defaults;
}

void fdg_options_defaults_of_table(struct fdg_options *ret)
{
	for (const struct fdg_row *row = fdg_rows; row < fdg_rows + FDG_ROWS; row++) {
		struct fdg_slice v = FDG_SLICE(row->def);

		fdg_value_read(row, &v, (char *)ret + row->field);
	}
}

int fdg_options_read(struct fdg_options *o, const char *text, fdg_options_say *say, void *cookie)
{
	struct fdg_reader r = { .o = o, .say = say, .cookie = cookie };
	struct fdg_option_source source = { .start = text ? text : "" };

	fdg_read_source(&r, &source, strlen(source.start));
	return r.mistakes;
}

int fdg_options_set(struct fdg_options *o, const char *setting, fdg_options_say *say, void *cookie)
{
	struct fdg_reader r = { .o = o, .say = say, .cookie = cookie };
	struct fdg_slice all = FDG_SLICE(setting), key = { setting, strcspn(setting, "=") };

	if (key.n == all.n)
		fdg_say(&r, true, "", all, " is not of the form key=value");
	else
		fdg_read_setting(&r, key, (struct fdg_slice){ setting + key.n + 1, all.n - key.n - 1 });
	return r.mistakes;
}
