/* SPDX-License-Identifier: MIT */
/*
 * Questions to name servers, many at a time: a question goes in, the answer that belongs to it comes out, or the reason why there is none. What a
 * name means (search lists, CNAMEs, caches, which types are asked) is decided above; this is the traffic alone.
 *
 * Properties. No thread: whoever owns the object drives it, one thread at a time. All memory is mapped when it is made, and touched as it is
 * needed. Every question ends in exactly one call of its function. Descriptors are close-on-exec and out of the low numbers: at most `ports` for a server
 * (a few more while old ones are about to be closed), opened one by one as questions go out and then kept, one for TCP, and the epoll.
 *
 * Operation. A question goes by UDP, from one of several ports, to the first server that lives (rotate: to each in turn). What is not answered
 * within what the measured round trips make likely is sent again, with an id and a port of its own, so that each answer tells which transmission
 * it belongs to; after three of them the next server is asked too. A failure that a server states sends the question to the next server at once,
 * as libc does, each server `attempts` times. A truncated answer is asked for by TCP. A question is over at the latest
 * attempts x servers x timeout after it went out, as in libc; when nobody answers at all, what has not gone out is over sooner (silence.c).
 *
 * Behind getaddrinfo (settings.brief) a question is sent again once in a server's turn, which lasts for libc's timeout, and a port is left after a few.
 *
 * A server that is silent, or fails where others answer, is asked last from then on, and now and then, beside the server that answers, to see
 * whether it is back. How many questions are in flight at a server follows its losses.
 *
 * Safety. What arrives must have come from the server's address to a port that was asked from, with the id and the question that was sent
 * from there (RFC 5452 section 9.1); send.c says how hard that is to guess.
 *
 * resolv.conf's options that speak of two questions, single-request and single-request-reopen, are obeyed above, by asking the second when the
 * first is over; no two questions need to come from one port here.
 */
#ifndef FDG_RESOLVER_EXCHANGE_H
#define FDG_RESOLVER_EXCHANGE_H

#include "resolver/conf.h"
#include "resolver/wire.h"

enum {
	FDG_EXCHANGE_SERVERS = 8,
	FDG_EXCHANGE_QUESTIONS_MAX = 65535,
	FDG_EXCHANGE_PORTS_MAX = 1024, /* of all servers */
	FDG_EXCHANGE_PAYLOAD = 1232,   /* UDP bytes that edns0 offers to take: no fragments (dnsflagday.net/2020) */
};

struct fdg_exchange_server {
	struct fdg_ip ip;
	uint16_t port;
};

struct pollfd;

struct fdg_exchange_settings {
	struct fdg_exchange_server server[FDG_EXCHANGE_SERVERS];
	unsigned server_count;
	unsigned timeout_ms, attempts; /* of resolv.conf; 0 fails at once, as in libc */
	unsigned options;              /* of enum fdg_conf_option: ROTATE, EDNS0, USE_VC, TRUST_AD */
	unsigned questions;            /* at a time; what is above FDG_EXCHANGE_QUESTIONS_MAX means that */
	unsigned ports;                /* UDP sockets for a server */
	/* Behind getaddrinfo: no more messages than one early repetition beside libc's, and sockets that are changed after a few questions. */
	bool brief;
	bool polled; /* no epoll: fdg_exchange_fd has none to offer, and one descriptor is enough for UDP */
	/* polled: what waits, with a negative errno; NULL: straight to the kernel. It may not return: fdg_exchange_abandon. */
	int (*block)(struct pollfd *fds, unsigned n, int timeout_ms);
	/* polled: recv(2), in which one answer is waited for, with a negative errno; NULL: by block alone. It may not return, either. */
	long (*receive)(int fd, void *message, size_t room, int flags);
	/* No descriptor is left, and none of its own can be spared: true if its owner has closed one. Or NULL. */
	bool (*let_go)(void *owner);
	void *owner;
};

/* resolv.conf's servers and options; 4,096 questions, and 64 ports for a server where the limit of descriptors has room. */
void fdg_exchange_settings(const struct fdg_conf *conf, struct fdg_exchange_settings *ret);

enum fdg_exchange_status {
#define S(name, sentence) FDG_EXCHANGE_##name,
#include "resolver/exchange_status.def"
#undef S
	FDG_EXCHANGE_STATUSES
};

const char *fdg_exchange_sentence(enum fdg_exchange_status status);

struct fdg_exchange_answer {
	enum fdg_exchange_status status;
	/* ANSWERED and MALFORMED: the message, for as long as the function runs. Its id is the last transmission's business. */
	const uint8_t *packet;
	size_t len;
	unsigned server; /* by number: who gave it, or failed last */
	unsigned sent;   /* transmissions, of all servers */
	bool tcp;
};

/* May ask, cancel and read counts, but not drive, wait or free. */
typedef void fdg_exchange_done(void *cookie, const struct fdg_exchange_answer *a);

struct fdg_exchange_counts {
	uint64_t asked, ended;
	uint64_t sent, again, answers; /* messages; `again`: of those sent, the ones that repeat */
	uint64_t lost;                 /* transmissions whose time was over */
	uint64_t late;                 /* answers to what is answered, or was given up */
	uint64_t wrong_id, wrong_question, not_answers, too_short;
	uint64_t tcp, tcp_cut;             /* connections made; those that broke with questions on them */
	uint64_t ports_made, ports_forged; /* the latter: given up since too much came there that nobody asked for */
	uint64_t refused;                  /* ICMP: nothing listens there */
	uint64_t dead, lame, probes;       /* servers found so; transmissions to see whether they still are */
};

struct fdg_exchange;

/* 0 or a negative errno: -EINVAL for no questions or ports, -ENOMEM, -EMFILE. */
int fdg_exchange_make(const struct fdg_exchange_settings *s, struct fdg_exchange **ret);
/* Questions that are not over end as CANCELLED. NULL is nothing. */
void fdg_exchange_free(struct fdg_exchange *x);

/* Names a question for as long as it runs, and nothing afterwards. */
typedef uint64_t fdg_exchange_handle;

/* True: the question goes out with the next drive. False: as many as are allowed are in flight; nothing has happened. */
bool fdg_exchange_ask(struct fdg_exchange *x, const struct fdg_dns_name *name, uint16_t type, fdg_exchange_done *done,
		      void *cookie, fdg_exchange_handle *ret);
/* It ends as CANCELLED with the next drive. False if it is over. */
bool fdg_exchange_cancel(struct fdg_exchange *x, fdg_exchange_handle h);

/* Readable when there is something to drive; -1 for a polled one. It changes in a forked child, and after all descriptors were closed. */
int fdg_exchange_fd(const struct fdg_exchange *x);
/* When to drive at the latest: milliseconds from now, 0 for at once, -1: when the descriptor is readable. */
int fdg_exchange_due(struct fdg_exchange *x);
/* Microseconds of CLOCK_MONOTONIC, when the last wait was over. */
uint64_t fdg_exchange_now(const struct fdg_exchange *x);
/* Sends, receives, ends what is over. Never blocks. */
void fdg_exchange_drive(struct fdg_exchange *x);
/* The same, after waiting for something to do for at most that long; -1: for as long as it takes, if there are questions. */
void fdg_exchange_wait(struct fdg_exchange *x, int timeout_ms);

/* After a wait that did not return, in settings.block: questions are forgotten without a word, and the ports stay. */
void fdg_exchange_abandon(struct fdg_exchange *x);
/* The same at any other moment, for polled ones: its sockets are closed; then its memory is given back. */
void fdg_exchange_scrap(struct fdg_exchange *x);
void fdg_exchange_unmap(struct fdg_exchange *x);
/* Closes what no question needs now: for who is short of descriptors. */
void fdg_exchange_let_go(struct fdg_exchange *x);

/* Questions that are not over, and how many more may be asked. */
unsigned fdg_exchange_running(const struct fdg_exchange *x);
unsigned fdg_exchange_room(const struct fdg_exchange *x);
const struct fdg_exchange_counts *fdg_exchange_counts(const struct fdg_exchange *x);

#endif
