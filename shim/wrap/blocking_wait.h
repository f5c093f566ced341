/* SPDX-License-Identifier: MIT */
/*
 * One data call on a watched descriptor, from its beginning to its end: private to blocking*.c.
 *
 *     struct fdg_call c;
 *
 *     fdg_call_begin(&c, …);
 *     do
 *             r = the real call;
 *     while (fdg_call_again(&c, r));
 *     return fdg_call_end(&c, r);
 *
 * Where nothing is to be made to block, again is false and end changes nothing.
 */
#ifndef FDG_WRAP_BLOCKING_WAIT_H
#define FDG_WRAP_BLOCKING_WAIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

enum fdg_way { FDG_TAKES, FDG_GIVES };

/* Signals, a bit for each: those that have a handler, and what that makes of a blocking call. */
struct fdg_handlers {
	uint64_t restart, interrupt;
};

struct fdg_signals {
	union {
		sigset_t libc;
		uint64_t kernel;
	} opened; /* the thread's own mask, while they are held */
	struct fdg_handlers before;
	bool asked; /* what is in `before` */
};

struct fdg_call {
	int fd;
	enum fdg_way way;
	bool raw;     /* made by syscall(2): no cancellation point */
	bool blocks;  /* it is to block, and the kernel was told otherwise */
	bool looked;  /* the members below `limited` are valid */
	bool limited; /* there is SO_RCVTIMEO or SO_SNDTIMEO */
	bool terminal; /* `end` is VTIME's, after which a read returns what it has */
	bool hung_up;  /* the last wait ended with POLLHUP */
	bool unmarked; /* blocks, and the kernel knows */
	bool peeks;    /* what it finds stays: only the end of it is to be waited for */
	bool stream;   /* … to a stream of AF_UNIX */
	bool shut;     /* the last wait ended with POLLRDHUP */
	bool settles;  /* its mode was changed behind it: told of when the call suffers from that */
	bool cut;      /* it moved a part, where a blocking call moves all */
	bool acts;     /* guards/epoll/acts.h is told of the result */
	bool queue;    /* it is the error queue that it reads */
	bool signalled; /* the last wait ended with a signal; if the call moves a part now, that is its end */
	int last;      /* errno to give up with: the wait is over, and the call was made for the last time */
	unsigned slice; /* ms: to be tried again after that long, where poll cannot tell; 0: poll can */
	unsigned vain;  /* waits in a row that ended in a call that found nothing */
	int error;    /* errno at the beginning */
	size_t moved;
	int64_t begun; /* of fdg_stall_begin */
	const char *name;
	const void *site;
	uint32_t generation;
	dev_t device;
	ino_t inode;
	struct timespec end;
	struct fdg_signals signals;
};

/* never_waits: by its flags, whatever the mode. */
void fdg_call_begin_with(struct fdg_call *c, int fd, enum fdg_way way, const char *name, bool raw, const void *site, bool never_waits);
static inline void fdg_call_begin(struct fdg_call *c, int fd, enum fdg_way way, const char *name, bool raw, const void *site)
{
	fdg_call_begin_with(c, fd, way, name, raw, site, false);
}
/* What poll says, now. */
bool fdg_call_is_ready(const struct fdg_call *c);
/* The real call returned r: is it to be made once more? Waits for that. */
bool fdg_call_again(struct fdg_call *c, long r);
/* The same for a call that goes on until `want` bytes are moved, and of which this part was `asked`. Counts. */
bool fdg_call_more(struct fdg_call *c, long r, size_t asked, size_t want);
long fdg_call_end(struct fdg_call *c, long r);

/* Nothing came, and the socket was shut for reading meanwhile: what blocks returns 0 then, and what does not says EAGAIN for ever. */
bool fdg_call_found_end(const struct fdg_call *c, long r);
/* All that is left to be read is an error, which a blocking call that has something leaves for the next one. */
bool fdg_call_leaves_error(const struct fdg_call *c);
/* A send with MSG_FASTOPEN began a connection: waits for it, and takes the flag off. */
bool fdg_call_opens(struct fdg_call *c, long r, int *flags);

/* Waits until the call may be tried again: 0, or the errno to give up with (EAGAIN: the time is over). */
int fdg_call_wait(struct fdg_call *c);
/* The same without poll, for what it cannot tell. */
int fdg_call_doze(struct fdg_call *c);
/* The time limit is one for each message. */
void fdg_call_next_message(struct fdg_call *c);

/* From the call that found nothing until it is made again, signals come in the wait alone. */
void fdg_signals_hold(struct fdg_signals *s);
void fdg_signals_let(struct fdg_signals *s);
/* A signal ended the wait: would a blocking call have gone on? */
bool fdg_signals_restart(struct fdg_signals *s);

/* getsockopt(SOL_SOCKET) of an integer; -1 if it is no socket. */
int fdg_call_socket(const struct fdg_call *c, int option);
/* Does a blocking call go on after a part? Stream sockets, pipes and terminals. */
bool fdg_call_is_stream(const struct fdg_call *c);
/* The socket's time limit, from now on. */
void fdg_call_ask_limit(struct fdg_call *c);
/* False: there is none left. Else the less of it and *t, which becomes it. */
bool fdg_call_cut_to_limit(const struct fdg_call *c, struct timespec *t);
/* VTIME: the time limit, from now on, in tenths of a second. */
void fdg_call_terminal_limit(struct fdg_call *c, unsigned tenths);

/* libc's function, or the same by number. */
#define FDG_REAL(c, name, ...) ((c)->raw ? (ssize_t)real_syscall(SYS_##name, __VA_ARGS__) : (ssize_t)real_##name(__VA_ARGS__))

/* A call on iovecs moved its first part: the rest, as a blocking call does it. Returns what fdg_call_end is to get. flags are recv's and send's. */
long fdg_take_rest(struct fdg_call *c, long r, const struct iovec *v, size_t count, int flags, struct msghdr *m);
long fdg_give_rest(struct fdg_call *c, long r, const struct iovec *v, size_t count, int flags, const struct msghdr *m);
/* Before a read that may have several parts; control: it has room for control data. What only the kernel can do it does: the description blocks from then on. */
void fdg_call_takes(struct fdg_call *c, int flags, bool control);
size_t fdg_iov_total(const struct iovec *v, size_t count);

/* Is fd a terminal that hands out characters and not lines? Then when a read returns. */
bool fdg_terminal_rule(int fd, unsigned *ret_min, unsigned *ret_tenths);

/* syscall(nr, …): false if nr is none of the family's. */
bool fdg_raw_bytes(long nr, const long a[6], const void *site, long *ret);
bool fdg_raw_message(long nr, const long a[6], const void *site, long *ret);
bool fdg_raw_peer(long nr, const long a[6], const void *site, long *ret);
bool fdg_raw_splice(long nr, const long a[6], const void *site, long *ret);

#endif
