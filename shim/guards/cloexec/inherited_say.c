// SPDX-License-Identifier: MIT
#include "guards/cloexec/inherited.h"

#include <string.h>

#include "base/exe.h"
#include "base/sys.h"
#include "guards/cloexec/leak.h"
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

static void report_note(struct fdg_child *c)
{
	char self[256];
	struct fdg_buf b = FDG_BUF(self);
	struct fdg_leak l = { .self = self, .pid = fdg_sys_getpid(), .argv = c->argv, .note = &c->told->note, .closes = fdg_inherited_closes() };

	fdg_put_self(&b);
	for (unsigned i = 0; i < c->told->note.groups; i++) {
		struct fdg_note_group *g = &c->told->note.group[i], *found = &c->told->found[i];

		if (g->letter == FDG_NOTE_LEAKED && found->count) {
			found->kind = g->crowded ? found->kind : g->kind;
			found->crowded = g->crowded;
			memcpy(found->created, g->created, sizeof(g->created));
			found->createds = g->createds;
			fdg_leak_report(&l, FDG_CLOEXEC_LEAKED, c->told->worst[i], found, FDG_NOTE_LEAKED);
		} else if (g->letter == FDG_NOTE_FORCED || g->letter == FDG_NOTE_KEPT) {
			fdg_leak_report(&l, FDG_CLOEXEC_FORCED, FDG_LEVEL_NOTE, g, g->letter);
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
	fdg_leak_put_command(&a, c->argv);
	fdg_inherited_parent(parent);
	struct fdg_fact facts[] = {
		{ "command", "command", command, 0 },
		{ "fds", "descriptors", fds, 0 },
		{ "kinds", "kinds", kinds, 0 },
		{ "parent_pid", "parent's pid", NULL, fdg_sys_getppid() },
		{ "parent_exe", "parent", *parent ? parent : "not known", 0 },
		{ "what", "what they are", c->what, 0 },
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
	f.facts = sizeof(facts) / sizeof(*facts) - !*c->what;
	fdg_report(&f);
}

void fdg_inherited_say(struct fdg_child *c)
{
	if (c->told && fdg_options.cloexec != FDG_OFF)
		report_note(c);
	if (c->any)
		report_unnamed(c);
}
