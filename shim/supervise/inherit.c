// SPDX-License-Identifier: MIT
#include "supervise/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "base/judged.h"
#include "base/kind.h"
#include "base/sys.h"
#include "guards/cloexec/leak.h"
#include "guards/cloexec/naming.h"
#include "guards/self.h"
#include "supervise/fetch.h"
#include "supervise/known.h"
#include "supervise/marks.h"
#include "supervise/memory.h"
#include "supervise/open.h"
#include "supervise/patience.h"
#include "supervise/stack.h"
#include "supervise/undo.h"

#include "base/poison.h"

#define STREAMS 3
#define ANCESTORS 16 /* that are the same program: forked, and forked again */

/* What became of one. */
enum verdict { MEANT, LEAKED, FORCED, KEPT, HELD };

static struct {
	struct fdg_open_list found; /* of the process that is looked at */
	unsigned char verdict[FDG_OPEN_MAX];
	fdg_kindword kind[FDG_OPEN_MAX];
	struct fdg_strings argv, envp;
	struct fdg_note note;
	struct fdg_named named;
	char maker[PATH_MAX];
	struct fdg_identity stream[STREAMS];
	enum fdg_level worst[FDG_NOTE_GROUPS];
	bool is_judged, is_preloads;
} *now;

static int first;

int fdg_inherit_start(int first_pid)
{
	int r = fdg_marks_start();

	r = r == 0 ? fdg_undo_start() : r;
	r = r == 0 ? fdg_patience_start() : r;
	first = first_pid;
	now = r == 0 ? fdg_sys_mmap(sizeof(*now), false) : NULL;
	return r < 0 ? r : now ? fdg_open_start() : -ENOMEM;
}

/* ---- who made them ---- */

/* The process that became this program by an exec that we saw, of p and those that it was forked from. NULL: not known. */
static struct fdg_process *beginner_of(struct fdg_process *p)
{
	for (int i = 0; i < ANCESTORS && p && !p->execs; i++) {
		struct fdg_process *parent = p->parent > 0 ? fdg_facts_of(p->parent) : NULL;

		if (!parent || strcmp(fdg_facts_exe(p), fdg_facts_exe(parent)) != 0)
			return NULL;
		p = parent;
	}
	return p && p->execs ? p : NULL;
}

static bool has_mark(const struct fdg_process *p, const struct fdg_open *o)
{
	return fdg_marks_has(p, o->fd, &o->what);
}

static bool has_copy(const struct fdg_process *p, const struct fdg_open *o)
{
	return fdg_marks_copied(p, &o->what);
}

/* By it, or by one that it was forked from. */
static bool was_done(bool has(const struct fdg_process *p, const struct fdg_open *o), struct fdg_process *p, const struct fdg_process *beginner, const struct fdg_open *o)
{
	for (int i = 0; i < ANCESTORS && p; i++) {
		if (has(p, o))
			return true;
		if (p == beginner)
			return false;
		p = fdg_facts_find(p->parent);
	}
	return false;
}

/* ---- what is open ---- */

/* A table that others use at this moment is left alone: what they put at the number meanwhile would be lost. */
static bool has_own_table(const struct fdg_process *p)
{
	if (fdg_facts_threads(p->pid) != 1)
		return false;
	return p->parent <= 0 || fdg_sys5(SYS_kcmp, p->pid, p->parent, KCMP_FILES, 0, 0) != 0;
}

/* Where only some were seen, those are told of, and nothing is changed: a part that is mended is a program that fails now and then. */
static void look(struct fdg_process *p, int tid)
{
	struct fdg_process *maker = beginner_of(p);

	now->found.is_whole = fdg_patience_left(maker);
	if (!now->found.is_whole)
		return;
	fdg_open_list(p->pid, &now->found, fdg_patience_until());
	if (now->found.is_cut && fdg_patience_lost(maker))
		fdg_patience_say(maker, tid);
}

bool fdg_inherit_look(struct fdg_process *p, const struct fdg_listener *l)
{
	int tid = (int)l->request->pid;

	now->is_judged = false;
	now->found.count = 0;
	now->found.is_cut = false;
	now->found.is_whole = fdg_facts_has_table(p, tid, 0);
	if (fdg_options.cloexec != FDG_OFF && now->found.is_whole) {
		look(p, tid);
		fdg_undo_look(p, &now->found);
	}
	if (now->found.count == 0)
		fdg_open_keep(p, &now->found);
	return now->found.count > 0;
}

/* ---- what is meant ---- */

static bool is_found(int fd)
{
	return fdg_open_find(&now->found, fd) != NULL;
}

static bool is_found_pipe(int fd)
{
	const struct fdg_open *o = fdg_open_find(&now->found, fd);

	return o && S_ISFIFO(o->mode);
}

static void collect_names(struct fdg_process *p)
{
	now->named = (struct fdg_named){ .interesting = is_found, .is_pipe = is_found_pipe, .reader = fdg_facts_own_number(p->pid) };
	fdg_named_collect(&now->named, now->argv.string, now->envp.string);
	if (!now->argv.is_whole || !now->envp.is_whole)
		now->named.all = true;
}

/* What shells open is for their children. */
static bool is_shells(fdg_kindword kind, const char *maker)
{
	return fdg_kindword_kind(kind) != FDG_KIND_SOCKET && fdg_kindword_kind(kind) != FDG_KIND_EPOLL && fdg_is_shell(maker);
}

/* A copy of what is handed on as a standard stream: a shell's {fd}>&1. */
static bool is_a_stream(const struct fdg_open *o)
{
	for (int fd = 0; fd < STREAMS; fd++)
		if (fdg_identity_same(&now->stream[fd], &o->what))
			return true;
	return false;
}

static void look_at_streams(const struct fdg_process *p)
{
	memset(now->stream, 0, sizeof(now->stream));
	for (int fd = 0; fd < STREAMS; fd++)
		fdg_identity_of(p->pid, fd, &now->stream[fd]);
}

static bool is_meant(struct fdg_process *p, const struct fdg_process *beginner, const struct fdg_open *o, fdg_kindword kind)
{
	enum fdg_kind k = fdg_kindword_kind(kind);

	return fdg_named_has(&now->named, o->fd) || fdg_named_bats(&now->named, o->fd, k) || fdg_fdset_has(&fdg_options.cloexec_allow, o->fd, fdg_kind_bit(k)) ||
	       was_done(has_mark, p, beginner, o) || is_a_stream(o) || is_shells(kind, now->maker);
}

static bool is_listener(int local)
{
	int listening = 0;
	unsigned size = sizeof(listening);

	return fdg_sys_getsockopt(local, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

static bool is_same_program(const struct fdg_process *p, const struct fdg_identity *file)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	struct stat was;

	fdg_fmt(&b, "/proc/%d/exe", p->pid);
	return fdg_stat_known(path, &was) && was.st_dev == file->dev && was.st_ino == file->ino;
}

/* ---- what is done about it ---- */

static bool take_back(const struct fdg_process *p, const struct fdg_inherit_call *c, const struct fdg_open *o, int local)
{
	if (fdg_listener_replace(c->l, local, o->fd, 0) < 0)
		return false;
	fdg_undo_done(p, o->fd);
	return true;
}

static bool is_to_be_fixed(fdg_kindword kind)
{
	unsigned bit = fdg_kind_bit(fdg_kindword_kind(kind));

	return fdg_options.cloexec == FDG_FIX && bit == FDG_KIND_SOCKET_BIT && (fdg_options.cloexec_kinds & bit);
}

/* The kind of one, by itself where we may have it, else by what /proc calls it; and whether it could be mended. */
static enum verdict judge_one(struct fdg_process *p, const struct fdg_inherit_call *c, const struct fdg_process *beginner, const struct fdg_open *o, bool is_restart, bool is_own,
			      fdg_kindword *ret_kind)
{
	bool is_known = fdg_fetch_knows(o, ret_kind);
	int local = is_known && !is_restart && !o->is_held && !is_to_be_fixed(*ret_kind) ? -1 : fdg_fetch(p, o);
	enum verdict v = LEAKED;

	if (!is_known)
		*ret_kind = fdg_fetch_kind(p, o, local);
	if (o->is_held)
		v = is_meant(p, beginner, o, *ret_kind) && is_own && local >= 0 && take_back(p, c, o, local) ? MEANT : HELD;
	else if (is_meant(p, beginner, o, *ret_kind))
		v = MEANT;
	else if (local >= 0 && is_restart && is_listener(local))
		v = KEPT;
	else if (local >= 0 && is_own && is_to_be_fixed(*ret_kind) && !was_done(has_copy, p, beginner, o) && fdg_listener_replace(c->l, local, o->fd, O_CLOEXEC) == 0) {
		fdg_undo_keep(p, o);
		v = FORCED;
	}
	if (local >= 0)
		fdg_sys_close(local);
	return v;
}

/* ---- the finding ---- */

static void put_letter(unsigned i, char letter)
{
	struct fdg_note *n = &now->note;
	unsigned g = 0;

	while (g < n->groups && (n->group[g].letter != letter || n->group[g].kind != now->kind[i]))
		g++;
	if (g == FDG_NOTE_GROUPS)
		return;
	if (g == n->groups) {
		n->group[n->groups++] = (struct fdg_note_group){ .letter = letter, .kind = now->kind[i] };
		now->worst[g] = FDG_LEVEL_NOTE;
	}
	fdg_note_group_add(&n->group[g], now->found.file[i].fd);
	if (letter == FDG_NOTE_LEAKED && fdg_leak_level(now->kind[i]) > now->worst[g])
		now->worst[g] = fdg_leak_level(now->kind[i]);
}

static void name_maker(struct fdg_process *p)
{
	struct fdg_process *maker = p->execs ? NULL : fdg_facts_find(p->parent);
	struct fdg_buf b = FDG_BUF(now->maker);

	fdg_put(&b, fdg_facts_exe(p));
	memset(&now->note, 0, offsetof(struct fdg_note, group));
	now->note.exe = now->maker;
	now->note.maker = maker ? maker->pid : p->pid;
}

static void add_site(const struct fdg_inherit_call *c)
{
	static struct fdg_place site[FDG_FRAMES_MAX];
	unsigned max = fdg_options.stacks < FDG_NOTE_FRAMES ? fdg_options.stacks : FDG_NOTE_FRAMES;

	now->note.sites = max ? fdg_site_of(c->tid, &c->l->request->data, site, max) : 0;
	memcpy(now->note.site, site, now->note.sites * sizeof(*site));
}

static void judge_all(struct fdg_process *p, const struct fdg_inherit_call *c, const struct fdg_process *beginner, const struct fdg_run_image *image)
{
	static const char letter[] = { [LEAKED] = FDG_NOTE_LEAKED, [FORCED] = FDG_NOTE_FORCED, [KEPT] = FDG_NOTE_KEPT };
	bool is_restart = is_same_program(p, &image->file), is_own = now->found.is_whole && has_own_table(p);
	unsigned left = 0;

	for (unsigned i = 0; i < now->found.count; i++) {
		const struct fdg_open *o = &now->found.file[i];

		if (fdg_open_was_there(beginner, &o->what))
			continue;
		now->verdict[i] = judge_one(p, c, beginner, o, is_restart, is_own, &now->kind[i]);
		if (now->verdict[i] != MEANT && now->verdict[i] != HELD)
			put_letter(i, letter[now->verdict[i]]);
	}
	for (unsigned i = 0; i < now->found.count; i++)
		if (now->verdict[i] != FORCED && now->verdict[i] != HELD)
			now->found.file[left++] = now->found.file[i];
	now->found.count = left;
	if (now->note.groups)
		add_site(c);
}

/* What a preloaded parent tells its child, which the child would tell us if it could. Read if it is about a leak at all: what is read is kept for good. */
static void read_note(void)
{
	const char *text = fdg_strings_value(&now->envp, FDG_NOTE_NAME);

	if (!text || !strstr(text, " l") || !fdg_note_read(text, &now->note))
		now->note.groups = 0;
	for (unsigned i = 0; i < now->note.groups; i++) {
		struct fdg_note_group *g = &now->note.group[i];
		fdg_kindword kind = g->kind;

		now->worst[i] = g->letter == FDG_NOTE_LEAKED ? fdg_leak_level(kind) : FDG_LEVEL_NOTE;
		if (g->letter != FDG_NOTE_LEAKED && g->letter != FDG_NOTE_FORCED && g->letter != FDG_NOTE_KEPT)
			g->count = 0;
	}
}

static void judge(struct fdg_process *p, const struct fdg_inherit_call *c, const struct fdg_run_image *image)
{
	struct fdg_process *beginner;

	if (!image || (p->pid == first && !p->execs) || (c->is_preloads && image->is_preloaded) || fdg_runs_leave_out(fdg_facts_exe(p)))
		return;
	now->is_preloads = c->is_preloads;
	fdg_strings_read(c->tid, c->envp, c->is_32, &now->envp);
	memset(now->verdict, MEANT, now->found.count);
	name_maker(p);
	now->note.groups = 0;
	if (c->is_preloads) {
		read_note();
		now->is_judged = true;
		return;
	}
	beginner = beginner_of(p);
	if (!beginner || !(now->found.is_whole || now->found.is_cut))
		return;
	fdg_strings_read(c->tid, c->argv, c->is_32, &now->argv);
	collect_names(p);
	look_at_streams(p);
	judge_all(p, c, beginner, image);
	now->is_judged = true;
}

void fdg_inherit_judge(struct fdg_process *p, const struct fdg_inherit_call *c, const struct fdg_run_image *image)
{
	judge(p, c, image);
	if (image)
		fdg_open_keep(p, &now->found);
}

static int judgement(void)
{
	int r = now->is_judged ? FDG_PROBE_JUDGED : 0;

	for (unsigned i = 0; i < now->note.groups; i++)
		if (r && now->note.group[i].letter == FDG_NOTE_LEAKED)
			r |= FDG_PROBE_LEAKED;
	return r;
}

void fdg_inherit_tell(struct fdg_process *p, const struct fdg_run_image *image)
{
	char self[256];
	struct fdg_buf b = FDG_BUF(self);
	struct fdg_leak l = { .self = self, .pid = p->pid, .argv = (char *const *)image->argv, .note = &now->note, .outside = true, .more = now->found.is_cut,
			      .source = now->note.sites && !now->is_preloads ? fdg_site_sources() : NULL };

	p->judged = judgement();
	if (!now->is_judged || !now->note.groups || fdg_runs_leave_out(image->exe))
		return;
	fdg_put_called(&b, image->exe, l.argv);
	fdg_runs_speak_as(p, image->exe);
	for (unsigned i = 0; i < now->note.groups; i++) {
		const struct fdg_note_group *g = &now->note.group[i];

		if (g->count)
			fdg_leak_report(&l, g->letter == FDG_NOTE_LEAKED ? FDG_CLOEXEC_LEAKED : FDG_CLOEXEC_FORCED, now->worst[i], g, g->letter);
	}
	fdg_runs_silent();
}
