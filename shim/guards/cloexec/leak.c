// SPDX-License-Identifier: MIT
#include "guards/cloexec/leak.h"

#include <string.h>

#include "base/exe.h"
#include "base/sys.h"
#include "report/symbol.h"

#include "base/poison.h"

/* A kind that the user has us mend, but not this one: what is left alone on purpose is no more than worth a note. */
static bool left_alone(enum fdg_kind kind)
{
	return fdg_options.cloexec == FDG_FIX && !(fdg_options.cloexec_kinds & fdg_kind_bit(kind));
}

enum fdg_level fdg_leak_level(fdg_kindword kind)
{
	if (left_alone(fdg_kindword_kind(kind)))
		return FDG_LEVEL_NOTE;
	switch (fdg_kindword_kind(kind)) {
	case FDG_KIND_SOCKET:
	case FDG_KIND_EPOLL:
		return FDG_LEVEL_ERROR;
	case FDG_KIND_FILE:
	case FDG_KIND_DIR:
	case FDG_KIND_DEVICE:
	case FDG_KIND_PIPE:
	case FDG_KIND_MEMFD:
		return FDG_LEVEL_WARNING;
	case FDG_KIND_UNKNOWN:
		return FDG_LEVEL_WARNING;
	default:
		return FDG_LEVEL_NOTE;
	}
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
static void put_message(struct fdg_buf *b, const struct fdg_leak *l, const struct fdg_note_group *g, char letter)
{
	if (letter == FDG_NOTE_LEAKED) {
		fdg_put(b, l->self);
		fdg_fmt(b, " (pid %d) inherited %s", l->pid, l->more ? "at least " : "");
		fdg_put_kind(b, g->kind, g->count);
		fdg_fmt(b, " from %s (pid %d)", fdg_base_name(l->note->exe), l->note->maker);
	} else {
		fdg_put_kind(b, g->kind, g->count);
		fdg_fmt(b, " of %s (pid %d)", fdg_base_name(l->note->exe), l->note->maker);
	}
	put_made_at(b, g);
	if (letter == FDG_NOTE_LEAKED) {
		fdg_put(b, ", and nothing names ");
		fdg_put(b, g->count == 1 ? "it" : "them");
		if (l->closes)
			fdg_put(b, g->count == 1 ? "; it was closed before the program began" : "; they were closed before the program began");
	} else if (letter == FDG_NOTE_FORCED) {
		fdg_put(b, ", would have been inherited by ");
		fdg_put(b, l->self);
	} else {
		fdg_put(b, g->count == 1 ? ", is a listener and was left open for " : ", are listeners and were left open for ");
		fdg_put(b, l->self);
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

static void put_fix(struct fdg_buf *b, const struct fdg_leak *l, const struct fdg_note_group *g, char letter)
{
	const char *parent = fdg_base_name(l->note->exe);
	enum fdg_kind kind = fdg_kindword_kind(g->kind);
	bool covered = fdg_options.cloexec_kinds & fdg_kind_bit(kind);

	if (letter != FDG_NOTE_FORCED && covered && fdg_options.cloexec == FDG_FIX && !l->outside) {
		/* What is forced does not get here: a duplicate, or one that came from somewhere else. */
		fdg_fmt(b, "in %s duplicate it with F_DUPFD_CLOEXEC, or set FD_CLOEXEC (fdguard leaves duplicates alone)", parent);
		return;
	}
	if (letter == FDG_NOTE_LEAKED && !g->createds && !g->crowded && !l->outside) { /* it was given to the parent */
		fdg_fmt(b, "set FD_CLOEXEC on it in %s, or create it with that", parent);
		return;
	}
	fdg_fmt(b, "%s in %s", remedy(kind), parent);
	if (letter == FDG_NOTE_FORCED)
		fdg_put(b, "; until then fdguard does it");
	else if (l->outside && (!covered || kind != FDG_KIND_SOCKET || fdg_options.cloexec == FDG_FIX))
		return;
	else if (covered)
		fdg_fmt(b, ", or run %s with fdguard and cloexec=fix", parent);
	else
		fdg_fmt(b, ", or run %s with fdguard, cloexec=fix, and %s added to cloexec.kinds", parent, kind_word(kind));
}

void fdg_leak_put_command(struct fdg_buf *b, char *const argv[])
{
	for (unsigned i = 0; argv && argv[i] && b->len + 1 < b->cap; i++) {
		if (i)
			fdg_put_char(b, ' ');
		fdg_put(b, argv[i]);
	}
}

/* "3 /etc/hosts", as describe has it; false for what has no path. */
static bool put_path(struct fdg_buf *b, const struct fdg_leak *l, int fd)
{
	char link[64], path[200];
	struct fdg_buf at = FDG_BUF(link);
	long n;

	if (l->outside)
		fdg_fmt(&at, "/proc/%d/fd/%d", l->pid, fd);
	else
		fdg_fmt(&at, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || path[0] != '/')
		return false;
	path[n] = '\0';
	fdg_fmt(b, b->len ? ", %d %s" : "%d %s", fd, path);
	return true;
}

/* For check: the paths of the first few. */
static bool put_paths(struct fdg_buf *b, const struct fdg_leak *l, const struct fdg_note_group *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->ranges; i++)
		for (int fd = g->range[i].first; fd <= g->range[i].last; fd++, n++) {
			if (n == 4) {
				fdg_put(b, ", …");
				return true;
			}
			if (!put_path(b, l, fd))
				return false;
		}
	return n > 0;
}

static unsigned frames(unsigned have)
{
	return have < fdg_options.stacks ? have : fdg_options.stacks;
}

void fdg_leak_report(const struct fdg_leak *l, enum fdg_finding_id id, enum fdg_level level, const struct fdg_note_group *g, char letter)
{
	struct fdg_finding f = FDG_FINDING_INIT(id);
	char message[768], kind[64], fds[256], fix[384], command[128], what[384];
	struct fdg_buf m = FDG_BUF(message), k = FDG_BUF(kind), r = FDG_BUF(fds), x = FDG_BUF(fix), a = FDG_BUF(command), w = FDG_BUF(what);
	const char *number;

	put_message(&m, l, g, letter);
	fdg_put_kind(&k, g->kind, 1);
	number = strchr(kind, ' ');
	fdg_note_ranges(g, &r);
	fdg_leak_put_command(&a, l->argv);
	struct fdg_fact facts[] = {
		{ "command", "command", command, 0 },
		{ "kind", "kind", number ? number + 1 : kind, 0 },
		{ "fds", "descriptors", fds, 0 },
		{ "parent_pid", "parent's pid", NULL, l->note->maker },
		{ "parent_exe", "parent", l->note->exe, 0 },
		{ NULL, NULL, NULL, 0 },
		{ NULL, NULL, NULL, 0 },
	};
	f.facts = 5;
	if (g->crowded)
		facts[f.facts++] = (struct fdg_fact){ "crowded", "not told apart", "places beyond the 13 that a child is told of: they get names when those are mended, and no baseline holds them", 0 };
	if (letter == FDG_NOTE_LEAKED && fdg_options.run_exec && put_paths(&w, l, g))
		facts[f.facts++] = (struct fdg_fact){ "what", "what they are", what, 0 };
	f.level = level;
	f.fixed = letter == FDG_NOTE_FORCED || (letter == FDG_NOTE_LEAKED && l->closes);
	f.message = message;
	put_fix(&x, l, g, letter);
	f.fix = letter == FDG_NOTE_KEPT ? NULL : fix;
	f.fd = g->ranges ? g->range[0].first : -1;
	f.count = g->count;
	f.site = l->note->site;
	f.sites = frames(l->note->sites);
	f.source = l->source;
	f.site_label = "started at";
	f.created = g->created;
	f.createds = frames(g->createds);
	f.fact = facts;
	f.key = kind;
	fdg_report(&f);
}
