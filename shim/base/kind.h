/* SPDX-License-Identifier: MIT */
/*
 * Kinds of descriptors. A kind word is what the ledger keeps of a descriptor's nature: the kind, and for a
 * socket its domain and type.
 */
#ifndef FDG_BASE_KIND_H
#define FDG_BASE_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(constant, singular, plural, bit in cloexec.kinds) */
#define FDG_KINDS(X) \
	X(UNKNOWN, "descriptor", "descriptors", FDG_KIND_OTHER_BIT) \
	X(FILE, "file", "files", FDG_KIND_FILE_BIT) \
	X(DIR, "directory", "directories", FDG_KIND_FILE_BIT) \
	X(DEVICE, "device", "devices", FDG_KIND_FILE_BIT) \
	X(TTY, "terminal", "terminals", FDG_KIND_PTY_BIT) \
	X(PIPE, "pipe", "pipes", FDG_KIND_PIPE_BIT) \
	X(SOCKET, "socket", "sockets", FDG_KIND_SOCKET_BIT) \
	X(EPOLL, "epoll", "epolls", FDG_KIND_EPOLL_BIT) \
	X(EVENT, "eventfd", "eventfds", FDG_KIND_EVENT_BIT) \
	X(TIMER, "timerfd", "timerfds", FDG_KIND_TIMER_BIT) \
	X(SIGNAL, "signalfd", "signalfds", FDG_KIND_SIGNAL_BIT) \
	X(INOTIFY, "inotify", "inotifies", FDG_KIND_INOTIFY_BIT) \
	X(FANOTIFY, "fanotify", "fanotifies", FDG_KIND_INOTIFY_BIT) \
	X(MEMFD, "memfd", "memfds", FDG_KIND_MEMFD_BIT) \
	X(PIDFD, "pidfd", "pidfds", FDG_KIND_OTHER_BIT) \
	X(MQUEUE, "message queue", "message queues", FDG_KIND_FILE_BIT) \
	X(MOUNT, "mount descriptor", "mount descriptors", FDG_KIND_OTHER_BIT)

enum fdg_kind {
#define X(c, s, p, b) FDG_KIND_##c,
	FDG_KINDS(X)
#undef X
	FDG_KIND_COUNT
};

/* The words of cloexec.kinds and cloexec.allow; X(constant, word) */
#define FDG_KIND_WORDS(X) \
	X(SOCKET, "socket") X(EPOLL, "epoll") X(EVENT, "event") X(TIMER, "timer") X(SIGNAL, "signal") \
	X(INOTIFY, "inotify") X(FILE, "file") X(PIPE, "pipe") X(MEMFD, "memfd") X(PTY, "pty") X(OTHER, "other")

enum {
#define X(c, w) FDG_KIND_##c##_SHIFT,
	FDG_KIND_WORDS(X)
#undef X
#define X(c, w) FDG_KIND_##c##_BIT = 1 << FDG_KIND_##c##_SHIFT,
	FDG_KIND_WORDS(X)
#undef X
	FDG_KIND_ALL_BITS = (1 << (FDG_KIND_OTHER_SHIFT + 1)) - 1
};

/* kind | domain << 8 | type << 16; domain and type are socket(2)'s first two arguments without flags, else 0. */
typedef uint32_t fdg_kindword;

static inline fdg_kindword fdg_kindword_of(enum fdg_kind kind, int domain, int type)
{
	return (uint32_t)kind | ((uint32_t)domain & 0xff) << 8 | ((uint32_t)type & 0xf) << 16;
}

static inline enum fdg_kind fdg_kindword_kind(fdg_kindword w)
{
	return (enum fdg_kind)(w & 0xff) < FDG_KIND_COUNT ? (enum fdg_kind)(w & 0xff) : FDG_KIND_UNKNOWN;
}

/* The bit of cloexec.kinds that this kind belongs to. */
unsigned fdg_kind_bit(enum fdg_kind kind);
/* "1 TCP socket", "1,100 UDP sockets", "2 pipes": with the number in front. Async-signal-safe. */
struct fdg_buf;
void fdg_put_kind(struct fdg_buf *b, fdg_kindword w, uint64_t count);
/* Asks the kernel what fd is (fstat, and for sockets SO_DOMAIN and SO_TYPE, for others /proc/self/fd). -EBADF and such if it is
 * nothing. Two to four system calls; async-signal-safe. */
int fdg_kind_ask(int fd, fdg_kindword *ret_kind);
/* True when a descriptor that the ledger has as `known` can be the one that the kernel says is `seen`. */
bool fdg_kind_agrees(fdg_kindword known, fdg_kindword seen);

#endif
