// SPDX-License-Identifier: MIT
#include "guards/nonblock/stdio_say.h"

#include "base/address.h"
#include "base/fmt.h"
#include "base/same.h"
#include "base/sys.h"
#include "guards/self.h"
#include "guards/sharer.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

struct words {
	char stream[48], what[192], peer[128], local[128], other[96], message[640];
};

static const char *mode_word(bool nonblocking)
{
	return nonblocking ? "non-blocking" : "blocking";
}

/* "stdin, stdout and stderr", or "descriptor 5". */
static void put_stream(struct fdg_buf *b, const struct fdg_stdio_left *left)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	int more = left->is[0] + left->is[1] + left->is[2];

	if (!more)
		fdg_fmt(b, "descriptor %d", left->fd);
	for (int n = 0; n <= 2; n++)
		if (left->is[n]) {
			fdg_put(b, names[n]);
			more--;
			fdg_put(b, more > 1 ? ", " : more == 1 ? " and " : "");
		}
}

static void put_message(struct fdg_buf *b, const struct fdg_stdio_left *left, const struct words *w)
{
	fdg_put_self(b);
	if (left->file)
		fdg_fmt(b, " starts %s with %s", left->file, w->stream);
	else
		fdg_fmt(b, " leaves %s", w->stream);
	fdg_fmt(b, " (%s) %s, and found it %s", w->what, mode_word(left->now), mode_word(left->before));
}

static const char *advice(const struct fdg_stdio_left *left)
{
	if (left->now)
		return "put the flags back before the program ends or starts another one, on a signal's way out too; or leave the mode alone and wait with poll before "
		       "each read and write";
	return "put O_NONBLOCK back before the program ends: an event loop that shares this description blocks now";
}

static void put_other(struct fdg_buf *b, const struct fdg_sharer *s)
{
	fdg_fmt(b, "%s (pid %d), as its descriptor %d", s->program, s->pid, s->fd);
}

#define SETTLED 10 /* 1/100 s */

/* This process was there 100 ms ago. */
static bool is_settled(void)
{
	return fdg_sharer_now() - fdg_sharer_stat(fdg_sys_getpid(), 22) >= SETTLED;
}

/* Who has just started us may still have what it gave us, at a number of its own, for the moment until it closes it: that says nothing. */
static enum fdg_shared lasting_sharer(int fd, struct fdg_sharer *s)
{
	enum fdg_shared shared = fdg_find_sharer(fd, s);

	if (shared != FDG_SHARED_BY_ONE || s->fd <= 2 || is_settled())
		return shared;
	s->pid = 0;
	return FDG_SHARED_BY_NONE;
}

/* A terminal is shared as long as nobody can tell the contrary. */
static bool is_shared(const struct fdg_stdio_left *left, const struct words *w, struct fdg_sharer *s)
{
	enum fdg_shared shared;

	if (left->other) {
		*s = *left->other;
		return true;
	}
	shared = lasting_sharer(left->fd, s);
	return shared == FDG_SHARED_BY_ONE || left->file || (shared == FDG_SHARED_NOT_TOLD && w->what[0] == 't');
}

static unsigned put_facts(struct fdg_fact fact[6], const struct fdg_stdio_left *left, struct words *w, const struct fdg_sharer *other)
{
	struct fdg_buf o = FDG_BUF(w->other);
	unsigned n = 0;

	fact[n++] = (struct fdg_fact){ "stream", "what", w->stream, 0 };
	fact[n++] = (struct fdg_fact){ "kind", "kind", w->what, 0 };
	fact[n++] = (struct fdg_fact){ "mode", "mode", mode_word(left->now), 0 };
	fact[n++] = (struct fdg_fact){ "before", "mode before", mode_word(left->before), 0 };
	if (!other->pid)
		return n;
	put_other(&o, other);
	fact[n++] = (struct fdg_fact){ "other", "also held by", w->other, 0 };
	fact[n++] = (struct fdg_fact){ "other_pid", "its pid", NULL, other->pid };
	return n;
}

/* The least of the numbers that it is named by. */
static int number_of(const struct fdg_stdio_left *left)
{
	for (int n = 0; n <= 2; n++)
		if (left->is[n])
			return n;
	return left->fd;
}

static void say(const struct fdg_stdio_left *left, struct words *w)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_NONBLOCK_STDIO);
	struct fdg_sharer other = { 0 };
	struct fdg_buf stream = FDG_BUF(w->stream), what = FDG_BUF(w->what), peer = FDG_BUF(w->peer), local = FDG_BUF(w->local), message = FDG_BUF(w->message);
	struct fdg_fact fact[6];
	struct fdg_place place;

	fdg_put_what(&what, left->fd);
	if (!is_shared(left, w, &other))
		return;
	put_stream(&stream, left);
	put_message(&message, left, w);
	f.message = f.key = w->message;
	f.fix = advice(left);
	f.fixed = left->fixed;
	f.fd = number_of(left);
	f.peer = fdg_put_peer(&peer, left->fd) ? w->peer : NULL;
	f.local = fdg_put_local(&local, left->fd) ? w->local : NULL;
	f.site = &place;
	f.sites = fdg_options.stacks > 0 && fdg_place_of(left->site, &place);
	f.site_label = "changed at";
	f.fact = fact;
	f.facts = put_facts(fact, left, w, &other);
	fdg_report(&f);
}

/* A program may end in a handler that has 2 KiB of a stack left: what is large lies in a mapping. */
void fdg_stdio_say(const struct fdg_stdio_left *left)
{
	struct words *w;

	if (!fdg_report_wants(fdg_finding_level(FDG_NONBLOCK_STDIO)))
		return;
	w = fdg_sys_mmap(sizeof(*w), false);
	if (!w)
		return;
	say(left, w);
	fdg_sys_munmap(w, sizeof(*w));
}
