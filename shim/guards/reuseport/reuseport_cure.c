// SPDX-License-Identifier: MIT
#include "guards/reuseport/reuseport_cure.h"

#include "guards/reuseport/handover_gate.h"
#include "options/options.h"

#include "base/poison.h"

/* ---- what was done ---- */

/* Why what a close might have saved could not be, where it was no close. */
static const char *no_close(const struct fdg_reset *r)
{
	if (r->is_refused) {
		if (r->how == FDG_RESET_SHUTDOWN)
			return "; and a shutdown cannot be handed over: close it instead";
		if (r->how == FDG_RESET_EXIT || r->how == FDG_RESET_EXEC)
			return "; and fdguard hands nothing over to listeners of other processes";
	}
	return "";
}

void fdg_reset_put_cure(struct fdg_buf *b, const struct fdg_reset *r)
{
	if (r->is_migrated) {
		fdg_put(b, "migration by eBPF");
		return;
	}
	if (r->saved)
		fdg_put(b, "hand-over to this process's next accept");
	else if (r->why)
		fdg_put(b, "none");
	else
		fdg_put(b, "none asked for (reuseport=fix)");
	if (r->why)
		fdg_fmt(b, "%s%s%s", r->saved ? "; not migration by eBPF: " : ": ", r->why, no_close(r));
	if (r->saved && r->gap)
		fdg_fmt(b, "; what came in the moment of the close may be reset: %s", r->gap);
	if (r->not_saved)
		fdg_fmt(b, "%s%s", r->saved ? "; not of all: " : "; and they cannot be handed over: ", r->not_saved);
}

/* ---- what to do ---- */

static void put_part(struct fdg_buf *b, bool *any, const char *what)
{
	if (!what)
		return;
	fdg_fmt(b, "%s%s", *any ? ", or " : "", what);
	*any = true;
}

static const char *sysctl(const struct fdg_reset *r)
{
	return r->migrate_req < 0 ? NULL : "set net.ipv4.tcp_migrate_req=1 where the service runs";
}

static void put_by_hand(struct fdg_buf *b, bool any)
{
	fdg_fmt(b, "%sleave the listener out of the group by BPF, accept what is queued, then close it",
		any ? "; or " : "");
}

/* reuseport=report. Nobody has been asked what may be loaded. */
static void put_watched(struct fdg_buf *b, const struct fdg_reset *r)
{
	bool any = false;

	put_part(b, &any, sysctl(r));
	if (r->how == FDG_RESET_CLOSE)
		put_part(b, &any, "run it with reuseport=fix");
	else if (r->migrate_req >= 0)
		put_part(b, &any, "run it with reuseport=fix and CAP_BPF");
	put_by_hand(b, any);
}

static void put_fixed(struct fdg_buf *b, const struct fdg_reset *r)
{
	bool any = false;

	fdg_put(b, "nothing, as long as it runs with fdguard; without it, ");
	put_part(b, &any, sysctl(r));
	put_by_hand(b, any);
}

/* reuseport=fix, and clients were reset, or may have been. */
static void put_unfixed(struct fdg_buf *b, const struct fdg_reset *r)
{
	bool any = false;

	put_part(b, &any, r->mend);
	put_part(b, &any, sysctl(r));
	if (r->how == FDG_RESET_SHUTDOWN && *no_close(r))
		put_part(b, &any, "close the listener in place of the shutdown");
	if (r->not_saved)
		put_part(b, &any, fdg_handover_mend(r->not_saved));
	put_by_hand(b, any);
}

/* What had been given to others before it was reset. */
static void put_given(struct fdg_buf *b, const struct fdg_reset *r)
{
	bool any = true;

	switch (r->how) {
	case FDG_RESET_LATE:
		fdg_put(b, "accept from the other listeners, too");
		break;
	case FDG_RESET_STARTED:
		fdg_put(b,
			"start processes before a listener is closed, or accept until EAGAIN before they are started");
		break;
	case FDG_RESET_FILTERED:
		fdg_put(b, "close the listener after the filter is there, or accept until EAGAIN before");
		break;
	case FDG_RESET_ENDED:
	case FDG_RESET_LEFT:
		fdg_put(b, "accept from the other listeners until EAGAIN before they are closed, or the process ends");
		return;
	default:
		fdg_put(b, "accept until EAGAIN before the last of the listeners is closed");
		return;
	}
	put_part(b, &any, r->mend);
	put_part(b, &any, sysctl(r));
}

void fdg_reset_put_outside(struct fdg_buf *b, int migrate_req)
{
	const struct fdg_reset r = { .migrate_req = migrate_req };
	bool any = false;

	put_part(b, &any, sysctl(&r));
	put_by_hand(b, any);
}

void fdg_reset_put_advice(struct fdg_buf *b, const struct fdg_reset *r)
{
	if (fdg_reset_is_last(r) || fdg_reset_was_handed(r))
		put_given(b, r);
	else if (fdg_options.reuseport != FDG_FIX)
		put_watched(b, r);
	else if (fdg_reset_is_fixed(r))
		put_fixed(b, r);
	else
		put_unfixed(b, r);
}
