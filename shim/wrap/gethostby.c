// SPDX-License-Identifier: MIT
/* gethostbyname and gethostbyaddr, with a buffer of the caller's and without. Ours or libc's, as getaddrinfo is (getaddrinfo.c); they are cancellation points. */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "base/address.h"
#include "guards/lookup/lookup.h"
#include "guards/nonblock/lookup.h"
#include "wrap/hostent.h"
#include "wrap/lookups.h"
#include "wrap/wrap.h"

enum call { BYNAME, BYNAME2, BYADDR };

struct question {
	enum call call;
	const char *name; /* NULL: the address is asked for */
	const void *address;
	socklen_t len;
	int family;
	const char *call_name;
	const void *site;
};

/* Where the answer goes: the caller's buffer; or NULL. */
struct buffer {
	struct hostent *to;
	char *room;
	size_t n;
	struct hostent **found;
	int *error;
};

static struct fdg_hostent_own own[3];

/* One that took long, or failed, before the answer is written where the question may lie. */
static void tell(const struct question *q, const struct fdg_looked_up *l)
{
	struct fdg_looked_up told = *l;
	struct fdg_stall_lookup text = { .begun = 0 };

	if (!q->name && (l->reason || l->took_ms >= FDG_LOOKUP_SLOW))
		fdg_stall_lookup_address(&text, q->family, q->address, q->len);
	told.call = q->call_name;
	told.asked = q->name ? q->name : text.asked;
	told.site = q->site;
	fdg_looked_up(&told);
}

static void tell_ours(const struct question *q, const struct fdg_lookup *l, int error)
{
	struct fdg_lookup_facts f;

	fdg_lookup_facts(l, &f);
	tell(q, &(struct fdg_looked_up){
			.took_ms = (int64_t)(f.took_us / 1000),
			.lost_ms = fdg_lookup_lost(f.took_us, f.waited_us),
			.reason = fdg_lookup_host_reason(error) ? f.reason : NULL,
			.server = f.server.ss_family ? &f.server : NULL,
			.sent = f.sent,
		});
}

/* libc refuses it in a way of its own, and asks nobody. */
static bool is_unspecified(const struct question *q)
{
	static const unsigned char zeros[16];

	return !q->name && q->family == AF_INET6 && q->len == sizeof(zeros) &&
	       !memcmp(q->address, zeros, sizeof(zeros));
}

/* What libc takes for a number, and asks nobody about. */
static bool is_number(const char *name)
{
	size_t n = strlen(name);

	return !n || strchr(name, ':') || (name[n - 1] != '.' && strspn(name, "0123456789.") == n);
}

/* False: libc is to be asked. Else *ret_error is 0, with an answer in *ret until h is given back, or h_errno. */
static bool ask(struct fdg_held *h, const struct question *q, struct fdg_lookup_host *ret, int *ret_error)
{
	if (is_unspecified(q) || !fdg_lookups_take(h))
		return false;
	*ret_error = q->name ? fdg_lookup_host(h->lookup, q->name, q->family, ret)
			     : fdg_lookup_host_by_address(h->lookup, q->address, q->len, q->family, ret);
	if (*ret_error == FDG_LOOKUP_HOST_NOT_OURS || *ret_error == NETDB_INTERNAL) {
		fdg_lookups_give(h);
		return false;
	}
	tell_ours(q, h->lookup, *ret_error);
	return true;
}

/* h_errno is what libc's search leaves on its way, also where the caller has an error of his own: Python looks there. */
static void leave_h_errno(const struct question *q, const struct fdg_lookup *l, int error, int number)
{
	bool answered = !error || (error == NO_RECOVERY && (number || !q->name));
	struct fdg_lookup_facts f;

	fdg_lookup_facts(l, &f);
	if (f.sent && !answered)
		h_errno = error;
	else if (f.sent && q->name)
		h_errno = HOST_NOT_FOUND;
}

/* True: it is done; *ret is what the call returns. */
static bool into_buffer(const struct question *q, const struct buffer *b, int *ret)
{
	struct fdg_lookup_host host;
	int error;
	FDG_HELD(h);

	if (!ask(&h, q, &host, &error))
		return false;
	*ret = error ? fdg_lookup_host_errno(h.lookup) : 0;
	leave_h_errno(q, h.lookup, error, *ret);
	if (!error && !fdg_hostent_fill(&host, b->to, b->room, b->n)) {
		*ret = ERANGE;
		error = NETDB_INTERNAL;
	}
	fdg_lookups_give(&h);
	*b->found = error ? NULL : b->to;
	*b->error = error;
	errno = *ret;
	return true;
}

/* The same for the process's memory: *ret is the answer, or NULL. */
static bool into_own(const struct question *q, struct hostent **ret)
{
	struct fdg_lookup_host host;
	int error, number;
	FDG_HELD(h);

	if (!ask(&h, q, &host, &error))
		return false;
	*ret = error ? NULL : fdg_hostent_keep(&own[q->call], &host);
	number = error ? fdg_lookup_host_errno(h.lookup) : 0;
	fdg_lookups_give(&h);
	if (!error && !*ret)
		return false;
	if (error)
		h_errno = error;
	errno = number;
	return true;
}

static void libcs(const struct question *q, int64_t begun, int error)
{
	tell(q, &(struct fdg_looked_up){ .by_libc = true,
					 .took_ms = fdg_lookup_clock() - begun,
					 .reason = fdg_lookup_host_reason(error) });
}

static int real_into_buffer(const struct question *q, const struct buffer *b)
{
	if (q->call == BYNAME)
		return real_gethostbyname_r(q->name, b->to, b->room, b->n, b->found, b->error);
	if (q->call == BYNAME2)
		return real_gethostbyname2_r(q->name, q->family, b->to, b->room, b->n, b->found, b->error);
	return real_gethostbyaddr_r(q->address, q->len, q->family, b->to, b->room, b->n, b->found, b->error);
}

static int libc_into_buffer(const struct question *q, const struct buffer *b)
{
	uint64_t state = fdg_lookups_libc_begins();
	int64_t begun = fdg_lookup_clock();
	int r = real_into_buffer(q, b);

	fdg_lookups_libc_ends(state);
	libcs(q, begun, *b->found ? 0 : *b->error);
	return r;
}

static struct hostent *real_into_own(const struct question *q)
{
	if (q->call == BYNAME)
		return real_gethostbyname(q->name);
	if (q->call == BYNAME2)
		return real_gethostbyname2(q->name, q->family);
	return real_gethostbyaddr(q->address, q->len, q->family);
}

static struct hostent *libc_into_own(const struct question *q)
{
	uint64_t state = fdg_lookups_libc_begins();
	int64_t begun = fdg_lookup_clock();
	struct hostent *r = real_into_own(q);

	fdg_lookups_libc_ends(state);
	libcs(q, begun, r ? 0 : h_errno);
	return r;
}

/* True: this thread has a loop, which waits meanwhile. */
static bool begin(struct fdg_stall_lookup *stall, const struct question *q)
{
	if (!fdg_stall_lookup_begin(stall))
		return false;
	if (q->name)
		fdg_stall_lookup_name(stall, q->name);
	else
		fdg_stall_lookup_address(stall, q->family, q->address, q->len);
	return true;
}

static int look_up_into(const struct question *q, const struct buffer *b)
{
	struct fdg_stall_lookup stall;
	bool in_loop;
	int r;

	if (q->name && is_number(q->name))
		return real_into_buffer(q, b);
	in_loop = begin(&stall, q);
	if (!into_buffer(q, b, &r))
		r = libc_into_buffer(q, b);
	if (in_loop)
		fdg_stall_lookup_end(&stall, q->call_name, q->site);
	return r;
}

static struct hostent *look_up(const struct question *q)
{
	struct fdg_stall_lookup stall;
	struct hostent *r;
	bool in_loop;

	if (q->name && is_number(q->name))
		return real_into_own(q);
	in_loop = begin(&stall, q);
	if (!into_own(q, &r))
		r = libc_into_own(q);
	if (in_loop)
		fdg_stall_lookup_end(&stall, q->call_name, q->site);
	return r;
}

WRAP(struct hostent *, gethostbyname, (const char *name))
{
	FDG_PASS(gethostbyname, name);
	return look_up(&(struct question){ BYNAME, name, NULL, 0, AF_INET, "gethostbyname", FDG_SITE });
}

WRAP(struct hostent *, gethostbyname2, (const char *name, int family))
{
	FDG_PASS(gethostbyname2, name, family);
	return look_up(&(struct question){ BYNAME2, name, NULL, 0, family, "gethostbyname2", FDG_SITE });
}

WRAP(struct hostent *, gethostbyaddr, (const void *address, socklen_t len, int family))
{
	FDG_PASS(gethostbyaddr, address, len, family);
	return look_up(&(struct question){ BYADDR, NULL, address, len, family, "gethostbyaddr", FDG_SITE });
}

WRAP(int, gethostbyname_r,
     (const char *name, struct hostent *to, char *room, size_t n, struct hostent **found, int *error))
{
	FDG_PASS(gethostbyname_r, name, to, room, n, found, error);
	return look_up_into(&(struct question){ BYNAME, name, NULL, 0, AF_INET, "gethostbyname_r", FDG_SITE },
			    &(struct buffer){ to, room, n, found, error });
}

WRAP(int, gethostbyname2_r,
     (const char *name, int family, struct hostent *to, char *room, size_t n, struct hostent **found, int *error))
{
	FDG_PASS(gethostbyname2_r, name, family, to, room, n, found, error);
	return look_up_into(&(struct question){ BYNAME2, name, NULL, 0, family, "gethostbyname2_r", FDG_SITE },
			    &(struct buffer){ to, room, n, found, error });
}

WRAP(int, gethostbyaddr_r,
     (const void *address, socklen_t len, int family, struct hostent *to, char *room, size_t n, struct hostent **found,
      int *error))
{
	FDG_PASS(gethostbyaddr_r, address, len, family, to, room, n, found, error);
	return look_up_into(&(struct question){ BYADDR, NULL, address, len, family, "gethostbyaddr_r", FDG_SITE },
			    &(struct buffer){ to, room, n, found, error });
}
