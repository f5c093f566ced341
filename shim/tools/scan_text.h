/* SPDX-License-Identifier: MIT */
/* What files of /proc/PID say, without I/O. Nothing in a text is believed: what is not as it should be is not there. */
#ifndef FDG_TOOLS_SCAN_TEXT_H
#define FDG_TOOLS_SCAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* fd/N, a link: "socket:[123]", "pipe:[123]", "anon_inode:[eventpoll]", "/etc/passwd" */
enum scan_kind { SCAN_OTHER, SCAN_FILE, SCAN_PIPE, SCAN_SOCKET, SCAN_EPOLL, SCAN_EVENT, SCAN_TIMER, SCAN_KINDS };
enum scan_kind scan_kind_of(const char *link, uint64_t *ret_ino); /* ino: of sockets and pipes; else 0 */
const char *scan_kind_words(enum scan_kind k, uint64_t count); /* "sockets" */

/* fdinfo/N: flags as F_GETFL has them, and O_CLOEXEC; ino 0: an old kernel does not say. */
struct scan_fdinfo {
	int flags;
	uint64_t ino;
};
bool scan_read_fdinfo(const char *text, struct scan_fdinfo *ret);

struct scan_status {
	int pid, parent, tracer;
	unsigned uid;
	uint64_t ignored, caught; /* signals, a bit each: SIGPIPE is 1 << 12 */
};
bool scan_read_status(const char *text, struct scan_status *ret);

/* task/T/syscall: "0 0x5 0x7ffc… 0x400 0x0 0x0 0x0 0x7ffc… 0x7f12…"; false: "running", or nothing that can be read. */
struct scan_call {
	long nr;
	uint64_t arg[6], sp, pc;
};
bool scan_read_call(const char *text, struct scan_call *ret);

/* task/T/schedstat: nanoseconds that it ran, and that it was ready to. */
bool scan_read_schedstat(const char *text, uint64_t *ret_busy);
/* task/T/status: how often it slept. */
bool scan_read_sleeps(const char *text, uint64_t *ret_sleeps);
/* stat: when it began, in ticks since the machine did. */
bool scan_read_start(const char *text, uint64_t *ret_start);

/* A line of net/tcp or net/tcp6. */
struct scan_tcp {
	struct sockaddr_storage local, peer;
	unsigned state, sending, waiting; /* bytes; of a listener `waiting` is its queue */
	uint64_t ino;
};
bool scan_read_tcp(const char *line, bool six, struct scan_tcp *ret);

/* Is this number named in a command line, whose words end in NUL? "--fd=3", "/dev/fd/3", "3", "-f3"; not "python3", "3.5". */
bool scan_names_number(const char *text, size_t n, int number);

#endif
