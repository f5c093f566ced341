/* SPDX-License-Identifier: MIT */
/*
 * fdguard scan: a process that runs already, as the kernel shows it to others. Nothing here changes it but scan_fix.h, where --fix was said.
 *
 *	scan_text.c       what files of /proc say
 *	scan_process.c    one process: descriptors, interest lists, threads; scan_threads.c: what they do
 *	scan_sockets.c    TCP sockets of a network namespace, by netlink or by /proc
 *	scan_holders.c    who else has a descriptor's file
 *	scan_imports.c    which functions a program calls
 *	scan_trace.c      a few calls of a thread that does not sleep
 *	scan_look.c       all of it together; one function for each guard in scan_closewait.c, scan_blocking.c, scan_epoll.c, scan_spin.c, scan_select.c, scan_cloexec.c, scan_listeners.c, scan_growth.c
 *	scan_fix.c        cures, with scan_under.c: by the number that the process has
 *	scan_say.c        finding -> line
 */
#ifndef FDG_TOOLS_SCAN_H
#define FDG_TOOLS_SCAN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "report/report.h"
#include "tools/pool.h"
#include "tools/scan_text.h"

#define SCAN_FDS_MAX (1u << 20)
#define SCAN_THREADS_MAX (1u << 16)
#define SCAN_WINDOW_MS 150 /* between two looks */

struct scan_socket { /* TCP */
	uint64_t ino, cookie; /* cookie 0: not known */
	unsigned state, sending, waiting;
	struct sockaddr_storage local, peer;
	bool has_ages; /* milliseconds: */
	uint32_t last_sent, last_received, last_heard;
};

struct scan_sockets {
	struct scan_socket *socket; /* by ino */
	size_t count, room;
	uint64_t net;        /* the namespace, by its inode */
	bool by_proc;        /* no netlink: no ages */
	int migrates;        /* net.ipv4.tcp_migrate_req; -1: not known */
};

struct scan_fd {
	int fd, flags; /* flags: of sockets and epolls; else 0 */
	enum scan_kind kind;
	uint64_t ino; /* of sockets and pipes; else 0 */
	const struct scan_socket *tcp;
};

struct scan_interest {
	int epfd, fd;
	uint32_t events;
	uint64_t data, ino;
	bool has_ino;
	bool is_told; /* it is stale, and was told of with a loop that turns */
};

struct scan_thread {
	int tid;
	bool has_call, has_busy;
	struct scan_call call;  /* that it waits in */
	uint64_t busy, at;      /* nanoseconds that it ran or was ready to, and when that was asked */
	unsigned load;          /* after the second look: of a processor, in % */
	bool is_still;          /* in the same call at both looks */
	bool is_running, is_hot; /* is_hot: it did not sleep from one look to the other */
	uint64_t sleeps;        /* so far, of one that runs */
};

struct scan_process {
	int pid, dir, pidfd; /* dir: /proc/PID; pidfd -1: there is none */
	struct scan_status status;
	uint64_t start, net;
	char exe[PATH_MAX];
	const char *name; /* of exe */
	bool is_other_class; /* 32 bits on 64: numbers of calls are others */
	bool is_gone, is_cut;
	int why_fds, why_calls, why_fetch, why_trace; /* errno of what was refused; 0: nothing was */
	struct scan_fd *fd; /* by number */
	size_t fds, fd_room;
	struct scan_interest *interest;
	size_t interests, interest_room;
	struct scan_thread *thread; /* by tid */
	size_t threads, thread_room;
	uint64_t kinds[SCAN_KINDS];
};

/* ---- scan_process.c ---- */

/* False: there is none (errno). With is_gone it ended while it was looked at. */
bool scan_process_open(struct scan_process *p, int pid);
void scan_process_close(struct scan_process *p);
void scan_process_read(struct scan_process *p);
const struct scan_fd *scan_find_fd(const struct scan_process *p, int fd);
/* The whole of a file of the process, with a NUL behind it, on the heap; at most `most` bytes. NULL: errno. */
char *scan_read_file(int dir, const char *name, size_t most, size_t *ret_n);
/* A copy of its descriptor, if it is that file still; -1: errno, EBADF where it is another. To be closed at once. */
int scan_fetch(struct scan_process *p, const struct scan_fd *f);
/* What fd is for the process; 0: closed, or not known. */
uint64_t scan_ino_of(const struct scan_process *p, int fd);
/* Calls f for each number in a directory below dir. False: errno. */
bool scan_each_number(int dir, const char *name, bool (*f)(void *cookie, int number), void *cookie);
uint64_t scan_now(void); /* nanoseconds */

/* ---- scan_threads.c ---- */

void scan_threads_read(struct scan_process *p);
/* The second look, after the window. */
void scan_threads_again(struct scan_process *p);
/* How often a thread slept; 0: not known. */
uint64_t scan_sleeps(const struct scan_process *p, int tid);
/* The call is one that waits for data, room or a connection on its first argument. */
bool scan_waits_on_fd(const struct scan_call *c);
bool scan_is_restarted(const struct scan_call *c); /* and by itself, after a stop */
bool scan_waits_for_events(const struct scan_call *c); /* epoll_wait */

/* ---- scan_sockets.c ---- */

/* Those of the namespace that the process is in. */
void scan_sockets_read(struct scan_sockets *s, const struct scan_process *p);
void scan_sockets_free(struct scan_sockets *s);
const struct scan_socket *scan_socket_find(const struct scan_sockets *s, uint64_t ino);
/* What the copy of a socket says itself. */
bool scan_socket_ask(int fd, struct scan_socket *s);
void scan_put_address(struct fdg_buf *b, const struct sockaddr_storage *a);

/* ---- scan_holders.c ---- */

struct scan_holder {
	uint64_t ino;
	int pid, fd;
	bool stays_open; /* without close-on-exec */
};

struct scan_holders {
	struct scan_holder *held; /* by ino */
	size_t count, room;
	bool is_cut; /* not all processes were looked at, for want of time */
};

/* Which other processes have sockets and pipes of p. */
void scan_holders_read(struct scan_holders *h, const struct scan_process *p);
void scan_holders_free(struct scan_holders *h);
const struct scan_holder *scan_holder_find(const struct scan_holders *h, uint64_t ino); /* the first one of them */

/* ---- scan_imports.c ---- */

enum { SCAN_IMPORTS_SELECT = 1, SCAN_IMPORTS_FORTIFIED = 2 };
unsigned scan_imports_of(int fd); /* an ELF file */
/* Of the program itself, and of the objects that are mapped into it; *ret_object: one of those. */
unsigned scan_imports(const struct scan_process *p, unsigned *ret_objects, char ret_object[PATH_MAX]);

/* ---- scan_trace.c ---- */

#define SCAN_TRACE_CALLS 48
#define SCAN_TRACE_EVENTS 8

struct scan_traced {
	long nr, ret;
	uint64_t arg[6];
	struct { uint32_t events; uint64_t data; } event[SCAN_TRACE_EVENTS]; /* of an epoll_wait, or fds of a poll: */
	unsigned events, more; /* more: than fit */
};

struct scan_trace {
	unsigned calls;
	struct scan_traced call[SCAN_TRACE_CALLS];
};

/* The next calls that a thread makes, as long as it does not sleep. False: errno. */
bool scan_trace(const struct scan_process *p, int tid, struct scan_trace *ret);
/* Has threads that wait in a call make it again, without a signal: how many were. */
size_t scan_restart(const int *tid, size_t n);

/* ---- scan_fix.c, scan_under.c ---- */

enum scan_cured { SCAN_CURED, SCAN_CURED_BEFORE, SCAN_CURE_OTHER, SCAN_CURE_STATE, SCAN_CURE_QUEUE, SCAN_CURE_USED, SCAN_CURE_SHARED, SCAN_CURE_UNREAD, SCAN_CURE_SIGPIPE, SCAN_CURE_REFUSED, SCAN_CURES };
const char *scan_cure_why(enum scan_cured c);
enum scan_cured scan_end_connection(struct scan_process *p, const struct scan_fd *f, bool keepalive);
enum scan_cured scan_unblock(struct scan_process *p, const struct scan_fd *f);
/* A registration whose file this copy is: taken out, or told of changes alone from now on. False: errno. Closes the copies. */
bool scan_unregister(int epoll, int file, int number);
bool scan_register_edge(int epoll, int file, int number, uint32_t events, uint64_t data);
/* Takes what an error queue and SO_ERROR hold. True: there is no error to be told of any more. */
bool scan_take_errors(int fd);

/* ---- scan_say.c ---- */

struct scan_said;
struct scan_out {
	FILE *f;
	bool json;
	uint64_t found, cured; /* warnings and errors */
	uint64_t unseen;       /* sentences about what could not be seen */
	struct scan_said *said;
	size_t saids, said_room;
	bool is_wrong; /* it could not be written */
};

void scan_say(struct scan_out *o, const struct scan_process *p, const struct fdg_finding *f);
/* What could not be seen or done, on standard error; once. */
void scan_problem(struct scan_out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line that is no finding; text alone. */
void scan_note(struct scan_out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- scan_look.c ---- */

struct scan_options {
	bool all, fix, json, is_cure_set, is_level_set;
	int64_t every_ms; /* 0: once */
	const char *log;
	int *pid;
	size_t pids;
};

#define SCAN_ROUNDS 8
struct scan_growth {
	int pid;
	uint64_t start, told;
	unsigned rounds; /* in `count` */
	uint64_t count[SCAN_ROUNDS], at[SCAN_ROUNDS];
};

/* One round over one process, and what is known for all of them. */
struct scan {
	const struct scan_options *o;
	struct scan_out *out;
	struct scan_process *p;
	struct scan_sockets *sockets; /* NULL: it has none */
	struct scan_holders holders;
	bool has_holders;
	struct scan_sockets *namespaces;
	size_t namespace_count, namespace_room;
	struct scan_growth *growth;
	size_t growths, growth_room;
	struct pool pool; /* until the process is looked at */
	uint64_t looked, fds, refused, partly; /* processes, descriptors; others' processes; those of which not all could be seen */
	bool is_again; /* not the first round */
};

const struct scan_holders *scan_holders_of(struct scan *s);
/* One process. False: there is none. */
bool scan_one(struct scan *s, int pid);
bool scan_all(struct scan *s);
void scan_round_ends(struct scan *s);
void scan_free(struct scan *s);

void scan_closewait(struct scan *s);
void scan_blocking(struct scan *s);
void scan_stale(struct scan *s);
void scan_spins(struct scan *s);
void scan_select(struct scan *s);
void scan_cloexec(struct scan *s);
void scan_listeners(struct scan *s);
void scan_grows(struct scan *s);

/* A registration of a file that has not this number any more; and whose fault that is. */
bool scan_is_stale(struct scan *s, const struct scan_interest *i);
/* Who has the file of a stale registration: a copy of it, or -1. Says where in `b`. */
int scan_fetch_keeper(struct scan *s, const struct scan_interest *i, struct fdg_buf *b);
int scan_fetch_epoll(struct scan *s, int epfd);

#endif
