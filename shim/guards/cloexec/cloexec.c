// SPDX-License-Identifier: MIT
/*
 * Guard cloexec: the child that inherited a thousand sockets.
 *
 * The bug. A descriptor without close-on-exec is open in every program that its process starts. The child's own descriptors then begin above
 * the inherited ones; from 1024 on select() writes past its fd_set; connections stay open because a child that knows nothing of them holds them.
 *
 *     wrong:  int s = socket(AF_INET, SOCK_DGRAM, 0);                  … system("probe");
 *     right:  int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);   … system("probe");
 *
 * What we do.
 *  1. At creation, for cloexec.kinds: SOCK_CLOEXEC and its like in the same call (wrap/). Never on 0 to 2, never on duplicates, never by default on files
 *     and pipes, since shells and daemons count on the number that open() returned. The ledger marks what we forced; F_GETFD shows what the program set.
 *  2. What the program does later wins: F_SETFD, FIONCLEX, dup2. A vfork child writes nothing into the ledger, so at exec a forced descriptor that is
 *     not close-on-exec in the kernel was cleared on purpose.
 *  3. At exec or spawn (this file): decide which descriptors are meant for the child, lift our mark from those, and write a note into the environment:
 *     what is meant, what leaks and where it was made, what we held back.
 *  4. In the child (inherited.c): compare with what is really open, and report: cloexec.leaked, cloexec.inherited, cloexec.forced.
 *
 * Meant (reference: make's jobserver, systemd's socket activation, gpg --status-fd, servers that restart themselves):
 *  - named in argv or the environment (naming.c);
 *  - made inheritable by the program: F_SETFD 0, FIONCLEX, dup2 to a chosen number, posix_spawn's adddup2;
 *  - a listener, when the new image is the program itself, by exec or in a child: kept, and noted; in that image it is as if made there, and goes no further;
 *  - files, pipes and terminals that a shell opened;
 *  - cloexec.allow.
 */
#include "guards/cloexec/cloexec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/exe.h"
#include "base/sys.h"
#include "guards/cloexec/meant.h"
#include "guards/cloexec/naming.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

unsigned fdg_cloexec_kinds;
bool fdg_cloexec_always_note;

void fdg_cloexec_start(void)
{
	fdg_cloexec_kinds = fdg_options.cloexec == FDG_FIX ? fdg_options.cloexec_kinds : 0;
}

static _Thread_local uint64_t forked_when; /* descriptions with a lesser id were made before the fork; see fdg_forked_from */

void fdg_cloexec_forked(void)
{
	fdg_forked_from = fdg_sys_getppid();
	forked_when = fdg_ledger_now();
}

bool fdg_cloexec_in_forked_child(void)
{
	return fdg_vfork_depth > 0 || fdg_forked_from > 0;
}

void fdg_cloexec_release(bool again)
{
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1))
		if (fdg_ledger_state(fd) & FDG_FORCED)
			fdg_sys_fcntl(fd, F_SETFD, again ? FD_CLOEXEC : 0);
}

/* The process to name as the parent: in a forked or vforked child that only execs, the one that it comes from. */
static int maker_pid(const struct fdg_exec *x, uint64_t newest)
{
	if (x->spawned)
		return x->note.pid;
	if (fdg_vfork_depth > 0)
		return fdg_sys_getppid();
	return fdg_forked_from && newest < forked_when ? fdg_forked_from : x->note.pid;
}

static bool interesting(int fd)
{
	return fdg_ledger_state(fd) != 0;
}

/* Is `path` the file that this process runs? */
static bool is_own_file(const char *path)
{
	struct stat mine, theirs;

	return fdg_sys_stat(fdg_exe_link(), &mine) == 0 && fdg_sys_stat(path, &theirs) == 0 && mine.st_dev == theirs.st_dev &&
	       mine.st_ino == theirs.st_ino;
}

/* A restart by exec: the new image is our own program. A bare name is compared as a name: PATH is the child's business. */
static bool same_program(const struct fdg_exec *x)
{
	if (!x->file)
		return false;
	return strchr(x->file, '/') ? is_own_file(x->file) : strcmp(x->file, fdg_base_name(fdg_exe())) == 0;
}

static bool is_listener(int fd, fdg_kindword kind)
{
	int listening = 0;
	unsigned len = sizeof(listening);

	return fdg_kindword_kind(kind) == FDG_KIND_SOCKET &&
	       fdg_sys_getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
}

/* The state of one exec while the ledger is walked. */
struct walk {
	struct fdg_exec *x;
	struct fdg_named named;
	int same;        /* same_program(), once known: -1 not asked */
	uint64_t newest; /* the highest description id among what the note says */
};

static void note(struct walk *w, char letter, fdg_kindword kind, int fd, const struct fdg_known *k)
{
	fdg_note_add(&w->x->note, letter, kind, k->site, k->origin, fd);
	if (k->description > w->newest)
		w->newest = k->description;
}

static void note_meant(struct walk *w, int fd)
{
	fdg_note_add(&w->x->note, FDG_NOTE_MEANT, 0, NULL, 0, fd);
}

static bool is_restart(struct walk *w)
{
	if (w->same < 0)
		w->same = same_program(w->x);
	return w->same;
}

static bool is_chosen(const struct fdg_exec *x, int fd)
{
	for (unsigned i = 0; i < x->chosen_count; i++)
		if (x->chosen[i] == fd)
			return true;
	return false;
}

static bool is_meant(struct walk *w, int fd, const struct fdg_known *k)
{
	enum fdg_kind kind = fdg_kindword_kind(k->kind);

	if (k->flags & FDG_MEANT || fd == w->x->program_fd || fdg_named_has(&w->named, fd) || fdg_fdset_has(&fdg_options.cloexec_allow, fd, fdg_kind_bit(kind)))
		return true;
	return kind != FDG_KIND_SOCKET && kind != FDG_KIND_EPOLL && fdg_is_shell(fdg_exe());
}

/* Keeps that fd is lifted, for put_back; numbers come in rising order. False: there is no room. */
static bool keep_lifted(struct fdg_exec *x, int fd)
{
	unsigned n = x->lifted_count;

	if (fd < FDG_LIFTED_LOW) {
		x->lifted_low[fd / 64] |= UINT64_C(1) << (fd % 64);
		return true;
	}
	if (n && x->lifted[n - 1].last == fd - 1) {
		x->lifted[n - 1].last = fd;
		return true;
	}
	if (n == FDG_LIFTED_MAX)
		return false;
	x->lifted[n].first = x->lifted[n].last = fd;
	x->lifted_count++;
	return true;
}

/* Takes our mark off for this child. A spawn shares its descriptors with other threads, which may spawn too: the mark comes back with the last of them. */
static void lift(struct fdg_exec *x, int fd)
{
	if (!keep_lifted(x, fd))
		return;
	if (x->spawned)
		fdg_ledger_lift(fd, 1);
	fdg_sys_fcntl(fd, F_SETFD, 0);
}

static void put_back(const struct fdg_exec *x, int fd)
{
	if (!(fdg_ledger_state(fd) & FDG_FORCED) || (x->spawned && fdg_ledger_lift(fd, -1) > 0))
		return;
	fdg_sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Another thread may have lifted it between the two lines above. */
	if (x->spawned && fdg_ledger_lift(fd, 0) > 0)
		fdg_sys_fcntl(fd, F_SETFD, 0);
}

/* The number may be another descriptor's by now, made behind us: that one's flags are the program's. */
static bool is_still(int fd, const struct fdg_known *k)
{
	fdg_kindword seen;

	return fdg_kind_ask(fd, &seen) == 0 && fdg_kind_agrees(k->kind, seen);
}

static void forced_entry(struct walk *w, int fd, const struct fdg_known *k)
{
	int flags = fdg_sys_fcntl(fd, F_GETFD, 0);
	bool meant = flags >= 0 && is_meant(w, fd, k);

	if (flags < 0)
		return; /* closed behind us */
	if (!(flags & FD_CLOEXEC) && !meant) {
		note_meant(w, fd); /* cleared on purpose, or lifted by another thread for its own child */
	} else if (meant && is_still(fd, k)) {
		lift(w->x, fd);
		note_meant(w, fd);
	} else if (!meant && is_listener(fd, k->kind) && is_restart(w)) {
		lift(w->x, fd);
		note(w, FDG_NOTE_KEPT, k->kind, fd, k);
	} else if (!meant && fdg_report_wants(FDG_LEVEL_NOTE)) {
		note(w, FDG_NOTE_FORCED, k->kind, fd, k);
	}
}

static void plain_entry(struct walk *w, int fd, const struct fdg_known *k)
{
	fdg_kindword seen;
	int flags;

	if (k->flags & FDG_CLOEXEC)
		return;
	flags = fdg_sys_fcntl(fd, F_GETFD, 0);
	if (flags < 0 || flags & FD_CLOEXEC || fdg_kind_ask(fd, &seen) < 0 || !fdg_kind_agrees(k->kind, seen))
		return; /* not what we know: say nothing about it */
	if (k->flags & FDG_TOLD)
		fdg_note_add(&w->x->note, FDG_NOTE_TOLD, 0, NULL, 0, fd);
	else if (fdg_options.cloexec == FDG_OFF || is_meant(w, fd, k))
		note_meant(w, fd);
	else if (is_listener(fd, seen) && is_restart(w))
		note(w, FDG_NOTE_KEPT, seen, fd, k);
	else
		note(w, FDG_NOTE_LEAKED, seen, fd, k);
}

/* A number that a vfork child made or chose itself: the ledger's entry, if any, is about its parent's. */
static void touched_range(void *cookie, int first, int last, enum fdg_touch how)
{
	struct walk *w = cookie;

	for (int fd = first < 3 ? 3 : first; fd <= last && fd - first < 64; fd++)
		if (how != FDG_TOUCHED_CLOSED && how != FDG_TOUCHED_ASKED && !fdg_note_find(&w->x->note, fd) && !(fdg_sys_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC))
			note_meant(w, fd);
}

/*
 * One site that leaks into a thousand children is one finding: mark it in the memory that we share with our forks, and let the child keep quiet if it
 * was marked before. fdg_cloexec_after takes the mark back if the exec fails (a shell tries every folder of PATH).
 */
static void tell_once(struct fdg_exec *x, struct fdg_note_group *g)
{
	const char *target = x->file ? fdg_base_name(x->file) : "";
	int size = 64 - __builtin_clzll(g->count | 1); /* twice as many are worth another report */
	uint64_t hash;

	if (g->letter == FDG_NOTE_MEANT || g->letter == FDG_NOTE_TOLD)
		return;
	hash = fdg_hash(fdg_hash(fdg_hash((uint64_t)g->letter << 8 | (uint64_t)size, &g->kind, sizeof(g->kind)), &g->pc, sizeof(g->pc)), target, strlen(target));
	if (g->origin)
		hash = fdg_hash(hash, &g->origin, sizeof(g->origin));
	if (!fdg_told_mark(hash))
		x->told[x->told_count++] = hash;
	else if (g->letter == FDG_NOTE_LEAKED)
		g->letter = FDG_NOTE_TOLD;
	else if (g->letter == FDG_NOTE_KEPT)
		g->letter = FDG_NOTE_AGAIN;
	else
		g->count = 0; /* held back, and said before: leave it out */
}

static void walk_ledger(struct walk *w)
{
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1)) {
		struct fdg_known k;

		if (is_chosen(w->x, fd) || !fdg_ledger_look(fd, &k))
			continue;
		if (fdg_ledger_touch(fd) == FDG_TOUCHED_ASKED)
			k.flags |= FDG_MEANT;
		else if (fdg_ledger_touch(fd) != FDG_UNTOUCHED)
			continue;
		if (k.flags & FDG_FORCED)
			forced_entry(w, fd, &k);
		else
			plain_entry(w, fd, &k);
	}
}

/* The call that execs, and its callers where they were asked for. */
static void find_site(struct fdg_exec *x)
{
	unsigned want = fdg_options.stacks < FDG_NOTE_FRAMES ? fdg_options.stacks : FDG_NOTE_FRAMES;

	x->note.sites = want > 1 && fdg_vfork_depth == 0 ? fdg_stack(x->note.site, want) : 0;
	if (x->note.sites)
		return;
	if (!fdg_place_of(x->site, &x->note.site[0]))
		x->note.site[0] = (struct fdg_place){ "?", 0 };
	x->note.sites = 1;
}

bool fdg_cloexec_has_work(unsigned chosen_count)
{
	return fdg_cloexec_always_note || chosen_count || fdg_ledger_next(3) >= 0 || fdg_ledger_has_touches();
}

static bool has_anything(const struct fdg_note *n)
{
	for (unsigned i = 0; i < n->groups; i++)
		if (n->group[i].count)
			return true;
	return fdg_cloexec_always_note;
}

bool fdg_cloexec_before(struct fdg_exec *x)
{
	struct walk w = { .x = x, .named = { .interesting = interesting }, .same = -1 };
	int self = fdg_sys_getpid();

	memset(x->lifted_low, 0, sizeof(x->lifted_low));
	x->lifted_count = x->told_count = 0;
	fdg_note_begin(&x->note);
	if (fdg_ledger_next(3) >= 0) {
		w.named.reader = x->spawned ? 0 : self;
		w.named.starter = self;
		fdg_named_collect(&w.named, x->argv, x->envp);
		walk_ledger(&w);
		fdg_meant_exec(x, &w.named);
	}
	fdg_ledger_touches(touched_range, &w);
	for (unsigned i = 0; i < x->chosen_count; i++)
		if (x->chosen[i] > 2)
			note_meant(&w, x->chosen[i]);
	if (!has_anything(&x->note))
		return false;
	for (unsigned i = 0; i < x->note.groups; i++)
		tell_once(x, &x->note.group[i]);
	x->note.spawned = x->spawned;
	x->note.pid = self;
	x->note.maker = maker_pid(x, w.newest);
	x->note.exe = fdg_exe();
	find_site(x);
	return true;
}

void fdg_cloexec_after(struct fdg_exec *x, bool failed)
{
	for (int fd = 3; fd < FDG_LIFTED_LOW; fd++)
		if (!x->lifted_low[fd / 64])
			fd |= 63;
		else if (x->lifted_low[fd / 64] >> (fd % 64) & 1)
			put_back(x, fd);
	for (unsigned i = 0; i < x->lifted_count; i++)
		for (int fd = x->lifted[i].first; fd <= x->lifted[i].last; fd++)
			put_back(x, fd);
	for (unsigned i = 0; failed && i < x->told_count; i++)
		fdg_told_unmark(x->told[i]);
}
