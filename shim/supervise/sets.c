// SPDX-License-Identifier: MIT
#include "supervise/sets.h"

#include <string.h>
#include <sys/select.h>

#include "base/address.h"
#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/select/outside.h"
#include "options/options.h"
#include "supervise/filter.h"
#include "supervise/maps.h"
#include "supervise/numbers.h"
#include "supervise/runs.h"
#include "supervise/stack.h"

#include "base/poison.h"

#define SETS 3
#define MOST 65536 /* descriptors that are looked at */
#define SET_BYTES (FD_SETSIZE / 8)

/* The arguments of one call. */
struct wait {
	unsigned bytes;       /* of a set, as the kernel reads it */
	uint64_t at[SETS + 1]; /* the sets and the time; 0: none */
	int fd;
	unsigned set;
	const char *into;
};

/* The highest number from FD_SETSIZE on that is in a set; -1: none is. */
static int highest_of(int tid, uint64_t at, unsigned bytes)
{
	static unsigned char bits[MOST / 8];
	long n = fdg_facts_read(tid, at + SET_BYTES, bits, bytes - SET_BYTES);

	while (n > 0 && !bits[n - 1])
		n--;
	return n <= 0 ? -1 : (int)(SET_BYTES + n - 1) * 8 + 31 - __builtin_clz(bits[n - 1]);
}

static void find_highest(struct wait *w, int tid)
{
	w->fd = -1;
	for (unsigned i = 0; i < SETS; i++) {
		int fd = w->at[i] ? highest_of(tid, w->at[i], w->bytes) : -1;

		if (fd > w->fd) {
			w->fd = fd;
			w->set = i;
		}
	}
}

/* Another argument that begins behind an fd_set, and before the end that the kernel gives it. */
static void find_overlap(struct wait *w)
{
	static const char *const words[] = { "read set of the same call", "write set of the same call", "set of exceptions of the same call", "timeout of the same call" };

	for (unsigned i = 0; i <= SETS; i++)
		if (i != w->set && w->at[i] && w->at[i] >= w->at[w->set] + SET_BYTES && w->at[i] < w->at[w->set] + w->bytes)
			w->into = words[i];
}

static bool look(struct wait *w, const struct fdg_process *p, const struct seccomp_data *d, int tid)
{
	unsigned word = d->arch == FDG_ARCH ? 64 : 32, nfds = (unsigned)d->args[0], table = (unsigned)fdg_facts_table(p->pid);

	/* The kernel looks at no number that the table has no room for: many say more than they mean. */
	if (nfds > table)
		nfds = table;
	if (nfds <= FD_SETSIZE || nfds > MOST)
		return false;
	w->bytes = (nfds + word - 1) / word * (word / 8);
	w->into = NULL;
	for (unsigned i = 0; i <= SETS; i++)
		w->at[i] = word == 32 ? (uint32_t)d->args[i + 1] : d->args[i + 1];
	find_highest(w, tid);
	if (w->fd < 0)
		return false;
	find_overlap(w);
	return true;
}

static void report(struct fdg_process *p, const struct wait *w, int tid, const struct seccomp_data *d)
{
	static const char *const sets[] = { "read set", "write set", "set of exceptions" };
	static struct fdg_place site[FDG_FRAMES_MAX];
	char kind[96];
	struct fdg_buf b = FDG_BUF(kind);
	struct fdg_select_seen s = { .self = fdg_base_name(fdg_facts_exe(p)), .call = "select", .nfds = (int)d->args[0], .fd = w->fd, .kind = kind, .set = sets[w->set], .into = w->into,
				     .site = site };
	int local = (int)fdg_sys3(SYS_pidfd_getfd, p->pidfd, w->fd, 0);

	*kind = '\0';
	if (local >= 0) {
		fdg_put_what(&b, local);
		fdg_sys_close(local);
	}
	if (fdg_options.stacks) {
		s.sites = fdg_site_of(tid, d, site, fdg_options.stacks);
		s.source = fdg_site_sources();
	}
	fdg_runs_speak_for(p, tid);
	fdg_select_report_seen(&s);
	fdg_runs_silent();
}

void fdg_sets_seen(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	const struct seccomp_data *d = &l->request->data;
	int tid = (int)l->request->pid;
	struct wait w;

	(void)a;
	/* Once of each program: a server waits a thousand times a second. */
	if (p->is_select_told || fdg_maps_judged(p, d->instruction_pointer) || !look(&w, p, d, tid))
		return;
	p->is_select_told = true;
	report(p, &w, tid, d);
}
