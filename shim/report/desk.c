// SPDX-License-Identifier: MIT
#include "report/desk.h"

#include <errno.h>

#include "base/sys.h"
#include "report/lost.h"
#include "report/report.h"
#include "report/sink.h"

#include "base/poison.h"

struct fdg_desk *fdg_desk_take(_Atomic uint64_t *lost)
{
	struct fdg_desk *d = fdg_sys_mmap(sizeof(*d), false);

	if (!d) {
		fdg_lost_tell();
		fdg_lost_count(-ENOMEM, lost);
	}
	return d;
}

void fdg_desk_give(struct fdg_desk *d)
{
	fdg_sys_munmap(d, sizeof(*d));
}

/* Once in a process and those that it forks. */
static void say_instead(int error)
{
	char text[256];
	struct fdg_buf b = FDG_BUF(text);

	if (fdg_told_mark(fdg_hash((uint64_t)-error, "daemon", 6)))
		return;
	fdg_fmt(&b, "log=%s: %s: ", fdg_options.log.where == FDG_LOG_SYSLOG ? "syslog" : "journal", fdg_sink_socket());
	fdg_sink_put_reason(&b, -error);
	fdg_put(&b, "; what it does not take is written to standard error");
	fdg_desk_say(text);
}

/* What the daemon did not take. */
static int write_instead(const struct fdg_item *item, struct fdg_desk *d, int error)
{
	say_instead(error);
	fdg_compose(item, &d->line);
	return fdg_sink_stderr(&d->line);
}

int fdg_desk_write(const struct fdg_item *item, struct fdg_desk *d, _Atomic uint64_t *lost)
{
	int r;

	fdg_compose_as(item, fdg_sink_form(), &d->line);
	r = fdg_sink_write(&d->line);
	if (r < 0 && fdg_sink_socket())
		r = write_instead(item, d, r);
	if (r >= 0)
		return r;
	if (item->f->id != FDG_RUN_END)
		fdg_lost_tell();
	fdg_lost_count(r, lost);
	return r;
}

void fdg_desk_say(const char *sentence)
{
	struct fdg_line *line = fdg_sys_mmap(sizeof(*line), false); /* a handler's stack may be small */
	struct fdg_buf b = { NULL, 0, sizeof(line->text), false };

	if (!line)
		return;
	b.text = line->text;
	fdg_put(&b, "fdguard: ");
	fdg_put_plain(&b, sentence, FDG_LINE_MAX - 32);
	line->text[b.len] = '\n';
	line->len = b.len + 1;
	fdg_sink_stderr(line);
	fdg_sys_munmap(line, sizeof(*line));
}
