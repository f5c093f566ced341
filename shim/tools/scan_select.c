// SPDX-License-Identifier: MIT
/* A set of select's ends at 1,024. */
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "tools/scan_facts.h"

static size_t count_beyond(const struct scan *s, int *ret_first)
{
	size_t r = 0;

	for (size_t n = 0; n < s->p->fds; n++) {
		if (s->p->fd[n].fd < FD_SETSIZE)
			continue;
		*ret_first = r++ ? *ret_first : s->p->fd[n].fd;
	}
	return r;
}

/* A thread that waits in one on more than a set has room for; 0: none. */
static uint64_t waits_beyond(const struct scan *s)
{
	for (size_t n = 0; n < s->p->threads; n++) {
		const struct scan_thread *t = &s->p->thread[n];
		bool is_select = t->has_call && t->call.nr == SYS_pselect6;

#ifdef SYS_select
		is_select = is_select || (t->has_call && t->call.nr == SYS_select);
#endif
		if (is_select && t->call.arg[0] > FD_SETSIZE)
			return t->call.arg[0];
	}
	return 0;
}

static void put_who(struct fdg_buf *b, const struct scan *s, unsigned imports, unsigned objects, const char *object)
{
	const char *name = strrchr(object, '/');

	if (imports & SCAN_IMPORTS_FORTIFIED)
		fdg_fmt(b, "%s was built with fd_sets that end it beyond 1,023 (__fdelt_chk)", s->p->name);
	else if (imports)
		fdg_fmt(b, "%s calls select", s->p->name);
	else
		fdg_fmt(b, "%s, which it has loaded, calls select", name ? name + 1 : object);
	if (!imports && objects > 1)
		fdg_fmt(b, ", as %u more objects do", objects - 1);
}

static void say(struct scan *s, size_t beyond, int first, unsigned imports, const char *who)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message);
	uint64_t waits = waits_beyond(s);

	scan_finding_begin(&r, FDG_SELECT_OVERFLOW);
	/* Who has an event loop may wait with that alone. */
	r.f.level = waits ? FDG_LEVEL_ERROR : imports && !s->p->interests ? FDG_LEVEL_WARNING : FDG_LEVEL_NOTE;
	r.f.fd = first;
	r.f.count = beyond;
	r.f.count_label = "descriptors from 1024 on";
	fdg_put_count(&b, beyond);
	fdg_fmt(&b, " of %s's descriptors %s beyond 1,023, and ", s->p->name, beyond == 1 ? "is" : "are");
	if (waits) {
		fdg_put(&b, "a thread of it waits in select on the first ");
		fdg_put_count(&b, waits);
		fdg_put(&b, ": sets that are not longer than usual are overrun");
	} else {
		fdg_fmt(&b, "%s: on one of these it would overrun its set", who);
	}
	r.f.fix = "use poll or epoll in place of select; or start the program with fdguard run, which waits with poll where a set would be overrun";
	scan_finding_say(s, &r);
}

void scan_select(struct scan *s)
{
	char object[PATH_MAX] = "", text[512];
	struct fdg_buf who = FDG_BUF(text);
	unsigned objects, imports;
	int first = -1;
	size_t beyond = count_beyond(s, &first);

	if (!beyond)
		return;
	imports = scan_imports(s->p, &objects, object);
	if (!imports && !objects && !waits_beyond(s))
		return;
	put_who(&who, s, imports, objects, object);
	say(s, beyond, first, imports, text);
}
