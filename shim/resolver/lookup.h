/* SPDX-License-Identifier: MIT */
/*
 * One lookup at a time, for a caller that waits: what stands behind getaddrinfo and its kin. The object keeps its sockets (for a few lookups, pool.c says
 * why), its configuration and all of its memory between lookups; nothing is shared with another one, nothing comes from malloc, there is no lock, and errno
 * is not touched.
 *
 * It may be left in the middle: a thread that is cancelled or killed, or a signal handler that leaves by longjmp, leaves an object that
 * fdg_lookup_begin brings back into order (or fdg_lookup_free puts away), whatever it was doing. Who owns an object, and notices that its owner is gone, is the
 * user. It must have been left for good: not by a signal handler that returns.
 *
 *	if (!l && fdg_lookup_make(&calls, &l))
 *		… libc's
 *	fdg_lookup_begin(l);
 *	switch (fdg_lookup_addresses(l, node, service, hints, &result)) { … }
 *	fdg_lookup_end(l);
 *
 * The stack: less than 12 KiB, so that threads of 64 KiB and signal stacks will do.
 */
#ifndef FDG_RESOLVER_LOOKUP_H
#define FDG_RESOLVER_LOOKUP_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct pollfd;

/* What blocks, so that it may be a cancellation point; all other calls go straight to the kernel (base/sys.h). */
struct fdg_lookup_calls {
	/* poll(2), but a negative errno; NULL: straight to the kernel. It may not return (pthread_cancel, longjmp out of a signal handler). */
	int (*block)(struct pollfd *fds, unsigned n, int timeout_ms);
	/* recv(2), likewise: a single answer is waited for where it is received, which is cheaper. NULL: by block. */
	long (*receive)(int fd, void *message, size_t room, int flags);
	/* Milliseconds for which /etc/hosts and /etc/resolv.conf are believed not to have changed; 0: looked at in every lookup, as libc does. */
	unsigned believe_ms;
	bool cache; /* answers are kept (option resolver.cache) */
};

/*
 * This process makes no call in lookups that libc's own would not make (modest.h): for one in a seccomp filter, before its first object. What was made before is closed by
 * fdg_lookup_rest.
 */
void fdg_lookup_modest(void);

struct fdg_lookup;

/* 0, -ENOMEM. The copy of `calls` is the object's. It has no descriptor before its first question to a server. */
int fdg_lookup_make(const struct fdg_lookup_calls *calls, struct fdg_lookup **ret);
/* Closes its sockets if they are still its own. NULL is nothing. */
void fdg_lookup_free(struct fdg_lookup *l);

/* Before and after each lookup. Between them, until the end, the result lives. True from begin: the last one had been left in the middle. */
bool fdg_lookup_begin(struct fdg_lookup *l);
void fdg_lookup_end(struct fdg_lookup *l);

/* Between begin and end, when the result is not needed any more: its descriptors are closed, and made again as they are needed. */
void fdg_lookup_rest(struct fdg_lookup *l);
/* The numbers of its descriptors, of which it has so many; at most `room` are written. */
unsigned fdg_lookup_descriptors(const struct fdg_lookup *l, int *ret, unsigned room);
/* They lie from this number on, where one is free there. */
int fdg_lookup_floor(void);
/* The time to within 10 ms, past whoever has other clocks for the program (libfaketime). */
int64_t fdg_lookup_clock_ms(void);

enum {
	FDG_LOOKUP_NOT_OURS =
		1, /* libc is to be asked: nsswitch names what we do not know, AI_IDN, HOSTALIASES, flags we have not heard of */
};

/* Addresses, and what sockets are wanted for them: the product is getaddrinfo's list. */
struct fdg_lookup_result {
	unsigned address_count, kind_count;
	const char *canonical; /* with AI_CANONNAME; else NULL */
	int flags;             /* of the hints, for every entry */
	/* The object's own. */
	const void *addresses, *kinds;
};

struct fdg_lookup_entry {
	int flags, family, socktype, protocol;
	socklen_t address_len;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
	const char *canonical; /* of the first entry alone; or NULL */
};

/* getaddrinfo: 0, EAI_… (negative), or FDG_LOOKUP_NOT_OURS. With EAI_SYSTEM *ret_errno is the errno; else it is not written. */
int fdg_lookup_addresses(struct fdg_lookup *l, const char *node, const char *service, const struct addrinfo *hints,
			 struct fdg_lookup_result *ret, int *ret_errno);
/* Entry n of the list, from 0; false behind the last. */
bool fdg_lookup_entry(const struct fdg_lookup_result *r, unsigned n, struct fdg_lookup_entry *ret);

/* getnameinfo, with its buffers: 0, EAI_…, or FDG_LOOKUP_NOT_OURS. */
int fdg_lookup_name(struct fdg_lookup *l, const struct sockaddr *address, socklen_t len, char *host, socklen_t host_len,
		    char *service, socklen_t service_len, int flags);

/* A struct hostent's material. */
struct fdg_lookup_host {
	const char *name;
	const char *aliases; /* alias_count texts, one behind the other */
	unsigned alias_count;
	int family;
	unsigned address_len, address_count; /* 4 or 16 bytes each, one behind the other */
	const uint8_t *addresses;
};

/* gethostbyname2, gethostbyaddr: 0, h_errno's HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_DATA (positive), NETDB_INTERNAL, or FDG_LOOKUP_HOST_NOT_OURS. */
enum { FDG_LOOKUP_HOST_NOT_OURS = 100 };
int fdg_lookup_host(struct fdg_lookup *l, const char *name, int family, struct fdg_lookup_host *ret);
int fdg_lookup_host_by_address(struct fdg_lookup *l, const void *address, socklen_t len, int family,
			       struct fdg_lookup_host *ret);
/* When one of them has failed: the errno with which libc's end. */
int fdg_lookup_host_errno(const struct fdg_lookup *l);

/* Of the last lookup, for findings. */
struct fdg_lookup_facts {
	uint64_t took_us;
	uint64_t waited_us; /* … of which it waited for answers, at most; the rest went by while the thread did not run, or had work to do */
	unsigned sent;                  /* messages; 0: no server was asked */
	struct sockaddr_storage server; /* who answered, or failed last; ss_family 0: none */
	const char *reason;             /* on failure: why, a sentence; else NULL */
	const char *missing;            /* "A" or "AAAA": nobody answered that question, and the other one was answered; else NULL */
};

void fdg_lookup_facts(const struct fdg_lookup *l, struct fdg_lookup_facts *ret);

#endif
