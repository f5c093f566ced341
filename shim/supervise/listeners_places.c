// SPDX-License-Identifier: MIT
/* Who is remembered, where there is no room for all. */
#include "base/fmt.h"
#include "guards/uncovered.h"
#include "supervise/listeners.h"
#include "supervise/listeners_parts.h"
#include "supervise/runs.h"

#include "base/poison.h"

void fdg_listeners_forget(struct fdg_listeners *s, struct fdg_remembered *r)
{
	r->inode = 0;
	s->count--;
	while (s->used && !s->all[s->used - 1].inode)
		s->used--;
}

/* What was not seen listening for longest, as sockets that connect are: nobody will ask for it. */
static bool make_room(struct fdg_listeners *s)
{
	struct fdg_remembered *oldest = NULL;

	for (unsigned i = 0; i < s->used; i++) {
		struct fdg_remembered *r = &s->all[i];

		if (r->inode && !r->is_member && !r->is_pending && (!oldest || r->order < oldest->order))
			oldest = r;
	}
	if (oldest)
		fdg_listeners_forget(s, oldest);
	return oldest;
}

void fdg_listeners_full(struct fdg_process *p)
{
	static bool is_said;
	char message[256];
	struct fdg_buf b = FDG_BUF(message);

	if (is_said)
		return;
	is_said = true;
	fdg_fmt(&b, "%u SO_REUSEPORT listeners are open at a time, and the supervisor has no room for more: what those that come then lose is not told", FDG_LISTENERS);
	fdg_runs_speak_for(p, p->pid);
	fdg_uncovered_partly(message, "run parts of the program with an fdguard each; or accept it, with a line in the suppressions file");
	fdg_runs_silent();
}

struct fdg_remembered *fdg_listeners_place(struct fdg_listeners *s, uint64_t inode)
{
	struct fdg_remembered *r = fdg_listeners_find(s, inode);

	if (r)
		return r;
	if (s->count == FDG_LISTENERS && !make_room(s))
		return NULL;
	for (r = s->all; r->inode; r++)
		continue;
	if ((unsigned)(r - s->all) >= s->used)
		s->used = (unsigned)(r - s->all) + 1;
	s->count++;
	return r;
}
