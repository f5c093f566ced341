// SPDX-License-Identifier: MIT
/* fdleak.growth, in words. */
#include "guards/fdleak/fdleak_say.h"

#include <stddef.h>
#include <sys/resource.h>

#include "base/address.h"
#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/origin.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/function.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define PLACES 256u /* that are told apart */
#define TOP 3u

struct place {
	const void *site;
	uint32_t origin, count;
	int fd; /* one of them */
};

/* In a mapping of its own: it is made in any call, on small stacks. */
struct report {
	struct fdg_finding f;
	struct place place[PLACES];
	unsigned places;
	uint32_t more; /* that found no place */
	struct fdg_place created[FDG_FRAMES_MAX];
	struct fdg_fact fact[26];
	char message[768], over[32], curve[320], brief[96], lows[208], times[288], share[64], full[32], top[TOP][320], example[256];
};

static const char *const names[FDG_FDLEAK_CLASSES] = {
	[FDG_FDLEAK_SOCKETS] = "sockets",
	[FDG_FDLEAK_FILES] = "files",
	[FDG_FDLEAK_PIPES] = "pipes",
	[FDG_FDLEAK_EPOLLS] = "epolls",
	[FDG_FDLEAK_OTHERS] = "eventfds, timers and other descriptors",
};

static void add_place(struct report *r, int fd)
{
	struct fdg_known k;
	unsigned i = 0;

	if (!fdg_ledger_look(fd, &k))
		return;
	while (i < r->places && (r->place[i].site != k.site || r->place[i].origin != k.origin))
		i++;
	if (i == PLACES) {
		r->more++;
		return;
	}
	if (i == r->places)
		r->place[r->places++] = (struct place){ k.site, k.origin, 0, fd };
	r->place[i].count++;
	for (; i > 0 && r->place[i - 1].count < r->place[i].count; i--) {
		struct place swapped = r->place[i];

		r->place[i] = r->place[i - 1];
		r->place[i - 1] = swapped;
	}
}

/* Of those that came in the time told of: what was there before did not grow. */
static void collect(struct report *r, enum fdg_fdleak_class class, uint64_t windows)
{
	unsigned since;

	for (int fd = fdg_ledger_next(0); fd >= 0; fd = fdg_ledger_next(fd + 1))
		if (fdg_fdleak_stays(fd, class, &since) && since <= windows + 2 && !(fdg_ledger_state(fd) & FDG_INHERITED))
			add_place(r, fd);
}

static void put_site(struct fdg_buf *b, const struct place *p)
{
	struct fdg_place place;

	if (!p->site || !fdg_place_of(p->site, &place)) {
		fdg_put(b, "a place that fdguard did not see");
		return;
	}
	if (fdg_function_of(&place, b))
		fdg_fmt(b, " (%s)", fdg_base_name(place.object));
	else {
		fdg_put(b, place.object);
		fdg_put(b, "+");
		fdg_put_hex(b, place.offset);
	}
}

static void add(struct report *r, const char *name, const char *label, const char *text, int64_t number)
{
	r->fact[r->f.facts++] = (struct fdg_fact){ name, label, text, number };
}

static uint64_t duration(const struct fdg_rise *rise)
{
	return rise->point[rise->points - 1].ms - rise->point[0].ms;
}

static uint32_t risen(const struct fdg_rise *rise)
{
	return rise->point[rise->points - 1].low - rise->point[0].low;
}

static void put_point(struct fdg_buf *b, const struct fdg_rise *rise, unsigned i)
{
	fdg_put(b, i ? ", " : "");
	fdg_put_count(b, rise->point[i].low);
	if (!i)
		return;
	fdg_put(b, " after ");
	fdg_put_time(b, rise->point[i].ms - rise->point[0].ms);
}

/* The same for who computes with them: [52,135] and [0,444]. */
static void put_numbers(struct fdg_buf *lows, struct fdg_buf *times, const struct fdg_rise *rise)
{
	for (unsigned i = 0; i < rise->points; i++) {
		fdg_put(lows, i ? "," : "[");
		fdg_put_u64(lows, rise->point[i].low);
		fdg_put(times, i ? "," : "[");
		fdg_put_u64(times, rise->point[i].ms - rise->point[0].ms);
	}
	fdg_put_char(lows, ']');
	fdg_put_char(times, ']');
}

static void fill_curve(struct report *r, const struct fdg_rise *rise)
{
	struct fdg_buf curve = FDG_BUF(r->curve), brief = FDG_BUF(r->brief), lows = FDG_BUF(r->lows), times = FDG_BUF(r->times);

	for (unsigned i = 0; i < rise->points; i++)
		put_point(&curve, rise, i);
	put_point(&brief, rise, 0);
	put_point(&brief, rise, rise->points / 2);
	put_point(&brief, rise, rise->points - 1);
	put_numbers(&lows, &times, rise);
	add(r, NULL, "open at least", r->brief, 0);
	add(r, "curve", NULL, r->curve, 0);
	add(r, "curve_open", fdg_fact_array, r->lows, 0);
	add(r, "curve_ms", fdg_fact_array, r->times, 0);
}

static uint64_t limit(void)
{
	struct rlimit64 l = { 0, 0 };

	return fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &l) < 0 || l.rlim_cur == RLIM64_INFINITY ? 0 : l.rlim_cur;
}

/* How much of RLIMIT_NOFILE is in use, and when it is used up if it goes on like this. */
static void fill_limit(struct report *r, const struct fdg_rise *rise, uint32_t total)
{
	struct fdg_buf share = FDG_BUF(r->share), full = FDG_BUF(r->full);
	uint64_t max = limit(), ms;

	add(r, "open", max ? NULL : "open of all kinds", NULL, total);
	if (!max)
		return;
	add(r, "limit_nofile", NULL, NULL, (int64_t)max);
	fdg_put_count(&share, total);
	fdg_put(&share, " of ");
	fdg_put_count(&share, max);
	fdg_fmt(&share, " (%lu %%)", (unsigned long)(total * UINT64_C(100) / max));
	add(r, "limit", "of the limit (RLIMIT_NOFILE) in use", r->share, 0);
	if (max <= total)
		return;
	ms = (max - total) * duration(rise) / risen(rise);
	fdg_put_time(&full, ms);
	add(r, "full_in", "used up, at this rate, in", r->full, 0);
	add(r, "full_in_ms", NULL, NULL, (int64_t)ms);
}

/* "fd 7 (TCP socket to 10.0.0.7:8001)", "fd 8 (file /etc/hosts)" */
static void put_example(struct fdg_buf *b, int fd)
{
	char text[128], path[32];
	struct fdg_buf t = FDG_BUF(text), p = FDG_BUF(path);
	long n;

	fdg_fmt(b, "fd %d (", fd);
	fdg_put_what(b, fd);
	fdg_fmt(&p, "/proc/self/fd/%d", fd);
	if (fdg_put_peer(&t, fd))
		fdg_fmt(b, " to %s", text);
	else if ((n = fdg_sys_readlink(path, text, sizeof(text))) > 0 && text[0] == '/') {
		fdg_put_char(b, ' ');
		fdg_put_printable(b, text, (size_t)n);
	}
	fdg_put_char(b, ')');
}

static void fill_places(struct report *r)
{
	static const char *const facts[TOP] = { "made_1", "made_2", "made_3" }, *const counts[TOP] = { "made_1_count", "made_2_count", "made_3_count" };
	uint32_t rest = r->more;

	for (unsigned i = 0; i < r->places; i++)
		if (i < TOP && fdg_options.stacks) {
			struct fdg_buf top = FDG_BUF(r->top[i]);

			fdg_put_count(&top, r->place[i].count);
			fdg_put(&top, " at ");
			put_site(&top, &r->place[i]);
			add(r, facts[i], "made", r->top[i], 0);
			add(r, counts[i], NULL, NULL, r->place[i].count);
		} else
			rest += r->place[i].count;
	if (rest)
		add(r, "made_elsewhere", "made elsewhere", NULL, rest);
	if (!r->places)
		return;
	add(r, "example", "one of them", r->example, 0);
	r->f.created = r->created;
	r->f.createds = fdg_origin_places(r->place[0].origin, r->place[0].site, r->created, fdg_options.stacks);
}

static void put_sentence(struct fdg_buf *b, const char *name, const struct fdg_rise *rise, const struct report *r)
{
	fdg_put_self(b);
	fdg_put(b, " keeps more and more ");
	fdg_put(b, name);
	fdg_put(b, " open: from ");
	fdg_put_count(b, rise->point[0].low);
	fdg_put(b, " to ");
	fdg_put_count(b, rise->point[rise->points - 1].low);
	fdg_put(b, " in ");
	fdg_put_time(b, duration(rise));
	if (!r->places)
		return;
	if (fdg_options.stacks) {
		fdg_put(b, ", most of them made at ");
		put_site(b, &r->place[0]);
	}
	fdg_put(b, ", like ");
	fdg_put(b, r->example);
}

static void fill(struct report *r, enum fdg_fdleak_class class, const struct fdg_rise *rise, uint32_t now, uint32_t total)
{
	struct fdg_buf message = FDG_BUF(r->message), over = FDG_BUF(r->over), example = FDG_BUF(r->example);

	if (r->places)
		put_example(&example, r->place[0].fd);
	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_FDLEAK_GROWTH);
	put_sentence(&message, names[class], rise, r);
	r->f.message = r->message;
	r->f.fix = class == FDG_FDLEAK_SOCKETS ?
		"find who owns what is made there, and close it when it is done, on the error paths too; close connections that are idle for minutes; set keepalive for peers that vanish" :
		"follow what is made there to each end of its way, the error paths first, and close it";
	r->f.key = names[class];
	r->f.count = risen(rise);
	r->f.count_label = "grew by";
	r->f.fact = r->fact;
	fdg_put_time(&over, duration(rise));
	add(r, "kind", "kind", names[class], 0);
	add(r, "from", "from", NULL, rise->point[0].low);
	add(r, "to", "to", NULL, rise->point[rise->points - 1].low);
	add(r, "in", "in", r->over, 0);
	add(r, "in_ms", NULL, NULL, (int64_t)duration(rise));
	add(r, "now", "open now", NULL, now);
	fill_limit(r, rise, total);
	fill_places(r);
	fill_curve(r, rise);
}

void fdg_fdleak_say(enum fdg_fdleak_class class, const struct fdg_rise *rise, uint32_t now, uint32_t total)
{
	struct report *r;

	if (!fdg_report_wants(fdg_finding_level(FDG_FDLEAK_GROWTH)))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	collect(r, class, rise->windows);
	fill(r, class, rise, now, total);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}
