// SPDX-License-Identifier: MIT
#include "tools/resolve_progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"

enum { WIDTH = 80, WIDTH_MAX = 240 };

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void resolve_progress_begin(struct resolve_progress *p)
{
	*p = (struct resolve_progress){ .started = now_ms(), .terminal = isatty(2), .mixed = isatty(1) };
	p->last = p->started;
}

uint64_t resolve_progress_done(const struct resolve_progress *p)
{
	uint64_t n = 0;

	for (int i = 0; i < RESOLVE_OUTCOMES; i++)
		n += p->outcomes[i];
	return n;
}

static uint64_t without_answer(const struct resolve_progress *p)
{
	return p->outcomes[RESOLVE_FAILED] + p->outcomes[RESOLVE_BAD];
}

static void put_rate(struct fdg_buf *b, uint64_t n, uint64_t ms)
{
	fdg_put_count(b, n * 1000 / (ms ? ms : 1));
	fdg_put(b, "/s");
}

static unsigned width(void)
{
	struct winsize size;

	if (ioctl(2, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return WIDTH;
	return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* In the background nobody looks on, and the terminal is somebody else's. */
static bool is_ours(void)
{
	pid_t owner = tcgetpgrp(2);

	return owner < 0 || owner == getpgrp();
}

void resolve_progress_tick(struct resolve_progress *p, uint64_t taken, uint64_t size)
{
	uint64_t now, took, done = resolve_progress_done(p);
	char text[WIDTH_MAX];
	struct fdg_buf b = FDG_BUF(text);

	if (!p->terminal || (now = now_ms()) - p->last < RESOLVE_TICK_MS || !is_ours())
		return;
	p->last = now;
	took = now - p->started;
	fdg_put_count(&b, done);
	fdg_put(&b, " done, ");
	put_rate(&b, done, took);
	if (without_answer(p)) {
		fdg_put(&b, ", ");
		fdg_put_count(&b, without_answer(p));
		fdg_put(&b, " failed");
	}
	if (size && taken && taken <= size) {
		fdg_fmt(&b, ", %lu %%, ", (unsigned long)(taken * 100 / size));
		fdg_put_time(&b,
			     (uint64_t)((double)took * (double)(size - taken) / (double)taken) / 1000 * 1000 + 1000);
		fdg_put(&b, " to go");
	}
	fprintf(stderr, "\r%.*s\033[K", (int)width() - 1, text);
	fflush(stderr);
	p->shown = true;
}

void resolve_progress_clear(struct resolve_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

void resolve_progress_end(struct resolve_progress *p)
{
	uint64_t done = resolve_progress_done(p), took = now_ms() - p->started;
	char text[256];
	struct fdg_buf b = FDG_BUF(text);

	resolve_progress_clear(p);
	if (!p->terminal && !without_answer(p))
		return;
	fdg_put_count(&b, done);
	fdg_put(&b, done == 1 ? " name in " : " names in ");
	fdg_put_time(&b, took);
	fdg_put(&b, " (");
	put_rate(&b, done, took);
	fdg_put(&b, "): ");
	fdg_put_count(&b, p->outcomes[RESOLVE_OK]);
	fdg_put(&b, " with addresses, ");
	fdg_put_count(&b, p->outcomes[RESOLVE_NONAME] + p->outcomes[RESOLVE_NODATA]);
	fdg_put(&b, " without, ");
	fdg_put_count(&b, p->outcomes[RESOLVE_FAILED]);
	fdg_put(&b, " without an answer, ");
	fdg_put_count(&b, p->outcomes[RESOLVE_BAD]);
	fdg_put(&b, " bad");
	fprintf(stderr, "fdguard: %s\n", text);
}
