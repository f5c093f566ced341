// SPDX-License-Identifier: MIT
#include "guards/cloexec/inherited.h"

#include <string.h>

#include "base/exe.h"
#include "base/sys.h"
#include "guards/self.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

void fdg_inherited_parent(char exe[256])
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	fdg_fmt(&b, "/proc/%d/exe", fdg_sys_getppid());
	n = fdg_sys_readlink(path, exe, 255);
	exe[n > 0 ? n : 0] = '\0';
}

bool fdg_inherited_closes(void)
{
	return fdg_options.cloexec_inherited == FDG_INHERITED_CLOSE;
}

static void put_made_at(struct fdg_buf *b, const struct fdg_note_group *g)
{
	const struct fdg_place *p = g->createds ? &g->created[0] : NULL;

	if (g->crowded) {
		fdg_put(b, g->count == 1 ? ", made at a place that the parent's note had no room for" : ", made at more places than the parent's note had room for");
		return;
	}
	if (!p) {
		fdg_put(b, ", made at a place that we did not see");
		return;
	}
	fdg_put(b, ", made at ");
	if (!fdg_symbol_of(p, b))
		fdg_fmt(b, "0x%lx", (unsigned long)p->offset);
	fdg_fmt(b, " (%s)", fdg_base_name(p->object));
}

/* The message, by letter of the group. */
static void put_message(struct fdg_buf *b, const struct fdg_child *c, const struct fdg_note_group *g, char letter)
{
	if (letter == FDG_NOTE_LEAKED) {
		fdg_put_self(b);
		fdg_fmt(b, " (pid %d) inherited ", fdg_sys_getpid());
		fdg_put_kind(b, g->kind, g->count);
		fdg_fmt(b, " from %s (pid %d)", fdg_base_name(c->told->note.exe), c->told->note.maker);
	} else {
		fdg_put_kind(b, g->kind, g->count);
		fdg_fmt(b, " of %s (pid %d)", fdg_base_name(c->told->note.exe), c->told->note.maker);
	}
	put_made_at(b, g);
	if (letter == FDG_NOTE_LEAKED) {
		fdg_put(b, ", and nothing names ");
		fdg_put(b, g->count == 1 ? "it" : "them");
		if (fdg_inherited_closes())
			fdg_put(b, g->count == 1 ? "; it was closed before the program began" : "; they were closed before the program began");
	} else if (letter == FDG_NOTE_FORCED) {
		fdg_put(b, ", would have been inherited by ");
		fdg_put_self(b);
	} else {
		fdg_put(b, g->count == 1 ? ", is a listener and was left open for " : ", are listeners and were left open for ");
		fdg_put_self(b);
		fdg_put(b, ", the same program started again");
	}
}

/* How to mend the source. */
static const char *remedy(enum fdg_kind kind)
{
	switch (kind) {
	case FDG_KIND_SOCKET: return "create it with SOCK_CLOEXEC (accept4 for accepted ones)";
	case FDG_KIND_EPOLL: return "create it with epoll_create1(EPOLL_CLOEXEC)";
	case FDG_KIND_PIPE: return "create it with pipe2(…, O_CLOEXEC)";
	case FDG_KIND_FILE:
	case FDG_KIND_DIR:
	case FDG_KIND_DEVICE:
	case FDG_KIND_TTY: return "open it with O_CLOEXEC (fopen: mode \"e\")";
	case FDG_KIND_EVENT: return "create it with EFD_CLOEXEC";
	case FDG_KIND_TIMER: return "create it with TFD_CLOEXEC";
	case FDG_KIND_SIGNAL: return "create it with SFD_CLOEXEC";
	case FDG_KIND_INOTIFY: return "create it with inotify_init1(IN_CLOEXEC)";
	case FDG_KIND_MEMFD: return "create it with MFD_CLOEXEC";
	default: return "create it with its close-on-exec flag";
	}
}

/* The word of cloexec.kinds for this kind. */
static const char *kind_word(enum fdg_kind kind)
{
	switch (fdg_kind_bit(kind)) {
#define X(constant, word) case FDG_KIND_##constant##_BIT: return word;
	FDG_KIND_WORDS(X)
#undef X
	default: return "all";
	}
}

static void put_fix(struct fdg_buf *b, const struct fdg_child *c, const struct fdg_note_group *g, char letter)
{
	const char *parent = fdg_base_name(c->told->note.exe);
	enum fdg_kind kind = fdg_kindword_kind(g->kind);
	bool covered = fdg_options.cloexec_kinds & fdg_kind_bit(kind);

	if (letter != FDG_NOTE_FORCED && covered && fdg_options.cloexec == FDG_FIX) {
		/* What is forced does not get here: a duplicate, or one that came from somewhere else. */
		fdg_fmt(b, "in %s duplicate it with F_DUPFD_CLOEXEC, or set FD_CLOEXEC (fdguard leaves duplicates alone)", parent);
		return;
	}
	if (letter == FDG_NOTE_LEAKED && !g->createds && !g->crowded) { /* it was given to the parent */
		fdg_fmt(b, "set FD_CLOEXEC on it in %s, or create it with that", parent);
		return;
	}
	fdg_fmt(b, "%s in %s", remedy(kind), parent);
	if (letter == FDG_NOTE_FORCED)
		fdg_put(b, "; until then fdguard does it");
	else if (covered)
		fdg_fmt(b, ", or run %s with fdguard and cloexec=fix", parent);
	else
		fdg_fmt(b, ", or run %s with fdguard, cloexec=fix, and %s added to cloexec.kinds", parent, kind_word(kind));
}

/* The command line, as far as a report has room for it. */
static void put_command(struct fdg_buf *b, char *const argv[])
{
	for (unsigned i = 0; argv && argv[i] && b->len + 1 < b->cap; i++) {
		if (i)
			fdg_put_char(b, ' ');
		fdg_put(b, argv[i]);
	}
}

/* "3 /etc/hosts", as describe has it; false for what has no path. */
static bool put_path(struct fdg_buf *b, int fd)
{
	char link[64], path[200];
	struct fdg_buf l = FDG_BUF(link);
	long n;

	fdg_fmt(&l, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || path[0] != '/')
		return false;
	path[n] = '\0';
	fdg_fmt(b, b->len ? ", %d %s" : "%d %s", fd, path);
	return true;
}

/* For check: the paths of the first few. */
static bool put_paths(struct fdg_buf *b, const struct fdg_note_group *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->ranges; i++)
		for (int fd = g->range[i].first; fd <= g->range[i].last; fd++, n++) {
			if (n == 4) {
				fdg_put(b, ", …");
				return true;
			}
			if (!put_path(b, fd))
				return false;
		}
	return n > 0;
}

static unsigned frames(unsigned have)
{
	return have < fdg_options.stacks ? have : fdg_options.stacks;
}

static void report_group(struct fdg_child *c, enum fdg_finding_id id, enum fdg_level level, const struct fdg_note_group *g, char letter)
{
	struct fdg_finding f = FDG_FINDING_INIT(id);
	char message[768], kind[64], fds[256], fix[384], command[128], what[384];
	struct fdg_buf m = FDG_BUF(message), k = FDG_BUF(kind), r = FDG_BUF(fds), x = FDG_BUF(fix), a = FDG_BUF(command), w = FDG_BUF(what);
	const char *number;

	put_message(&m, c, g, letter);
	fdg_put_kind(&k, g->kind, 1);
	number = strchr(kind, ' ');
	fdg_note_ranges(g, &r);
	put_command(&a, c->argv);
	struct fdg_fact facts[] = {
		{ "command", "command", command, 0 },
		{ "kind", "kind", number ? number + 1 : kind, 0 },
		{ "fds", "descriptors", fds, 0 },
		{ "parent_pid", "parent's pid", NULL, c->told->note.maker },
		{ "parent_exe", "parent", c->told->note.exe, 0 },
		{ NULL, NULL, NULL, 0 },
		{ NULL, NULL, NULL, 0 },
	};
	f.facts = 5;
	if (g->crowded)
		facts[f.facts++] = (struct fdg_fact){ "crowded", "not told apart", "places beyond the 13 that a child is told of: they get names when those are mended, and no baseline holds them", 0 };
	if (letter == FDG_NOTE_LEAKED && fdg_options.run_exec && put_paths(&w, g))
		facts[f.facts++] = (struct fdg_fact){ "what", "what they are", what, 0 };
	f.level = level;
	f.fixed = letter == FDG_NOTE_FORCED || (letter == FDG_NOTE_LEAKED && fdg_inherited_closes());
	f.message = message;
	put_fix(&x, c, g, letter);
	f.fix = letter == FDG_NOTE_KEPT ? NULL : fix;
	f.fd = g->ranges ? g->range[0].first : -1;
	f.count = g->count;
	f.site = c->told->note.site;
	f.sites = frames(c->told->note.sites);
	f.site_label = "started at";
	f.created = g->created;
	f.createds = frames(g->createds);
	f.fact = facts;
	f.key = kind;
	fdg_report(&f);
}

static void report_note(struct fdg_child *c)
{
	for (unsigned i = 0; i < c->told->note.groups; i++) {
		struct fdg_note_group *g = &c->told->note.group[i], *found = &c->told->found[i];

		if (g->letter == FDG_NOTE_LEAKED && found->count) {
			found->kind = g->crowded ? found->kind : g->kind;
			found->crowded = g->crowded;
			memcpy(found->created, g->created, sizeof(g->created));
			found->createds = g->createds;
			report_group(c, FDG_CLOEXEC_LEAKED, c->told->worst[i], found, FDG_NOTE_LEAKED);
		} else if (g->letter == FDG_NOTE_FORCED || g->letter == FDG_NOTE_KEPT) {
			report_group(c, FDG_CLOEXEC_FORCED, FDG_LEVEL_NOTE, g, g->letter);
		}
	}
}

static void report_unnamed(struct fdg_child *c)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_CLOEXEC_INHERITED);
	char message[512], kinds[256], fds[256], command[128], parent[256];
	struct fdg_buf m = FDG_BUF(message), k = FDG_BUF(kinds), r = FDG_BUF(fds), a = FDG_BUF(command);

	if (!c->unnamed.count)
		return;
	for (unsigned i = 0; i < c->kinds; i++) {
		fdg_put(&k, i ? ", " : "");
		fdg_put_kind(&k, c->seen[i].kind, c->seen[i].count);
	}
	fdg_note_ranges(&c->unnamed, &r);
	fdg_put_self(&m);
	fdg_fmt(&m, " (pid %d) was started with ", fdg_sys_getpid());
	fdg_put_count(&m, c->unnamed.count);
	fdg_put(&m, c->unnamed.count == 1 ? " descriptor that nobody named: " : " descriptors that nobody named: ");
	fdg_put(&m, kinds);
	if (fdg_inherited_closes())
		fdg_put(&m, c->unnamed.count == 1 ? "; it was closed before the program began" : "; they were closed before the program began");
	put_command(&a, c->argv);
	fdg_inherited_parent(parent);
	struct fdg_fact facts[] = {
		{ "command", "command", command, 0 },
		{ "fds", "descriptors", fds, 0 },
		{ "kinds", "kinds", kinds, 0 },
		{ "what", "what they are", c->what, 0 },
		{ "parent_pid", "parent's pid", NULL, fdg_sys_getppid() },
		{ "parent_exe", "parent", *parent ? parent : "not known", 0 },
	};
	/* A guarded parent knows all but what another of its threads made while it was at it: judge that as if it had known. */
	if (c->told && c->worst < f.level)
		f.level = c->worst;
	f.fixed = fdg_inherited_closes();
	f.message = message;
	f.fix = fdg_inherited_closes() ? NULL : "set close-on-exec in the program that started this one, or run this one with cloexec.inherited=close (fdguard run --close-inherited)";
	f.fd = c->unnamed.range[0].first;
	f.count = c->unnamed.count;
	f.fact = facts;
	f.facts = sizeof(facts) / sizeof(*facts);
	fdg_report(&f);
}

void fdg_inherited_say(struct fdg_child *c)
{
	if (c->told && fdg_options.cloexec != FDG_OFF)
		report_note(c);
	if (c->any)
		report_unnamed(c);
}
