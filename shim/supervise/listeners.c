// SPDX-License-Identifier: MIT
#include "supervise/listeners.h"

#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/sys.h"
#include "options/options.h"
#include "supervise/listeners_parts.h"
#include "supervise/maps.h"
#include "supervise/runs.h"
#include "supervise/stack.h"
#include "supervise/voice.h"

#include "base/poison.h"

#define EVERY_NS INT64_C(50000000)
#define END_MS 1000
#define NOT_TRIED (-1000)
#define SHARE 50 /* of the time, a fiftieth at most, for looks */
#define ASKED 4 /* members at a look whose owners are asked if they have them still */

static struct fdg_listeners all;
static struct { int epoll, fd; uint64_t data; } timer = { -1, NOT_TRIED, 0 };

void fdg_listeners_start(int epoll, uint64_t data)
{
	timer.epoll = epoll;
	timer.data = data;
}

static int64_t clock_of(int clock)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t fdg_listeners_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

int64_t fdg_listeners_used(void)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static bool prepare(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = timer.data };
	const size_t rows = sizeof(*all.rows);

	if (timer.fd != NOT_TRIED)
		return all.all;
	all.rows = fdg_sys_mmap(3 * rows, false);
	all.waiting = fdg_sys_mmap(2 * FDG_WAITING * sizeof(*all.waiting), false);
	timer.fd = (int)fdg_sys2(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!all.rows || !all.waiting || timer.fd < 0 || fdg_sys4(SYS_epoll_ctl, timer.epoll, EPOLL_CTL_ADD, timer.fd, &e) < 0)
		return false;
	all.rows_before = all.rows + 1;
	all.rows_after = all.rows + 2;
	all.spare = all.waiting + FDG_WAITING;
	all.all = fdg_sys_mmap(FDG_LISTENERS * sizeof(*all.all), false);
	return all.all != NULL;
}

/* Once; ns 0: not at all. */
static void wake_in(int64_t ns)
{
	const struct itimerspec when = { { 0, 0 }, { ns / 1000000000, ns % 1000000000 } };

	fdg_sys4(SYS_timerfd_settime, timer.fd, 0, &when, NULL);
}

struct fdg_process *fdg_listeners_owner(const struct fdg_remembered *r)
{
	struct fdg_process *p = fdg_facts_find(r->pid);

	return p && p->born == r->born ? p : NULL;
}

static bool has(const struct fdg_process *p, const struct fdg_remembered *r)
{
	struct fdg_identity its;

	return fdg_stream_of(p->pid, r->fd, &its) && its.ino == r->inode;
}

bool fdg_listeners_has_it(const struct fdg_remembered *r)
{
	const struct fdg_process *p = fdg_listeners_owner(r);

	return p && has(p, r);
}

/* ---- looks ---- */

static unsigned kinds(void)
{
	unsigned any = 0;

	for (unsigned i = 0; i < all.used; i++)
		if (all.all[i].inode)
			any |= all.all[i].kinds;
	return any;
}

static void take_row(const struct fdg_diag_row *row)
{
	struct fdg_remembered *r = fdg_listeners_find(&all, row->inode);

	if (!r)
		return;
	r->seen = all.look;
	r->is_new = !r->is_member;
	r->is_member = true;
	r->is_elsewhere = r->is_missed;
	r->group = row->group;
	if (row->queued < r->queued)
		r->queued = row->queued;
}

static bool any_gone(void)
{
	for (unsigned i = 0; i < all.used; i++)
		if (all.all[i].inode && all.all[i].is_member && all.all[i].seen != all.look)
			return true;
	return false;
}

/* A list that is made while others open and close may lack one that is there: what is not seen is looked for again. */
static bool list(void)
{
	all.look++;
	for (int i = 0; i < 2; i++) {
		if (!fdg_diag_look(kinds(), all.rows))
			return false;
		for (unsigned row = 0; row < all.rows->n; row++)
			take_row(&all.rows->row[row]);
		if (!any_gone())
			break;
	}
	return true;
}

/* Another process that has it by the same number, as one that forked has. */
static bool bequeath(struct fdg_remembered *r)
{
	for (struct fdg_process *p = fdg_facts_next(NULL); p; p = fdg_facts_next(p))
		if (p->pid != r->pid && has(p, r)) {
			r->pid = p->pid;
			r->born = p->born;
			r->is_ended = r->is_executing = false;
			return true;
		}
	return false;
}

static void ask_owner(struct fdg_remembered *r)
{
	r->is_missed = !fdg_listeners_has_it(r) && !bequeath(r);
}

/* All where somebody waits; of the others some, in turns. */
static void ask_owners(bool waited_on)
{
	static unsigned next;
	unsigned n = waited_on ? all.used : all.used < ASKED ? all.used : ASKED;

	for (unsigned i = 0; i < n; i++) {
		struct fdg_remembered *r = &all.all[waited_on ? i : next++ % all.used];

		if (r->inode && r->is_member && (!waited_on || r->queued))
			ask_owner(r);
	}
}

/* What was never bound, and is closed by now; whose process has ended, and nobody took over. */
static void forget_the_dead(void)
{
	for (unsigned i = 0; i < all.used; i++) {
		struct fdg_remembered *r = &all.all[i];

		if (r->inode && !r->is_member && !r->is_pending && !fdg_listeners_has_it(r))
			fdg_listeners_forget(&all, r);
	}
}

/* anyhow: who waits is of more interest than the time. */
static void look(bool anyhow)
{
	struct fdg_diag_rows *rows = all.rows;
	int64_t began = fdg_listeners_used(), took;
	bool is_listed = list();

	took = fdg_listeners_used() - began;
	if (is_listed) {
		fdg_listeners_judge(&all);
		if (fdg_listeners_walk(&all, anyhow))
			ask_owners(true);
		ask_owners(false);
		all.rows = all.rows_before;
		all.rows_before = rows;
		forget_the_dead();
	}
	wake_in(!all.count ? 0 : took * SHARE > EVERY_NS ? took * SHARE : EVERY_NS);
}

void fdg_listeners_tick(void)
{
	uint64_t times;

	fdg_sys_read(timer.fd, &times, sizeof(times));
	look(false);
}

/* ---- calls ---- */

static unsigned kinds_of(const struct fdg_file *f)
{
	int protocol = 0, domain = 0;
	unsigned n = sizeof(int), m = sizeof(int);

	if (f->local < 0 || fdg_sys_getsockopt(f->local, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) < 0 || fdg_sys_getsockopt(f->local, SOL_SOCKET, SO_DOMAIN, &domain, &m) < 0)
		return FDG_DIAG_ALL;
	if (protocol == IPPROTO_TCP)
		return domain == AF_INET6 ? FDG_DIAG_TCP6 : domain == AF_INET ? FDG_DIAG_TCP : 0;
	if (protocol == IPPROTO_UDP)
		return domain == AF_INET6 ? FDG_DIAG_UDP6 : domain == AF_INET ? FDG_DIAG_UDP : 0;
	return 0;
}

static bool is_udp(unsigned kinds)
{
	return !(kinds & (FDG_DIAG_TCP | FDG_DIAG_TCP6));
}

static void keep_place(struct fdg_remembered *r, struct fdg_process *p, const struct fdg_listener *l)
{
	struct fdg_place site[FDG_RECALL_SITES];
	unsigned sites = 0, most = fdg_options.stacks < FDG_RECALL_SITES ? fdg_options.stacks : FDG_RECALL_SITES;

	if (most)
		sites = fdg_site_of((int)l->request->pid, &l->request->data, site, most);
	fdg_recall_keep(&r->made, site, sites ? fdg_site_sources() : NULL, sites);
	fdg_recall_text(r->exe, sizeof(r->exe), fdg_facts_exe(p));
}

static void remember(struct fdg_process *p, const struct fdg_listener *l, int fd, uint64_t inode, unsigned kinds)
{
	static uint64_t order;
	bool is_ready = kinds && inode && prepare();
	struct fdg_remembered *r = is_ready ? fdg_listeners_place(&all, inode) : NULL;

	if (is_ready && !r)
		fdg_listeners_full(p);
	if (!r || r->inode)
		return;
	memset(r, 0, offsetof(struct fdg_remembered, made));
	r->inode = inode;
	r->order = ++order;
	r->pid = p->pid;
	r->born = p->born;
	r->fd = fd;
	r->kinds = kinds;
	keep_place(r, p, l);
	if (all.count == 1)
		wake_in(EVERY_NS);
	fdg_runs_speak_for(p, p->pid);
	fdg_voice_keep(); /* what is told of it may be told when it has ended */
	fdg_runs_silent();
}

/* The kernel reads the number again: what is remembered for nothing is forgotten. */
static bool is_set(const struct fdg_listener *l)
{
	int value;

	return fdg_facts_read((int)l->request->pid, l->request->data.args[3], &value, sizeof(value)) == sizeof(value) && value;
}

void fdg_listeners_set(struct fdg_process *p, const struct fdg_listener *l)
{
	int fd = (int)l->request->data.args[0];
	struct fdg_file f;
	unsigned kinds;

	if (!is_set(l) || fdg_maps_judged(p, l->request->data.instruction_pointer) || !fdg_file_look(p, (int)l->request->pid, fd, &f))
		return;
	kinds = kinds_of(&f);
	fdg_file_close(&f);
	if (fdg_listener_waits(l) && !(is_udp(kinds) && p->steers == p->born))
		remember(p, l, fd, f.ino, kinds);
}

/* It chooses the members of UDP groups itself; what a group of listeners loses it loses all the same. */
void fdg_listeners_steered(struct fdg_process *p)
{
	p->steers = p->born;
	for (unsigned i = 0; i < all.used; i++)
		if (all.all[i].inode && is_udp(all.all[i].kinds) && fdg_listeners_owner(&all.all[i]) == p)
			fdg_listeners_forget(&all, &all.all[i]);
}

void fdg_listeners_replacing(const struct fdg_process *p, int fd)
{
	for (unsigned i = 0; i < all.used; i++)
		if (all.all[i].inode && all.all[i].fd == fd && fdg_listeners_owner(&all.all[i]) == p) {
			look(true);
			return;
		}
}

void fdg_listeners_executing(const struct fdg_process *p)
{
	bool any = false;

	for (unsigned i = 0; i < all.used; i++)
		any |= all.all[i].inode && fdg_listeners_owner(&all.all[i]) == p;
	if (!any)
		return;
	look(true);
	for (unsigned i = 0; i < all.used; i++)
		if (all.all[i].inode && fdg_listeners_owner(&all.all[i]) == p)
			all.all[i].is_executing = true;
}

/* The kernel says that nobody is watched any more (Linux 6.11) before the last one's descriptors are closed. */
static bool is_over(const struct fdg_process *p)
{
	struct pollfd end = { .fd = p->pidfd, .events = POLLIN };

	return fdg_sys_poll(&end, 1, END_MS) == 1;
}

static bool mark_ended(const struct fdg_process *p)
{
	bool any = false;

	for (unsigned i = 0; i < all.used; i++) {
		struct fdg_remembered *r = &all.all[i];

		r->is_ended = r->inode && fdg_listeners_owner(r) == p;
		any |= r->is_ended;
	}
	return any;
}

void fdg_listeners_ended(const struct fdg_process *p)
{
	if (!mark_ended(p))
		return;
	if (is_over(p))
		look(false);
	for (unsigned i = 0; i < all.used; i++)
		if (all.all[i].inode && fdg_listeners_owner(&all.all[i]) == p && !bequeath(&all.all[i]))
			fdg_listeners_forget(&all, &all.all[i]);
	if (!all.count)
		wake_in(0);
}
