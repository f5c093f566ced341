// SPDX-License-Identifier: MIT
#include "guards/cloexec/meant.h"

#include <fcntl.h>
#include <string.h>

#include "base/exe.h"
#include "base/sys.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

/* Different ones in one exec; the last one takes in what is more. */
#define GROUPS 8

struct group {
	fdg_kindword kind;
	struct fdg_place made; /* object NULL: not known */
	bool weak;
	int fd; /* the first */
	uint64_t count;
	char why[320], what[128];
};

/* In a mapping: this may be a signal stack. */
struct fdg_meant {
	unsigned groups;
	struct group group[GROUPS];
};

static struct fdg_meant *begin(void)
{
	return fdg_sys_mmap(sizeof(struct fdg_meant), false);
}

static void describe(int fd, char what[128])
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	fdg_fmt(&b, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(path, what, 127);
	what[n > 0 ? n : 0] = '\0';
}

static bool is_like(const struct group *g, const struct group *other)
{
	return g->kind == other->kind && g->made.object == other->made.object && g->made.offset == other->made.offset && strcmp(g->why, other->why) == 0;
}

static void add(struct fdg_meant *m, const struct group *new, int fd)
{
	unsigned i = 0;

	while (i < m->groups && !is_like(&m->group[i], new))
		i++;
	if (i == GROUPS) {
		m->group[GROUPS - 1].count++;
		return;
	}
	if (i == m->groups) {
		m->group[m->groups++] = *new;
		m->group[i].fd = fd;
		if (new->kind) /* else the number is one in the child */
			describe(fd, m->group[i].what);
	}
	m->group[i].count++;
}

/* False: nothing names it, it is the program's own doing. */
static bool reason(struct group *g, const struct fdg_named *named, char *const argv[], char *const envp[], int fd)
{
	struct fdg_buf why = FDG_BUF(g->why);

	if (fdg_named_why(named, argv, envp, fd, &why, &g->weak))
		return true;
	if (!fdg_fdset_has(&fdg_options.cloexec_allow, fd, fdg_kind_bit(fdg_kindword_kind(g->kind))))
		return false;
	fdg_put(&why, "cloexec.allow has it");
	return true;
}

void fdg_meant_found(struct fdg_meant **m, const struct fdg_named *named, char *const argv[], char *const envp[], int fd, fdg_kindword kind,
		     const struct fdg_place *made)
{
	struct group g = { .kind = kind };

	if (made)
		g.made = *made;
	if (!fdg_options.run_exec || !reason(&g, named, argv, envp, fd))
		return;
	if (!*m)
		*m = begin();
	if (*m)
		add(*m, &g, fd);
}

static void add_reason(struct fdg_meant **m, const char *why, int fd, fdg_kindword kind, const struct fdg_place *made)
{
	struct group g = { .kind = kind };
	struct fdg_buf b = FDG_BUF(g.why);

	fdg_put(&b, why);
	if (made)
		g.made = *made;
	if (!*m)
		*m = begin();
	if (*m)
		add(*m, &g, fd);
}

static void put_command(struct fdg_buf *b, char *const argv[])
{
	for (unsigned i = 0; argv && argv[i] && !b->cut; i++)
		fdg_fmt(b, i ? " %s" : "%s", argv[i]);
}

static void write_group(const struct group *g, char *const argv[])
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_RUN_MEANT);
	char message[384], kind[64], command[128];
	struct fdg_buf m = FDG_BUF(message), k = FDG_BUF(kind), c = FDG_BUF(command);
	const char *space;

	fdg_put_kind(&k, g->kind, 1);
	space = strchr(kind, ' ');
	put_command(&c, argv);
	fdg_fmt(&m, "descriptor %d is taken as meant for a child: %s", g->fd, g->why);
	struct fdg_fact facts[] = {
		{ "kind", NULL, space ? space + 1 : kind, 0 },
		{ "reason", NULL, g->why, 0 },
		{ "weak", NULL, NULL, g->weak },
		{ "what", NULL, g->what, 0 },
		{ "command", NULL, command, 0 },
	};
	f.message = message;
	f.fd = g->fd;
	f.count = g->count;
	f.created = &g->made;
	f.createds = g->made.object != NULL;
	f.fact = facts;
	f.facts = sizeof(facts) / sizeof(*facts);
	fdg_report_run_meant(&f);
}

void fdg_meant_write(struct fdg_meant **m, char *const argv[])
{
	if (!*m)
		return;
	for (unsigned i = 0; i < (*m)->groups; i++)
		write_group(&(*m)->group[i], argv);
	fdg_sys_munmap(*m, sizeof(**m));
	*m = NULL;
}

static bool goes_to_the_child(int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFD, 0);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* What a shell opens is for its children, and nobody wants a list of it. */
static bool is_a_shells(fdg_kindword word)
{
	enum fdg_kind kind = fdg_kindword_kind(word);

	return kind != FDG_KIND_SOCKET && kind != FDG_KIND_EPOLL && fdg_is_shell(fdg_exe());
}

static bool needs_a_name(int fd, const struct fdg_known *k)
{
	return !(k->flags & (FDG_MEANT | FDG_INHERITED | FDG_TOLD | FDG_CLOEXEC)) && fdg_ledger_touch(fd) == FDG_UNTOUCHED && goes_to_the_child(fd) && !is_a_shells(k->kind);
}

static const char own_doing[] = "the program itself made it inheritable (F_SETFD, FIONCLEX or dup2)";

static bool is_own_doing(int fd, const struct fdg_known *k)
{
	return k->flags & FDG_MEANT && !(k->flags & (FDG_INHERITED | FDG_TOLD)) && fdg_ledger_touch(fd) == FDG_UNTOUCHED && goes_to_the_child(fd) && !is_a_shells(k->kind);
}

/* The same in a vfork child: the ledger is its parent's. */
static void touched(void *cookie, int first, int last, enum fdg_touch how)
{
	fdg_kindword kind;

	for (int fd = first < 3 ? 3 : first; fd <= last && fd - first < 64; fd++)
		if (how == FDG_TOUCHED_MEANT && fdg_ledger_touch(fd) == how && goes_to_the_child(fd) && fdg_kind_ask(fd, &kind) == 0 && !is_a_shells(kind))
			add_reason(cookie, own_doing, fd, kind, NULL);
}

static bool is_kept(struct fdg_exec *x, int fd)
{
	const struct fdg_note_group *g = fdg_note_find(&x->note, fd);

	return g && g->letter == FDG_NOTE_KEPT;
}

void fdg_meant_exec(struct fdg_exec *x, const struct fdg_named *named)
{
	const struct fdg_place *at;
	struct fdg_meant *m = NULL;
	struct fdg_place made;
	struct fdg_known k;

	/* A shell tries each folder of PATH. */
	if (!fdg_options.run_exec || (x->file && strchr(x->file, '/') && fdg_sys3(SYS_faccessat, AT_FDCWD, x->file, X_OK) < 0))
		return;
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1)) {
		if (!fdg_ledger_look(fd, &k) || fd == x->program_fd || !(needs_a_name(fd, &k) || is_own_doing(fd, &k)))
			continue;
		at = fdg_place_of(k.site, &made) ? &made : NULL;
		if (k.flags & FDG_MEANT)
			add_reason(&m, own_doing, fd, k.kind, at);
		else if (is_kept(x, fd))
			add_reason(&m, "it is a listener, and the program starts itself again", fd, k.kind, at);
		else
			fdg_meant_found(&m, named, x->argv, x->envp, fd, k.kind, at);
	}
	fdg_ledger_touches(touched, &m);
	for (unsigned i = 0; i < x->chosen_count; i++)
		if (x->chosen[i] > 2)
			add_reason(&m, "posix_spawn was told to (adddup2, addopen)", x->chosen[i], 0, NULL);
	fdg_meant_write(&m, x->argv);
}
