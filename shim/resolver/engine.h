/* SPDX-License-Identifier: MIT */
/*
 * The inside of an exchange: what its files share.
 *
 *	exchange.c   the object
 *	loop.c       what happens in a drive
 *	clock.c      what time it is
 *	question.c   the life of a question: which server, when again, how it ends
 *	pool.c       the ports that questions go out from
 *	renew.c      … and what becomes of them in a forked child
 *	queue.c      lists of questions
 *	silence.c    what becomes of those that wait when nobody answers
 *	send.c       out of the queues and through the ports
 *	udp.c        and back
 *	tcp.c        a connection for a server
 *
 * Nothing is called back while a list is walked: what ends without a message waits in the list `over` until the loop comes to it.
 */
#ifndef FDG_RESOLVER_ENGINE_H
#define FDG_RESOLVER_ENGINE_H

#include <sys/epoll.h>
#include <sys/socket.h>

#include "resolver/exchange.h"
#include "resolver/ids.h"
#include "resolver/judge.h"
#include "resolver/random.h"
#include "resolver/server.h"
#include "resolver/wheel.h"

struct pollfd;

enum {
	FDG_TRIES = 4,         /* transmissions of a question that may be answered, at a time */
	FDG_BATCH = 64,        /* messages in a system call */
	FDG_SORTED = 512,      /* questions that are put in order of length at a time */
	FDG_PORT_FLYING = 128, /* the default receive buffer holds 166 answers of 482 bytes, 277 small ones */
	FDG_PORT_LIFE = 4096,  /* transmissions from a port: then another one */
	FDG_PORT_END = 32768,  /* … where no other can be had: the last one */
	FDG_PORT_BRIEF = 4,    /* … or of settings.brief: so many, and at most as many more, by chance */
	FDG_PORT_FORGED = 32,  /* messages to a port that nobody asked for: then another one */
	FDG_PORT_IDS = 65536 / 64,
	FDG_RECEIVE = 4096,             /* bytes of a UDP message; a longer one is asked for by TCP */
	FDG_RECEIVE_STRIDE = 4096 + 64, /* buffers that are a power of two apart share the cache's few lines */
	FDG_STREAM = 2 + FDG_DNS_MESSAGE_MAX,
	FDG_OUT = 8192,       /* bytes of queries on their way into a connection */
	FDG_TCP_FLYING = 100, /* questions in a connection */
	FDG_TCP_AGAIN = 2, /* connections that may break under a question before that counts as the server's failure */
	FDG_TCP_IDLE = 5000000, /* µs without a question: closed (RFC 7766 section 6.2.3) */
	FDG_HELD = 1000,        /* µs to wait when the kernel takes no more */
	FDG_BRIEF_SENDS = 2,    /* settings.brief: transmissions to a server while its turn lasts */
	FDG_SWITCH = 3,         /* transmissions to a server, then the next one's turn */
	FDG_EDNS_TRIES = 2,     /* transmissions with an OPT record, then one without */
	FDG_FORGED_TWICE = 2,   /* times that a question's port was given up as forged at: by TCP then */
};

#define FDG_NONE UINT32_MAX

struct fdg_question {
	uint32_t next, prev; /* in a queue */
	uint32_t generation;
	uint8_t queue; /* enum fdg_queue_name, of `server`; 0: none */
	uint8_t server;
	uint8_t sends;   /* to this server, since its turn began */
	uint8_t opt_len; /* bytes of the OPT record behind the query; 0: none */
	uint8_t status;  /* enum fdg_exchange_status: how it ended, or the last failure that a server stated; 0: none */
	uint8_t last_server;
	uint8_t forged, broken;            /* times */
	bool tcp, plain, counted;          /* by TCP; without the OPT record; it was in this server's window */
	uint8_t bad[FDG_EXCHANGE_SERVERS];    /* failures that each server stated */
	uint8_t silent[FDG_EXCHANGE_SERVERS]; /* brief: its turns that it let pass; as many as libc gives it, and no more */
	uint16_t sent, len;                /* transmissions; bytes of the query, without the OPT record */
	uint64_t asked;                    /* µs */
	uint64_t turn_end, deadline;       /* µs; 0: not begun */
	fdg_exchange_done *done;
	void *cookie;
	uint8_t packet[FDG_DNS_QUERY_MAX + 2];
};

enum fdg_queue_name {
	FDG_QUEUE_NONE,
	FDG_QUEUE_READY, /* waits for the window */
	FDG_QUEUE_AGAIN, /* goes out whatever the window says */
	FDG_QUEUE_FLYING,
	FDG_QUEUE_STREAM, /* waits for a connection, or for room in it */
	FDG_QUEUE_STREAMED,
	FDG_QUEUE_OVER, /* ended; its function has not been called: in `over`, whatever the server */
	FDG_QUEUES
};

struct fdg_queue {
	uint32_t head, tail, count;
};

/* A UDP socket: a port that questions go out from. */
struct fdg_port {
	int fd;       /* -1: none */
	bool leaving; /* nothing goes out from it any more, and when nothing is in flight it is closed */
	uint16_t flying, forged;
	bool worn;           /* brief: it may serve on under another number */
	uint32_t used, life; /* transmissions, and after how many it is left */
	uint64_t opened;     /* µs */
	uint64_t cookie;
	int wait_ms; /* SO_RCVTIMEO; 0: none yet */
};

struct fdg_stream {
	int fd;            /* -1: none */
	bool begun;        /* connect() has not ended */
	uint32_t interest; /* as epoll knows it */
	uint32_t answered;
	uint64_t opened; /* µs */
	uint64_t active; /* µs: when something came, or a question went in where none was */
	uint64_t cookie;
	size_t in_len, out_len;
	uint8_t *in, *out; /* FDG_STREAM, FDG_OUT */
};

struct fdg_target {
	struct fdg_server state;
	struct fdg_queue queues[FDG_QUEUES];
	struct fdg_stream stream;
	uint32_t depth; /* questions in it at a time; fewer than FDG_TCP_FLYING: in all, then the server ends it */
	struct sockaddr_storage address;
	uint32_t address_len;
	uint32_t ports; /* that questions go out from */
};

/* For a message that is several: their length. */
struct fdg_control {
	_Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

struct fdg_exchange {
	uint64_t now;
	int epoll;                 /* -1: polled */
	bool driving, interrupted; /* the last wait was, by a signal handler */
	volatile int loose;        /* a descriptor that is open, and has no place yet; -1: none */
	volatile bool blocked;     /* in the wait, where it may be left */
	struct fdg_random random;
	struct fdg_exchange_settings set;
	struct fdg_exchange_counts counts;
	struct fdg_target *targets;
	uint32_t target_count;
	struct fdg_queue over;
	/* Questions. Those that were never used lie behind `touched`. */
	struct fdg_question *questions;
	uint32_t touched, free, running;
	uint32_t turn; /* rotate: whose it is next; 0: nobody has been asked yet */
	uint8_t turned[FDG_DNS_NAME_MAX]; /* … the name whose other type may be asked for next, and the type; 0: none */
	uint16_t turned_len, turned_type;
	struct fdg_ids ids;
	struct fdg_wheel *wheel;
	uint64_t held_until;   /* µs: the kernel took no more */
	uint64_t checked;      /* µs: when descriptors were looked at */
	uint64_t total;        /* µs: the longest life of a question, from when it goes out */
	uint64_t silent_since; /* µs: when something went out after which nothing came; 0: not so */
	/* Ports: slots_each of them for each server, one server's behind the other's. */
	struct fdg_port *ports;
	uint64_t (*used_ids)[FDG_PORT_IDS];
	uint32_t slots_each, port_count;
	/* For the system calls. */
	struct mmsghdr *out, *in;
	struct iovec *out_parts, *in_parts;
	struct fdg_control *control; /* of `out` */
	bool segments;               /* the kernel cuts up */
	uint32_t *batch;             /* tries of `out` */
	uint32_t *sorted;            /* FDG_SORTED */
	uint32_t witness;            /* a question that is in flight, to ask a server by that is down; FDG_NONE */
	uint8_t *received;
	struct pollfd *polls;
	uint32_t *polled; /* whose they are: numbers as of events */
	size_t mapped;
};

static inline uint32_t fdg_question_number(const struct fdg_exchange *x, const struct fdg_question *q)
{
	return (uint32_t)(q - x->questions);
}

static inline unsigned fdg_port_server(const struct fdg_exchange *x, unsigned port)
{
	return port / x->slots_each;
}

/* The number that stands for a server's connection where ports are numbered. */
static inline unsigned fdg_stream_number(const struct fdg_exchange *x, unsigned server)
{
	return x->port_count + server;
}

/* rotate.c: the server that a new question begins with */
unsigned fdg_rotate(struct fdg_exchange *x, const struct fdg_question *q);
/* A question more would meet the end of a connection on its way. Where none is on it, there can be a new one. */
static inline bool fdg_stream_has_room(const struct fdg_target *t)
{
	uint32_t on_it = t->queues[FDG_QUEUE_STREAMED].count;

	if (on_it && t->depth < FDG_TCP_FLYING)
		on_it += t->stream.answered;
	return on_it < t->depth;
}

/* clock.c: microseconds of CLOCK_MONOTONIC */
uint64_t fdg_clock(void);
/* question.c */
void fdg_queue_push(struct fdg_exchange *x, struct fdg_question *q, enum fdg_queue_name name);
void fdg_queue_push_first(struct fdg_exchange *x, struct fdg_question *q, enum fdg_queue_name name);
void fdg_queue_leave(struct fdg_exchange *x, struct fdg_question *q);
struct fdg_question *fdg_queue_first(struct fdg_exchange *x, unsigned server, enum fdg_queue_name name);
struct fdg_question *fdg_queue_next(struct fdg_exchange *x, const struct fdg_question *q);
/* Puts the first n, at most FDG_SORTED, in order of length; those of one length stay as they are. */
void fdg_queue_sort(struct fdg_exchange *x, unsigned server, enum fdg_queue_name name, uint32_t n);
struct fdg_question *fdg_question_take(struct fdg_exchange *x);
void fdg_question_give_back(struct fdg_exchange *x, struct fdg_question *q);
void fdg_question_start(struct fdg_exchange *x, struct fdg_question *q);
/* From the beginning, at the server where it is: in a forked child. */
void fdg_question_restart(struct fdg_exchange *x, struct fdg_question *q);
/* Its turn at the server where it is: the first time, or again. */
void fdg_question_queue(struct fdg_exchange *x, struct fdg_question *q);
/* It went out: when it is looked at again. */
void fdg_question_sent(struct fdg_exchange *x, struct fdg_question *q);
void fdg_question_expired(struct fdg_exchange *x, struct fdg_question *q);
/* The server stated a failure. */
/* It has failed, or let pass, as many turns as it has. */
bool fdg_question_is_done_with(const struct fdg_exchange *x, const struct fdg_question *q, unsigned server);
void fdg_question_bad(struct fdg_exchange *x, struct fdg_question *q, unsigned server, enum fdg_exchange_status status);
/* Over, without a message: its function is called later. */
void fdg_question_end(struct fdg_exchange *x, struct fdg_question *q, enum fdg_exchange_status status);
/* A message that is its own by id; its server's and number `try` of all tries. False: it is not its answer. */
bool fdg_question_message(struct fdg_exchange *x, uint32_t try, const uint8_t *msg, size_t len, bool cut);
/* Calls the functions of those that are over. */
void fdg_question_tell(struct fdg_exchange *x);
/* All of its transmissions. */
void fdg_question_close_tries(struct fdg_exchange *x, const struct fdg_question *q);
/* Closes a transmission: what comes for it is not the question's any more. */
void fdg_try_close(struct fdg_exchange *x, uint32_t try);

/* silence.c: something went out; something came; when those that wait are looked at; those are ended that waited in vain. */
void fdg_silence_sent(struct fdg_exchange *x);
void fdg_silence_over(struct fdg_exchange *x);
uint64_t fdg_silence_due(const struct fdg_exchange *x);
void fdg_silence_take(struct fdg_exchange *x);

/* pool.c */
/* A port of the server with room, or FDG_NONE; *ret_error is why there is none: 0 if all are full. */
unsigned fdg_pool_pick(struct fdg_exchange *x, unsigned server, int *ret_error);
/* An id that was never used at this port: marks it used. False: no random numbers. */
bool fdg_pool_id(struct fdg_exchange *x, unsigned port, uint16_t *ret);
bool fdg_pool_used(const struct fdg_exchange *x, unsigned port, uint16_t id);
/* One transmission less is in flight from it. */
void fdg_pool_landed(struct fdg_exchange *x, unsigned port);
/* Nothing goes out from it any more. */
void fdg_pool_retire(struct fdg_exchange *x, unsigned port);
/* The number is not ours any more: it is not touched again. No transmission may be in flight from it. */
void fdg_pool_forget(struct fdg_exchange *x, unsigned port);
/* Is the descriptor still the socket that it was? */
bool fdg_pool_is_ours(int fd, uint64_t cookie);
uint64_t fdg_pool_cookie(int fd);
/* A socket at a high number, connected or connecting to the server, and known to epoll; or a negative errno. */
int fdg_pool_open(struct fdg_exchange *x, unsigned server, int type, uint64_t number, uint32_t events);

/* There is no descriptor or memory left for a socket. */
bool fdg_pool_is_full(int error);
/* Closes ports and connections that nothing is in flight at; true: there were some. */
bool fdg_pool_rest(struct fdg_exchange *x);
/* The same, or has the owner close something. */
bool fdg_pool_make_room(struct fdg_exchange *x);
/* Is something in flight from any port? Or in any connection? */
bool fdg_pool_flying(const struct fdg_exchange *x);
bool fdg_pool_busy(const struct fdg_exchange *x);
/* The least of the high numbers. */
int fdg_pool_floor(void);
/* The same at a high number, close-on-exec; where none is free, or for an error, what was given. */
int fdg_pool_high(int fd);
/* The same for an owner that may be torn away at any moment: whichever of the two is open is what *loose says. */
int fdg_pool_high_noted(int fd, volatile int *loose);

/* renew.c */
int fdg_renew_epoll(struct fdg_exchange *x);
/* Makes all anew that is not ours any more. `idle`: nothing was in flight. */
void fdg_renew_check(struct fdg_exchange *x, bool idle);
void fdg_renew_end(struct fdg_exchange *x);
/* brief, when nothing is in flight: closes what has been open for long. */
void fdg_renew_old(struct fdg_exchange *x);

/* send.c */
void fdg_udp_flush(struct fdg_exchange *x);

/* udp.c */
void fdg_udp_receive(struct fdg_exchange *x, unsigned port);
/* May what comes be waited for in the very call that receives it? */
bool fdg_udp_may_wait(struct fdg_exchange *x, unsigned port, int timeout_ms);
/* -EINTR: a signal handler came between. */
int fdg_udp_wait(struct fdg_exchange *x, unsigned port);
/* It was told that nothing listens: all that is in flight from there hears it. */
void fdg_udp_refused(struct fdg_exchange *x, unsigned port);
/* The descriptor is not what it was: the program has closed it, and perhaps opened another in its place. */
void fdg_udp_lost(struct fdg_exchange *x, unsigned port);
/* What is in flight from the port will not be answered: it goes out again, from elsewhere. */
void fdg_udp_abandon(struct fdg_exchange *x, unsigned port);

/* tcp.c */
void fdg_tcp_flush(struct fdg_exchange *x);
void fdg_tcp_event(struct fdg_exchange *x, unsigned server, uint32_t events);
/* A question of it waited in vain. */
void fdg_tcp_expired(struct fdg_exchange *x, struct fdg_question *q);
/* Closes connections that have had nothing to do; returns when to look again, FDG_WHEEL_NEVER if none is open. */
uint64_t fdg_tcp_idle(struct fdg_exchange *x);
/* Closes it, or only forgets the number; its questions wait for another one. */
void fdg_tcp_drop(struct fdg_exchange *x, unsigned server, bool ours);

#endif
