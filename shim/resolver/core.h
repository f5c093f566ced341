/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses and back, above the exchange: what the public library (resolver.c) and the lookups of callers that wait (lookup.c) have in
 * common. A request goes through the steps of nsswitch; in a DNS step through the names of a search; for each of these one or two questions are asked,
 * which are shared by all requests that ask the same.
 *
 *	core.c     the object; its exchange, which follows resolv.conf
 *	asking.c   questions in flight, who waits for them, and the cache
 *	request.c  a request's beginning, its steps and its end
 *	files.c    … the step "files"
 *	dns.c      … the step "dns"
 *	merge.c    what answers to two questions come to
 *	reverse.c  requests that begin with an address
 *	failure.c  why nothing was found
 *
 * One thread at a time. All memory is mapped when the object is made; a request with more than FDG_REQUEST_ADDRESSES addresses has a mapping of its
 * own until it is over. Nothing is called back but the functions of requests, from fdg_core_tell.
 */
#ifndef FDG_RESOLVER_CORE_H
#define FDG_RESOLVER_CORE_H

#include "resolver/cache.h"
#include "resolver/hints.h"
#include "resolver/search.h"
#include "resolver/sources.h"
#include "resolver/world.h"

#define FDG_CORE_NONE UINT32_MAX

enum {
	FDG_REQUEST_ADDRESSES = 16,
	FDG_REQUEST_TEXT = 256,
	FDG_REQUEST_LEGS = 2,
	FDG_CORE_NOT_OURS = 1, /* beside EAI_… */
	FDG_CORE_INFLIGHT_MAX = FDG_EXCHANGE_QUESTIONS_MAX / FDG_REQUEST_LEGS,
};

/* The public flags, and those of lookups. */
enum fdg_core_flag {
	FDG_CORE_NO_CACHE = 1,
	FDG_CORE_NO_HOSTS = 2,
	FDG_CORE_NO_SEARCH = 4,
	FDG_CORE_STRICT = 8,
	FDG_CORE_UNSORTED = 16,
	FDG_CORE_ALIASES = 32, /* the environment's HOSTALIASES is libc's to obey */
};

struct fdg_core_settings {
	struct fdg_exchange_server server[FDG_EXCHANGE_SERVERS]; /* none: resolv.conf's */
	unsigned server_count;
	unsigned inflight, ports, timeout_ms, tries; /* the latter two: 0 is resolv.conf's */
	size_t cache_bytes;
	uint32_t ttl_min, ttl_max;
	unsigned flags;
	bool polled;
	unsigned believe_ms; /* fdg_world */
	int (*block)(struct pollfd *fds, unsigned n, int timeout_ms);
	long (*receive)(int fd, void *message, size_t room, int flags);
};

enum fdg_request_state {
	FDG_REQUEST_FREE,
	FDG_REQUEST_RUNNING,
	FDG_REQUEST_CANCELLED, /* its questions have yet to end */
	FDG_REQUEST_ENDED,     /* its function is about to be called */
};

/* enum fdg_resolver_source */
enum fdg_core_source { FDG_FROM_NOWHERE, FDG_FROM_TEXT, FDG_FROM_FILES, FDG_FROM_DNS, FDG_FROM_CACHE };

/* A question that it waits for, or what became of it. */
struct fdg_leg {
	uint32_t asking;      /* FDG_CORE_NONE: none */
	uint32_t next;        /* of those that wait for the same: request * FDG_REQUEST_LEGS + leg */
	uint8_t kind, status; /* enum fdg_reply_kind, enum fdg_exchange_status; when it is over */
	uint16_t type;        /* 0: there is no such leg */
	bool over, cached;
	uint32_t count; /* addresses that it brought */
};

struct fdg_request;
typedef void fdg_core_done(void *cookie, struct fdg_request *q);

struct __attribute__((aligned(64))) fdg_request {
	uint32_t next; /* of the free, or of those that ended */
	uint32_t generation;
	uint8_t state;
	bool restart;            /* resolv.conf has changed: from the beginning */
	bool reverse, host_only; /* begins with an address; gethostbyname: no sorting, no getaddrinfo */
	fdg_core_done *done;
	void *cookie;
	uint64_t started; /* µs */
	/* What is asked for. */
	int flags, family; /* family: as AI_ADDRCONFIG leaves it */
	unsigned kind_count;
	/* Where it is. */
	uint8_t step; /* of nsswitch */
	uint8_t pass; /* AF_INET6, and AF_INET behind it; or AF_UNSPEC, both at a time */
	struct fdg_search search;
	struct fdg_leg leg[FDG_REQUEST_LEGS];
	/* What is known. */
	int error;      /* 0, EAI_…, FDG_CORE_NOT_OURS */
	uint8_t why[2]; /* nothing was found for AF_INET and AF_INET6: enum fdg_outcome of the last step */
	bool names_cut; /* there was no room for all */
	bool late;      /* … but there was an answer to another name of the search since */
	bool found, got_six, named;
	struct fdg_ip *ips; /* `few`, or mapped */
	uint32_t ip_count, ip_room;
	size_t mapped;
	uint32_t ttl, name_count, names_len; /* names: in `names`, if somebody wants them */
	char *names;
	size_t names_room;
	uint8_t source; /* enum fdg_core_source */
	uint8_t status; /* enum fdg_exchange_status of the last question */
	uint8_t server;
	bool was_asked;
	uint32_t sent;
	/* The node: `node`, or the caller's own text, if that is longer: such names are in files alone. */
	const char *asked_for;
	const char *name; /* the canonical one, if it is named: `canonical`, or `node` */
	/* From here on nothing is read that has not been written; what short names touch lies close together. */
	struct fdg_kind kind[FDG_HINTS_KINDS];
	char node[FDG_REQUEST_TEXT];
	struct fdg_ip few[FDG_REQUEST_ADDRESSES];
	struct fdg_ip address; /* reverse */
	char canonical[FDG_REQUEST_TEXT];
};

/* A question in flight. */
struct __attribute__((aligned(64))) fdg_asking {
	struct fdg_core *core;
	fdg_exchange_handle handle;
	uint32_t next;   /* of the same hash, or of the free */
	uint32_t first;  /* leg that waits */
	uint32_t number; /* its own */
	uint64_t hash; /* of the name alone */
	uint16_t type;
	bool running;
	struct fdg_dns_name name;
};

struct fdg_core_counts {
	uint64_t submitted, ended, failed, asked, shared, cached;
};

struct fdg_core {
	struct fdg_core_settings set;
	struct fdg_world world;
	struct fdg_sources sources;
	struct fdg_exchange *x;            /* NULL: none was needed yet */
	uint32_t x_changes;                /* resolv.conf's, of which it was made */
	struct fdg_exchange_counts before; /* of exchanges that are gone */
	struct fdg_cache *cache;           /* NULL: none */
	struct fdg_random random;
	struct fdg_hash_seed seed;
	struct fdg_request *requests;
	struct fdg_asking *askings;
	uint32_t *heads;
	uint32_t head_mask;
	uint32_t requests_touched, requests_free, askings_touched, askings_free, running;
	uint32_t ended_first, ended_last;
	struct fdg_core_counts counts;
	struct fdg_reply *reply;     /* the one that was read last: FDG_REPLY_MAX bytes */
	struct fdg_sort_item *items; /* mapped when there is much to sort */
	size_t items_mapped;
	size_t mapped;
	bool renewing;
	uint64_t now; /* µs; whoever calls sets it */
};

/* core.c: 0, -ENOMEM, -EMFILE, -EINVAL, -EIO (no random numbers). */
int fdg_core_make(const struct fdg_core_settings *s, struct fdg_core **ret);
/* Requests that run end as EAI_CANCELED, and are told of. */
void fdg_core_free(struct fdg_core *c);
/* Requests and questions are forgotten without a word: after a wait that did not return. */
void fdg_core_abandon(struct fdg_core *c);
/* Closes what nothing needs now. */
void fdg_core_let_go(void *core);
/* The exchange for resolv.conf as it is; NULL: it cannot be had, and *ret_error says why. Requests may begin anew. */
struct fdg_exchange *fdg_core_exchange(struct fdg_core *c, int *ret_error);
/* Calls the functions of those that ended; returns how many. */
unsigned fdg_core_tell(struct fdg_core *c);
/* Another resolv.conf: other servers, and all begins anew. Not from within a drive. */
void fdg_core_look_at_conf(struct fdg_core *c);
void fdg_core_add_counts(struct fdg_exchange_counts *to, const struct fdg_exchange_counts *from);

/* request.c: NULL: as many as may be are running. It has begun when fdg_request_begin or fdg_request_fail was called. */
struct fdg_request *fdg_request_take(struct fdg_core *c, fdg_core_done *done, void *cookie);
void fdg_request_begin(struct fdg_core *c, struct fdg_request *q, const char *node, const char *service,
		       const struct addrinfo *hints);
void fdg_request_restart(struct fdg_core *c, struct fdg_request *q);
/* The step that it was in is over. */
void fdg_request_step_over(struct fdg_core *c, struct fdg_request *q, enum fdg_nss_status status);
void fdg_request_end(struct fdg_core *c, struct fdg_request *q, int error);
/* All steps are over: it ends with what they found. */
void fdg_request_over(struct fdg_core *c, struct fdg_request *q);
/* The first step; for requests that fdg_request_begin did not begin. */
void fdg_request_look_up(struct fdg_core *c, struct fdg_request *q);
void fdg_request_cancel(struct fdg_core *c, struct fdg_request *q);
void fdg_request_give_back(struct fdg_core *c, struct fdg_request *q);
/* Where one more address belongs; NULL: no memory. */
struct fdg_ip *fdg_request_room(struct fdg_core *c, struct fdg_request *q);
/* False: no memory. */
bool fdg_request_add(struct fdg_core *c, struct fdg_request *q, const struct fdg_ip *ip);
/* The canonical name, if there is none yet; and other names. */
void fdg_request_name(struct fdg_request *q, const char *name);
void fdg_request_alias(struct fdg_request *q, const char *name);
struct fdg_request *fdg_request_by_handle(struct fdg_core *c, uint64_t handle);
uint64_t fdg_request_handle(const struct fdg_core *c, const struct fdg_request *q);
/* failure.c: nothing was found: EAI_…; and why, a sentence. */
int fdg_request_error(const struct fdg_request *q);
const char *fdg_request_reason(const struct fdg_request *q);
const struct fdg_nss *fdg_core_nss(const struct fdg_core *c);

/* files.c, dns.c, reverse.c: a step. */
enum fdg_nss_status fdg_files_step(struct fdg_core *c, struct fdg_request *q);
/* It goes on with fdg_request_step_over, at once or later. */
void fdg_dns_step(struct fdg_core *c, struct fdg_request *q);
/* All its questions are over. */
void fdg_dns_go_on(struct fdg_core *c, struct fdg_request *q);
void fdg_reverse_begin(struct fdg_core *c, struct fdg_request *q, const struct fdg_ip *address);
enum fdg_nss_status fdg_reverse_files(struct fdg_core *c, struct fdg_request *q);
bool fdg_reverse_is_four(const struct fdg_ip *ip);
bool fdg_reverse_name(const struct fdg_ip *ip, struct fdg_dns_name *ret);
/* A name's reply has come, for one leg: its addresses and names. */
void fdg_dns_take(struct fdg_core *c, struct fdg_request *q, unsigned leg, const struct fdg_reply *r, uint32_t ttl);

/* merge.c */
enum fdg_outcome fdg_merge(const struct fdg_request *q);

/* order.c: RFC 6724. */
void fdg_order(struct fdg_core *c, struct fdg_request *q);

/* asking.c: the leg is answered at once, or waits. `key`: of the name and the type. */
void fdg_ask(struct fdg_core *c, struct fdg_request *q, unsigned leg, const struct fdg_dns_name *name,
	     const struct fdg_hash_key *key);
/* Nobody waits for the leg's answer any more. True: it is over; else its question has yet to end. */
bool fdg_ask_no_more(struct fdg_core *c, struct fdg_request *q, unsigned leg);

#endif
