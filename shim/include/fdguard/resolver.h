/* SPDX-License-Identifier: MIT */
/*
 * libfdguard-resolver: names to addresses and back, many at a time, without threads. fdguard-resolver(3) has an example.
 *
 * What a name means is getaddrinfo's business, and the same here: numbers, /etc/hosts, /etc/resolv.conf with its search list, A and AAAA, RFC 6724
 * order, and the same error codes (EAI_…). The files are read again when they change, looked at once a second.
 *
 * Threads: an object belongs to one thread at a time; objects know nothing of each other. There is no thread inside, and no signal.
 * fork: the child has a copy that works on: its descriptors are made anew, and what was in flight is asked again. fdg_resolver_fd is another one then.
 * Descriptors: all are close-on-exec and out of the low numbers; if a program closes them, they are made anew.
 * Memory: mapped when the object is made, bounded by the options, touched as it is needed. Nothing is taken from malloc.
 * Errors: functions that return int return 0 (or a count) or a negative errno; what becomes of a name comes to its function.
 */
#ifndef FDGUARD_RESOLVER_H
#define FDGUARD_RESOLVER_H

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct fdg_resolver;

/* A request. No two of an object are the same, so that one that is over can be cancelled in vain, but not by mistake. Never 0. */
typedef uint64_t fdg_resolver_handle;

enum fdg_resolver_flag {
	FDG_RESOLVER_NO_CACHE = 1,  /* no answers are kept; equal questions that are in flight are still asked once */
	FDG_RESOLVER_NO_HOSTS = 2,  /* DNS alone: no /etc/hosts */
	FDG_RESOLVER_NO_SEARCH = 4, /* names are asked as they are: no search list */
	/*
	 * Where the hosts line of /etc/nsswitch.conf names more than files and dns, every name that is no number ends as FDG_RESOLVER_NOT_OURS.
	 * Without it what else is named there is passed over.
	 */
	FDG_RESOLVER_STRICT = 8,
	FDG_RESOLVER_UNSORTED = 16, /* addresses in the order of the answers, A first; RFC 6724 is not applied */
};

/* Zeros are defaults. */
struct fdg_resolver_options {
	size_t size; /* sizeof(struct fdg_resolver_options): later versions have more */
	/* Servers to ask in place of /etc/resolv.conf's: AF_INET and AF_INET6 with port (0: 53), one behind the other; copied. At most 8. */
	const struct sockaddr_storage *servers;
	unsigned server_count;
	unsigned inflight;   /* requests at a time: 4,096; at most 32,767 */
	unsigned ports;      /* UDP sockets for a server: 64; fewer where RLIMIT_NOFILE is low */
	unsigned timeout_ms; /* for a server, and ... */
	unsigned tries;      /* ... rounds of all servers: resolv.conf's timeout (5 s) and attempts (2) */
	size_t cache_bytes;  /* 8 MiB; at least 64 KiB */
	uint32_t ttl_max;    /* s that an answer is kept at most: 3,600 */
	uint32_t ttl_min;    /* ... and at least: 0 */
	unsigned flags;      /* of enum fdg_resolver_flag */
};

/*
 * `options` NULL: defaults. 0, or -EINVAL (options that make no sense), -ENOMEM, -EMFILE, -ENFILE. Files that are missing are no error: what
 * getaddrinfo does without them is done here.
 */
int fdg_resolver_create(const struct fdg_resolver_options *options, struct fdg_resolver **ret);
/* Requests that are not over end as EAI_CANCELED first: their functions are called. NULL is nothing. Not from such a function. */
void fdg_resolver_destroy(struct fdg_resolver *r);

/* Error codes beside EAI_…, which are negative. */
enum {
	FDG_RESOLVER_NOT_OURS =
		1, /* getaddrinfo may know: AI_IDN with letters beyond ASCII; what FDG_RESOLVER_STRICT speaks of */
};

/* A sentence for EAI_… and FDG_RESOLVER_…; never NULL, not to be freed, the same in every locale. */
const char *fdg_resolver_strerror(int error);

enum fdg_resolver_source {
	FDG_RESOLVER_FROM_NOWHERE, /* it was refused before anything was asked, or cancelled */
	FDG_RESOLVER_FROM_TEXT,    /* a number */
	FDG_RESOLVER_FROM_FILES,   /* /etc/hosts */
	FDG_RESOLVER_FROM_DNS,
	FDG_RESOLVER_FROM_CACHE, /* an answer of DNS that was kept, or that somebody else's question brought */
};

/* What became of a request. All of it lives until the function that is told of it returns: copy what is to stay. */
struct fdg_resolver_result {
	int error;                        /* 0; EAI_…; FDG_RESOLVER_… */
	const struct addrinfo *addresses; /* getaddrinfo's list; NULL on failure, and of fdg_resolver_submit_address */
	const char *
		host; /* the canonical name, whether or not AI_CANONNAME asked for it; of fdg_resolver_submit_address: the name. Or NULL */
	const char *service;                   /* of fdg_resolver_submit_address, if it has a service; or NULL */
	enum fdg_resolver_source source;       /* of the last thing that was looked at */
	uint32_t ttl;                          /* s for which the answer may be kept; 0 if it did not come from DNS */
	uint64_t took_us;                      /* from fdg_resolver_submit to now */
	unsigned sent;                         /* DNS messages that went out for it; 0 if others had asked */
	const struct sockaddr_storage *server; /* who answered, or failed last; NULL: nobody was asked */
	const char *reason;                    /* on failure: why, a sentence for people; else NULL */
	const char *node;                      /* as it was submitted; NULL if that was NULL, or longer than 255 bytes */
};

typedef void fdg_resolver_done(void *cookie, const struct fdg_resolver_result *result);

/*
 * getaddrinfo(node, service, hints). All arguments are copied. `done` is called exactly once, from process, wait or destroy, never from submit;
 * it may submit and cancel. 0; -EAGAIN: as many requests as `inflight` are running, and nothing has happened: process, and submit again; -EINVAL: no `done`.
 * What is wrong with the name comes as an EAI_… code to `done`. ret_handle may be NULL.
 */
int fdg_resolver_submit(struct fdg_resolver *r, const char *node, const char *service, const struct addrinfo *hints,
			fdg_resolver_done *done, void *cookie, fdg_resolver_handle *ret_handle);
/* getnameinfo(address, len, flags of NI_…): the same in the other direction. What it lacks: name lengths, for the texts are as long as they are. */
int fdg_resolver_submit_address(struct fdg_resolver *r, const struct sockaddr *address, socklen_t len, int flags,
				fdg_resolver_done *done, void *cookie, fdg_resolver_handle *ret_handle);
/* 0: its function will be called with EAI_CANCELED by the next process or wait. -ENOENT: it is over. */
int fdg_resolver_cancel(struct fdg_resolver *r, fdg_resolver_handle handle);

/*
 * One descriptor for poll, epoll or select: readable when fdg_resolver_process has something to do, time that is over included. Not to be read or
 * closed. Or a negative errno. It is made by the first call; ask again in a forked child.
 */
int fdg_resolver_fd(struct fdg_resolver *r);
/* The milliseconds after which to process even if the descriptor is not readable; -1: none. For loops with timers of their own; the descriptor suffices. */
int fdg_resolver_timeout(struct fdg_resolver *r);
/* Sends, receives, and calls the functions of what is over. Never blocks. Returns how many functions it called, or -EBUSY from within one. */
int fdg_resolver_process(struct fdg_resolver *r);
/*
 * The same, having waited until one request at least is over, or timeout_ms have passed (-1: for ever), or a signal handler ran. 0 at once if nothing runs.
 * Cheaper than poll and process.
 */
int fdg_resolver_wait(struct fdg_resolver *r, int timeout_ms);

/* Requests that are not over, and how many more may be submitted. */
unsigned fdg_resolver_running(const struct fdg_resolver *r);
unsigned fdg_resolver_room(const struct fdg_resolver *r);

struct fdg_resolver_counts {
	size_t size;               /* sizeof(struct fdg_resolver_counts), set by the caller */
	uint64_t submitted, ended; /* requests */
	uint64_t failed;           /* ... that ended with an error */
	uint64_t asked;            /* questions to servers: one name may need several, several names may share one */
	uint64_t shared, cached;   /* questions that were in flight already; whose answer was kept */
	uint64_t sent, repeated;   /* messages; of these: those that went out again */
	uint64_t answers,
		refused; /* messages that were answers; that were not (wrong id, question, ...): forged or broken */
	uint64_t tcp;    /* connections */
	uint64_t servers_lost; /* times that a server was found to be silent, or to fail what others know */
	uint64_t ports;        /* UDP sockets that were opened */
};

void fdg_resolver_counts(const struct fdg_resolver *r, struct fdg_resolver_counts *ret);
/* Forgets all answers that are kept. */
void fdg_resolver_flush(struct fdg_resolver *r);
/* The library's, as "0.1.0". */
const char *fdg_resolver_version(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
